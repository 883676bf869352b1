/**
 * The long run of the client as a command: `npm run soak -- --requests 1000000 --seed 1`.
 *
 * Each round sends requests to a server that at random replies, closes, resets, delays, stops within a
 * response, or sends garbage. A round is a simulation, so it cannot hang, and its seed repeats it. After a
 * round no connection, request or timer may be left. Every failure must be a class of `HttpError`, and every
 * response must belong to its request.
 */
import { soak, type Outcome } from "./soaking.js"
import * as Effect from "effect/Effect"

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}

const perRound = 10_000
const total = option("requests", 1_000_000)
const firstSeed = option("seed", 1)

const counts = new Map<string, number>()
const closings = new Map<string, number>()
const add = (into: Map<string, number>, from: ReadonlyMap<string, number>): void => {
  for (const [name, count] of from) into.set(name, (into.get(name) ?? 0) + count)
}

const heap = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1_048_576
}

const print = (title: string, counts: ReadonlyMap<string, number>): void => {
  console.log(title)
  for (const [name, count] of [...counts].sort((a, b) => b[1] - a[1]))
    console.log(`  ${String(count).padStart(9)}  ${name}`)
}

let done = 0
let connections = 0
let settledHeap: number | undefined
for (let seed = firstSeed; done < total; seed++) {
  const requests = Math.min(perRound, total - done)
  let outcome: Outcome
  try {
    outcome = await Effect.runPromise(soak({ seed, requests }))
  } catch (error) {
    console.error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }
  add(counts, outcome.exits)
  add(closings, outcome.closings)
  connections += outcome.connections
  done += requests
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${done} of ${total}`)
  // The first rounds fill caches and compile code.
  if (seed === firstSeed + 2) settledHeap = heap()
}
if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K")

console.log(
  `${done} requests, seeds from ${firstSeed}, ${connections} connections; nothing left, nothing mixed up.`
)
print("ended with", counts)
print("connections closed because", closings)
if (settledHeap !== undefined && globalThis.gc !== undefined) {
  const grown = heap() - settledHeap
  console.log(
    `heap: ${settledHeap.toFixed(1)} MiB after three rounds, ${grown.toFixed(1)} MiB more at the end`
  )
  if (grown > 16) {
    console.error("the heap has grown")
    process.exitCode = 1
  }
}
