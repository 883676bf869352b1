// Runs one scenario. Each contestant has its own process. All are compared and warmed up, and then measured
// in alternating rounds.
import { binaryOf } from "../../scripts/runtimes/binaries.mjs"
import { cores, start, startContestant } from "./child.mjs"
import { compare } from "./compare.mjs"
import { measure, warmUp } from "./measure.mjs"
import { spread } from "./statistics.mjs"

// A sample counts only if the server was the bottleneck: its core was fully used, and that of the load was
// not.
const saturated = 0.95
const counts = (sample) => sample.serverBusy >= saturated && sample.loadBusy < saturated

// If the load is the bottleneck for both servers, they do the same work in the same time, so their CPU times
// can be compared.
const samePace = 0.1
const atPace = (sample, other) =>
  sample.loadBusy >= saturated &&
  other.loadBusy >= saturated &&
  Math.abs(sample.requestsPerSecond / other.requestsPerSecond - 1) <= samePace

// Another program on the measured core makes a sample invalid, so measure again, at most this many times.
const attempts = 3
const measureCounting = async (paced, ...args) => {
  for (let attempt = 1; ; attempt++) {
    const sample = await measure(...args)
    if (counts(sample) || (paced && sample.loadBusy >= saturated) || attempt === attempts) return sample
  }
}

const rotate = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]

const summary = (samples, baseline, paced) => {
  // A round counts if both of its samples count. If no round counts, the ratio is shown and marked as
  // invalid.
  const both = samples.map(
    (sample, round) =>
      (counts(sample) && counts(baseline[round])) || (paced && atPace(sample, baseline[round]))
  )
  const shown = both.includes(true) ? (_, round) => both[round] : () => true
  const of = (key) => spread(samples.map((sample) => sample[key]).filter(shown))
  return {
    // Compare the samples of the same round, so that a slow minute of the machine affects both.
    ratio: spread(
      samples.map((sample, round) => baseline[round].cpuPerRequest / sample.cpuPerRequest).filter(shown)
    ),
    cpuPerRequest: of("cpuPerRequest"),
    requestsPerSecond: of("requestsPerSecond"),
    serverBusy: of("serverBusy"),
    loadBusy: of("loadBusy"),
    countingRounds: both.filter((counted) => counted).length,
    rounds: samples.length
  }
}

/**
 * Measures the contestants. Returns a row per contestant. `ratio` is the baseline's CPU time per request
 * divided by the contestant's (more is better).
 */
export const runScenario = async (scenario, { wants, rounds, seconds, warmup }, progress) => {
  const { path: binary, why } = scenario.runtime === undefined ? {} : binaryOf(scenario.runtime)
  if (why !== undefined) throw new Error(why)
  const wanted = Object.entries(scenario.contestants).filter(
    ([name]) => name === scenario.baseline || wants(scenario.name, name)
  )
  const contestants = wanted.map(([name, script]) => ({
    name,
    server: startContestant("./serve.mjs", binary === undefined ? script : { script, binary }, cores.server),
    samples: []
  }))
  const load = start("./load.mjs", [], cores.load)
  try {
    for (const contestant of contestants) contestant.port = await contestant.server.ask("port")
    const { connections, load: kind = {}, paced = false, request } = scenario
    const ports = contestants.map(({ name, port }) => [name, port])
    // Endless responses and other protocols cannot be compared here. The load generator checks what it
    // counts.
    const differences = kind.kind === undefined ? await compare(request, ports, kind.secure) : undefined
    const job = ({ port }, duration) => ({ ...kind, port, request, connections, seconds: duration })
    for (const contestant of contestants) {
      progress(`${scenario.name}: warming up ${contestant.name}`)
      await warmUp(load, job(contestant, warmup))
    }
    for (let round = 0; round < rounds; round++) {
      for (const contestant of rotate(contestants, round)) {
        progress(`${scenario.name}: round ${round + 1} of ${rounds}, ${contestant.name}`)
        contestant.samples.push(
          await measureCounting(paced, contestant.server, load, job(contestant, seconds))
        )
      }
    }
    const baseline = contestants.find(({ name }) => name === scenario.baseline).samples
    const rows = contestants.map(({ name, samples }) => ({ name, ...summary(samples, baseline, paced) }))
    return { name: scenario.name, title: scenario.title, baseline: scenario.baseline, differences, rows }
  } finally {
    for (const { server } of contestants) server.stop()
    load.stop()
  }
}
