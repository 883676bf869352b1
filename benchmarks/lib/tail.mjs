// A scenario of tail latencies: at half the rate of the slowest contestant, and the same with a slow reader
// and an upload on the server.
import { cores, start, startContestant } from "./child.mjs"
import { measure, warmUp } from "./measure.mjs"
import { median, spread } from "./statistics.mjs"

const situations = { alone: false, "with a slow reader and an upload": true }
const keys = ["p50", "p99", "p999", "answered"]

const rotate = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]

/** The request rate for each of them: half the capacity of the slowest, requests per second. */
const rateFor = async (scenario, contestants, load, { seconds, warmup }, progress) => {
  const { connections, request } = scenario
  const rates = []
  for (const { name, port, server } of contestants) {
    progress(`${scenario.name}: how much ${name} serves`)
    const job = { port, request, connections }
    await warmUp(load, { ...job, seconds: warmup })
    rates.push((await measure(server, load, { ...job, seconds })).requestsPerSecond)
  }
  return Math.min(...rates) / 2
}

export const runTail = async (scenario, options, progress) => {
  const { rounds, seconds, wants } = options
  const contestants = Object.entries(scenario.contestants)
    .filter(([name]) => wants(scenario.name, name))
    .map(([name, script]) => ({ name, server: startContestant("./serve.mjs", script, cores.server) }))
  const load = start("./load.mjs", [], cores.load)
  const openLoad = start("./openLoad.mjs", [], cores.load)
  try {
    for (const contestant of contestants) contestant.port = await contestant.server.ask("port")
    const rate = await rateFor(scenario, contestants, load, options, progress)
    const samples = new Map()
    for (let round = 0; round < rounds; round++) {
      for (const [situation, busy] of Object.entries(situations)) {
        for (const { name, port } of rotate(contestants, round)) {
          progress(`${scenario.name}: round ${round + 1} of ${rounds}, ${name} ${situation}`)
          const { connections, request } = scenario
          const { error, value } = await openLoad.ask({ busy, connections, port, rate, request, seconds })
          if (error !== undefined) throw new Error(`${name}: ${error}`)
          const key = `${name}, ${situation}`
          samples.set(key, [...(samples.get(key) ?? []), value])
        }
      }
    }
    const rows = Object.keys(situations).flatMap((situation) =>
      contestants.map(({ name }) => {
        const all = samples.get(`${name}, ${situation}`)
        // No response, no latency.
        const of = (key) => spread(all.map((sample) => sample[key] ?? Infinity))
        return {
          name: `${name}, ${situation}`,
          ...Object.fromEntries(keys.map((key) => [key, of(key)])),
          // A contestant that does not complete nearly all requests in time has no meaningful latency.
          counts: median(all.map(({ answered }) => answered)) > 0.99
        }
      })
    )
    const title = `${scenario.title}: ${Math.round(rate)} requests a second`
    return { name: scenario.name, title, rate, rows, notDrawn: true }
  } finally {
    for (const { server } of contestants) server.stop()
    load.stop()
    openLoad.stop()
  }
}
