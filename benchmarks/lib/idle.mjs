// A scenario of idle connections: the memory that a server uses for them. Each measurement starts a new
// server and new clients, because a process never returns all of its memory.
import { report } from "node:process"
import { cores, start, startContestant } from "./child.mjs"
import { spread } from "./statistics.mjs"

const mebibyte = 1_048_576

// Number of descriptors for modules, libraries and the IPC channel.
const otherFiles = 64

/** Returns the reason why this many connections are impossible, or undefined if they are possible. */
const tooManyFor = (connections) => {
  // Compare with the hard limit, because Node.js raises the soft limit to the hard limit at startup.
  const allowed = report.getReport().userLimits?.open_files.hard ?? "unlimited"
  const needed = connections + otherFiles
  if (allowed === "unlimited" || Number(allowed) >= needed) return undefined
  return (
    `${connections} connections need ${needed} open files in each process, and ${allowed} are allowed: raise the ` +
    "hard limit (ulimit -Hn), or give a smaller --connections"
  )
}

const order = async (clients, command, input = {}) => {
  const { value, error } = await clients.ask({ command, ...input })
  if (error !== undefined) throw new Error(error)
  return value
}

const measure = async (script, connections) => {
  const server = startContestant("./serve.mjs", script, cores.server)
  const clients = start("./idleClients.mjs", [], cores.load)
  try {
    const port = await server.ask("port")
    // Open one connection first, because it loads the code that all connections share.
    await order(clients, "open", { port, connections: 1 })
    const before = await server.ask("memory")
    await order(clients, "open", { port, connections })
    const resident = await server.ask("memory")
    const closed = await order(clients, "closed")
    if (closed > 0) throw new Error(`${script}: ${closed} of the idle connections were closed`)
    return {
      resident: resident / mebibyte,
      before: before / mebibyte,
      perConnection: (resident - before) / connections
    }
  } finally {
    clients.stop()
    server.stop()
  }
}

/**
 * Measures the contestants. Returns a row per contestant. `ratio` is its resident memory divided by the
 * baseline's (less is better).
 */
export const runIdle = async (scenario, { wants, rounds, connections }, progress) => {
  const title = `${scenario.title}: ${connections} connections, one request on each`
  const notMeasured = tooManyFor(connections)
  if (notMeasured !== undefined) return { name: scenario.name, title, notMeasured }
  const wanted = Object.entries(scenario.contestants).filter(
    ([name]) => name === scenario.baseline || wants(scenario.name, name)
  )
  const samples = new Map(wanted.map(([name]) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, script] of wanted) {
      progress(`${scenario.name}: round ${round + 1} of ${rounds}, ${name}`)
      samples.get(name).push(await measure(script, connections))
    }
  }
  const baseline = samples.get(scenario.baseline)
  return {
    name: scenario.name,
    title,
    less: true,
    baseline: scenario.baseline,
    rows: wanted.map(([name]) => {
      const own = samples.get(name)
      const of = (key) => spread(own.map((sample) => sample[key]))
      return {
        name,
        ratio: spread(own.map(({ resident }, round) => resident / baseline[round].resident)),
        resident: of("resident"),
        before: of("before"),
        perConnection: of("perConnection")
      }
    })
  }
}
