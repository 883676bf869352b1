// Compares the CPU time per exchange of one program (server and client in one process) on the network in
// memory and on the loopback interface. The network in memory must not cost more than sockets, so that tests
// need no mocks.
//
// `node benchmarks/networks.mjs` runs only this comparison (after `npm run build`). `npm run bench` runs all
// comparisons.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Client from "@httpfx/core/Client"
import * as Server from "@httpfx/core/Server"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import { fileURLToPath } from "node:url"
import { table } from "./lib/report.mjs"
import { spread } from "./lib/statistics.mjs"

const connections = 50
const text = "Hello, World!"
const app = Effect.sync(() => HttpServerResponse.text(text))

const networks = { loopback: NodeNetwork.layer, memory: MemoryNetwork.layer() }

/**
 * Starts a server and a client on a network. Returns a function that makes exchanges, with a given number of
 * them at a time, each on its own connection.
 */
const start = async (network) => {
  const runtime = ManagedRuntime.make(
    Layer.merge(Client.layer, HttpServer.serve(app)).pipe(
      Layer.provideMerge(Server.layer({ port: 0, host: "127.0.0.1" })),
      Layer.provide(network)
    )
  )
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  const url = `http://127.0.0.1:${address.port}/`
  const one = Effect.flatMap(Client.request({ url }), (response) => response.text)
  const check = Effect.map(one, (got) => {
    if (got !== text) throw new Error(`answered ${got}`)
  })
  await runtime.runPromise(check)
  const run = (each) =>
    runtime.runPromise(
      Effect.all(
        Array.from({ length: connections }, () => Effect.repeatN(one, each - 1)),
        { concurrency: "unbounded", discard: true }
      )
    )
  return { run, stop: () => runtime.dispose() }
}

/** Measures the CPU time per exchange, in microseconds, over about `milliseconds`. */
const measure = async (run, milliseconds) => {
  let count = 0
  const before = process.cpuUsage()
  const end = performance.now() + milliseconds
  do {
    await run(20)
    count += 20 * connections
  } while (performance.now() < end)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

/**
 * Measures both networks in alternation. Returns the microseconds per exchange, and the ratio of loopback to
 * memory (more is better).
 */
export const runNetworkRow = async ({ rounds = 5, milliseconds = 2000, warmup = 3000 } = {}) => {
  const running = {}
  for (const [name, network] of Object.entries(networks)) running[name] = await start(network)
  const samples = { loopback: [], memory: [] }
  for (const { run } of Object.values(running)) await measure(run, warmup)
  for (let round = 0; round < rounds; round++) {
    const names = round % 2 === 0 ? ["loopback", "memory"] : ["memory", "loopback"]
    for (const name of names) samples[name].push(await measure(running[name].run, milliseconds))
  }
  for (const { stop } of Object.values(running)) await stop()
  return {
    name: "hello, server and client in one process",
    loopback: spread(samples.loopback),
    memory: spread(samples.memory),
    ratio: spread(samples.loopback.map((loopback, round) => loopback / samples.memory[round]))
  }
}

const range = ({ max, median, min }, digits) =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`

export const networkTable = (row) =>
  `## Networks: CPU time of one exchange, ${connections} at a time on connections that are kept\n\n` +
  table(
    ["program", "loopback, us", "memory, us", "speed of memory, loopback = 1"],
    [[row.name, range(row.loopback, 1), range(row.memory, 1), range(row.ratio, 2)]]
  ) +
  "\n"

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(networkTable(await runNetworkRow()))
