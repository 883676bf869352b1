/**
 * `@effect/cluster` on our layers (examples/cluster-entities): two processes share counters. After one is
 * killed, its counters continue in the other. The test polls for each step, because the duration depends on
 * the machine.
 */
import { createServer } from "node:net"
import { join } from "node:path"
import { assert, it } from "vitest"
import { program, root, temporaryFolder } from "./support.js"

const names = Array.from({ length: 12 }, (_, index) => `c${index}`)

// The port must be known before the process listens on it, because the other process gets it too.
const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

interface Counted {
  readonly count: number
  readonly process: number
}

/** Asks a counter. Retries if its process has just died or its shard is not assigned yet. */
const count = async (url: string, name: string): Promise<Counted> => {
  for (;;) {
    const response = await fetch(`${url}/counters/${name}`, { signal: AbortSignal.timeout(300_000) })
    if (response.status === 200) return (await response.json()) as Counted
    await response.body?.cancel()
  }
}
const countAll = async (url: string) => {
  const all = new Map<string, Counted>()
  await Promise.all(names.map(async (name) => all.set(name, await count(url, name))))
  return all
}

it("counters of a killed process move to the other process", async () => {
  const file = join(temporaryFolder(), "counters.db")
  const start = async () => {
    const port = await freePort()
    const runner = program(["examples/dist/cluster-entities/main.js"], root, {
      PORT: String(port),
      DATABASE: file
    })
    const [, url = ""] = await runner.prints(/Count at (http:\/\/127\.0\.0\.1:\d+)\/counters\/NAME/)
    return { runner, url }
  }
  const [first, second] = await Promise.all([start(), start()])

  // Wait until both processes have counters and no counter moves. Then both processes continue the same
  // counts.
  let seen: Map<string, Counted>
  let before: Map<string, Counted>
  const isSettled = () =>
    new Set([...seen.values()].map(({ process }) => process)).size === 2 &&
    names.every((name) => before.get(name)!.count > seen.get(name)!.count)
  do {
    seen = await countAll(first.url)
    before = await countAll(second.url)
  } while (!isSettled())

  await second.runner.stop("SIGKILL")
  const after = await countAll(first.url)
  const [alive, ...others] = new Set([...after.values()].map(({ process }) => process))
  assert.isEmpty(others)
  for (const name of names) {
    const [then, now] = [before.get(name)!, after.get(name)!]
    // Counters of the surviving process continue. Counters that moved start again.
    if (then.process === alive) assert.isAbove(now.count, then.count)
    else assert.isBelow(now.count, then.count)
  }
})
