// A scenario of tail latencies at half the rate of the slowest contestant. Measured without further traffic,
// and with a slow download and an upload at the same time.
import { cores, start, startContestant } from "./child.mjs"
import { measure, warmUp } from "./measure.mjs"
import { median, spread } from "./statistics.mjs"

const situations = { alone: false, "with a slow reader and an upload": true }
const keys = ["p50", "p99", "p999", "answered"]

const rotate = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]

/**
 * Returns the request rate for all contestants, in requests per second. It is half of the rate that the
 * slowest contestant reaches.
 */
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
        // A missing response counts as infinite latency.
        const of = (key) => spread(all.map((sample) => sample[key] ?? Infinity))
        return {
          name: `${name}, ${situation}`,
          ...Object.fromEntries(keys.map((key) => [key, of(key)])),
          // The latencies of a contestant count only if it completes nearly all requests in time.
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
