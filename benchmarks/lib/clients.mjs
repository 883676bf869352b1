// A scenario of clients. Each contestant has its own process and sends requests to the same minimal server,
// in alternating rounds.
import { cores, start, startContestant } from "./child.mjs"
import { spread } from "./statistics.mjs"

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))
const busy = (from, to) => to.cpu.user + to.cpu.system - from.cpu.user - from.cpu.system // microseconds
const share = (from, to) => busy(from, to) / ((to.at - from.at) * 1000)

// A sample counts only if the client was the bottleneck: its core was fully used, and that of the server was
// not.
const saturated = 0.95
const counts = (sample) => sample.clientBusy >= saturated && sample.serverBusy < saturated

const order = async (client, command) => {
  const { value, error } = await client.ask(command)
  if (error !== undefined) throw new Error(error)
  return value
}

const measure = async (client, server, seconds) => {
  await order(client, "start")
  await pause(0.3)
  const [from, serverFrom] = await Promise.all([order(client, "mark"), server.ask("usage")])
  await pause(seconds)
  const [to, serverTo] = await Promise.all([order(client, "mark"), server.ask("usage")])
  await order(client, "stop")
  if (to.trouble !== undefined) throw new Error(to.trouble)
  const requests = to.count - from.count
  return {
    cpuPerRequest: busy(from, to) / requests,
    requestsPerSecond: requests / ((to.at - from.at) / 1000),
    clientBusy: share(from, to),
    serverBusy: share(serverFrom, serverTo)
  }
}

const rotate = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]

/**
 * Measures the contestants. Returns rows like those of server scenarios. `ratio` is the baseline's CPU time
 * per request divided by the contestant's.
 */
export const runClients = async (scenario, { wants, rounds, seconds, warmup }, progress) => {
  const wanted = Object.entries(scenario.contestants).filter(
    ([name]) => name === scenario.baseline || wants(scenario.name, name)
  )
  const server = start("../client/answer.mjs", [], cores.load)
  const contestants = []
  try {
    const port = await server.ask("port")
    const url = `http://127.0.0.1:${port}/`
    for (const [name, script] of wanted) {
      const args = [url, String(scenario.connections), scenario.expected]
      const client = startContestant("./drive.mjs", script, cores.server, args)
      contestants.push({ name, client, samples: [] })
    }
    for (const { name, client } of contestants) {
      progress(`${scenario.name}: warming up ${name}`)
      await measure(client, server, warmup)
    }
    for (let round = 0; round < rounds; round++) {
      for (const { name, client, samples } of rotate(contestants, round)) {
        progress(`${scenario.name}: round ${round + 1} of ${rounds}, ${name}`)
        samples.push(await measure(client, server, seconds))
      }
    }
    const baseline = contestants.find(({ name }) => name === scenario.baseline).samples
    const rows = contestants.map(({ name, samples }) => {
      const both = samples.map((sample, round) => counts(sample) && counts(baseline[round]))
      const shown = both.includes(true) ? (_, round) => both[round] : () => true
      const of = (key) => spread(samples.map((sample) => sample[key]).filter(shown))
      return {
        name,
        ratio: spread(
          samples.map((sample, round) => baseline[round].cpuPerRequest / sample.cpuPerRequest).filter(shown)
        ),
        cpuPerRequest: of("cpuPerRequest"),
        requestsPerSecond: of("requestsPerSecond"),
        serverBusy: of("clientBusy"),
        loadBusy: of("serverBusy"),
        countingRounds: both.filter((counted) => counted).length,
        rounds: samples.length
      }
    })
    return { name: scenario.name, title: scenario.title, baseline: scenario.baseline, differences: [], rows }
  } finally {
    for (const { client } of contestants) client.stop()
    server.stop()
  }
}
