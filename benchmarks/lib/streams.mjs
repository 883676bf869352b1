// A scenario of streams: each contestant transfers large bodies in one direction and then in the other, in
// alternating rounds.
import { cores, start, startContestant } from "./child.mjs"
import { spread } from "./statistics.mjs"

const busy = (from, to) => to.cpu.user + to.cpu.system - from.cpu.user - from.cpu.system // microseconds
const share = (from, to) => busy(from, to) / ((to.at - from.at) * 1000)

// A sample counts only if the server was the bottleneck: its core was fully used, and that of the load was
// not.
const saturated = 0.95
const counts = (sample) => sample.serverBusy >= saturated && sample.loadBusy < saturated

const mebibyte = 1_048_576
const ways = ["download", "upload"]

// Number of MiB to transfer before the first measurement.
const warmup = 256

const transfer = async (server, load, order) => {
  const from = await server.ask("usage")
  const reached = (await load.ask(order)) === "reached"
  const base = await server.ask("watch")
  const result = await load.ask("result")
  const to = await server.ask("usage")
  const peak = await server.ask("peak")
  if (!reached) throw new Error(result.error)
  return {
    cpuPerMebibyte: busy(from, to) / order.mebibytes,
    mebibytesPerSecond: order.mebibytes / ((result.to.at - result.from.at) / 1000),
    serverBusy: share(from, to),
    loadBusy: share(result.from, result.to),
    growth: (peak - base) / mebibyte
  }
}

const rotate = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]

const row = (name, samples, baseline) => {
  const of = (key) => spread(samples.map((sample) => sample[key]))
  const against = (key, better) =>
    spread(samples.map((sample, round) => better(sample[key], baseline[round][key])))
  return {
    name,
    ratio: against("cpuPerMebibyte", (own, other) => other / own),
    throughput: against("mebibytesPerSecond", (own, other) => own / other),
    cpuPerMebibyte: of("cpuPerMebibyte"),
    mebibytesPerSecond: of("mebibytesPerSecond"),
    growth: of("growth"),
    serverBusy: of("serverBusy"),
    loadBusy: of("loadBusy"),
    countingRounds: samples.filter((sample, round) => counts(sample) && counts(baseline[round])).length,
    rounds: samples.length
  }
}

/** Measures the contestants. Returns the rows of one table per direction. */
export const runStreams = async (scenario, { wants, rounds, mebibytes }, progress) => {
  const wanted = Object.entries(scenario.contestants).filter(
    ([name]) => name === scenario.baseline || wants(scenario.name, name)
  )
  const contestants = wanted.map(([name, script]) => ({
    name,
    server: startContestant("./serve.mjs", script, cores.server),
    samples: { download: [], upload: [] }
  }))
  const { connections } = scenario
  const load = start("./streamLoad.mjs", [], cores.load)
  try {
    const run = (way, { port, server }, size) =>
      transfer(server, load, { way, port, connections, mebibytes: size })
    for (const contestant of contestants) {
      progress(`${scenario.name}: warming up ${contestant.name}`)
      contestant.port = await contestant.server.ask("port")
      for (const way of ways) await run(way, contestant, Math.min(mebibytes, warmup))
    }
    for (const way of ways) {
      for (let round = 0; round < rounds; round++) {
        for (const contestant of rotate(contestants, round)) {
          progress(`${scenario.name}: ${way}, round ${round + 1} of ${rounds}, ${contestant.name}`)
          contestant.samples[way].push(await run(way, contestant, mebibytes))
        }
      }
    }
    const baseline = contestants.find(({ name }) => name === scenario.baseline).samples
    return ways.map((way) => ({
      name: `${scenario.name}, ${way}`,
      title: `${scenario.name}: ${way} of ${mebibytes} MiB on ${connections} connections`,
      baseline: scenario.baseline,
      rows: contestants.map(({ name, samples }) => row(name, samples[way], baseline[way]))
    }))
  } finally {
    for (const { server } of contestants) server.stop()
    load.stop()
  }
}
