// Requests interrupted at any step, in any mix, leave the agent's numbers right and no socket behind; what is not
// interrupted gets its own answer. In virtual time: a counterexample is a plan, and its seed repeats it.
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Agent, Client, Network, Timers, type Transport } from "@httpfx/core"
import { MemoryNetwork, Simulation } from "@httpfx/testing"

/** Answers each request after a while: head, then body, then the rest. */
const slow = (sleep: (millis: number, act: () => void) => void) => (transport: Transport.Transport) => {
  let text = ""
  transport.start({
    data: (chunk) => {
      for (const byte of chunk) text += String.fromCharCode(byte)
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const path = text.slice(text.indexOf("/"), text.indexOf(" HTTP/"))
        text = text.slice(end + 4)
        sleep(10, () => transport.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length + 4}\r\n\r\n`))
        sleep(20, () => transport.write("you "))
        sleep(30, () => transport.write(path))
      }
    },
    end: () => transport.end(),
    drain: () => {},
    error: () => {},
    close: () => {}
  })
}

const plan = fc.record({
  seed: fc.nat(),
  maxSockets: fc.integer({ min: 1, max: 3 }),
  maxTotalSockets: fc.integer({ min: 1, max: 4 }),
  requests: fc.array(
    fc.record({
      host: fc.integer({ min: 1, max: 3 }),
      at: fc.nat(60),
      /** Interrupted so long after it began; above 200 never is. */
      after: fc.oneof(fc.nat(60), fc.constant(1_000)),
      alone: fc.boolean()
    }),
    { minLength: 1, maxLength: 12 }
  )
})

interface Plan {
  readonly maxSockets: number
  readonly maxTotalSockets: number
  readonly requests: ReadonlyArray<{ host: number; at: number; after: number; alone: boolean }>
}

const check = ({ maxSockets, maxTotalSockets, requests }: Plan) =>
  Effect.gen(function* () {
    const state = yield* Effect.scoped(
      Effect.gen(function* () {
        const timers = yield* Timers.timers
        const later = (millis: number, act: () => void) => void timers.at(timers.now() + millis, act)
        const urls: Array<string> = []
        for (const host of ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) {
          const listener = yield* Effect.orDie(Network.listen({ port: 80, host }, slow(later)))
          urls.push(`http://${(listener.address as Transport.TcpAddress).hostname}`)
        }
        const agent = yield* Agent.make({ maxSockets, maxTotalSockets, idleTimeout: 1_000 })
        const client = Client.fromAgent(agent)
        const ask = (number: number, { after, alone, at, host }: Plan["requests"][number]) =>
          Effect.gen(function* () {
            yield* Effect.sleep(at)
            const request = { url: `${urls[host - 1]}/${number}`, ...(alone && { agent: false as const }) }
            const fiber = yield* Effect.fork(
              Effect.flatMap(client.request(request), (response) => response.text)
            )
            yield* Effect.fork(Effect.zipRight(Effect.sleep(after), Fiber.interrupt(fiber)))
            const exit = yield* Fiber.await(fiber)
            const now = yield* agent.state
            for (const { open } of now.keys.values()) assert.isAtMost(open, maxSockets)
            if (after > 200 && now.queued > 0) assert.isAbove(now.open + now.connecting, 0)
            if (exit._tag === "Success") assert.strictEqual(exit.value, `you /${number}`)
            else assert.isTrue(Exit.isInterrupted(exit), String(exit))
          })
        yield* Effect.forEach(requests, (request, number) => ask(number, request), {
          concurrency: "unbounded",
          discard: true
        })
        const free = yield* agent.state
        assert.strictEqual(free.queued + free.connecting, 0)
        yield* Effect.sleep("5 seconds")
        const { idle, keys, open, queued } = yield* agent.state
        assert.deepStrictEqual(
          { idle, keys: keys.size, open, queued },
          { idle: 0, keys: 0, open: 0, queued: 0 }
        )
        return agent.state
      })
    )
    assert.deepInclude(yield* state, { open: 0, idle: 0, connecting: 0, queued: 0 })
    assert.deepStrictEqual(yield* MemoryNetwork.connections, [])
  })

describe("Interruption", () => {
  it("at any step of any mix of requests leaves the numbers right and no socket behind", async () => {
    await fc.assert(
      fc.asyncProperty(plan, ({ seed, ...plan }) =>
        Effect.runPromise(
          Simulation.run(
            { seed, report: () => {} },
            Effect.provide(check(plan), MemoryNetwork.layer({ latency: 7 }))
          )
        )
      ),
      { numRuns: 30 }
    )
  })
})
