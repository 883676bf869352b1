// A request never uses an idle connection that has expired but whose timer has not fired, or that is no
// longer writable but has not reported its end.
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Client, Network, Timers, type Transport } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { ok, withClient } from "../support/withClient.js"

it.effect.each(["POST", "GET"])("a request goes to a new connection: %s", (method) => {
  const dead = new Set<Transport.Transport>()
  const made: Array<Transport.Transport> = []
  /** Wraps a transport. Once the transport is in `dead`, its writes fail without an event. */
  const mortal = (transport: Transport.Transport): Transport.Transport =>
    new Proxy(transport, {
      get(target, name) {
        if (name === "writable") return target.writable && !dead.has(target)
        if (name === "write" && dead.has(target)) return () => false
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === "function" ? (value.bind(target) as unknown) : value
      }
    })
  const network = Layer.effect(
    Network.Network,
    Effect.map(Network.Network, (network) => ({
      ...network,
      connect: (...to: Parameters<typeof network.connect>) =>
        Effect.map(network.connect(...to), (transport) => {
          made.push(transport)
          return mortal(transport)
        })
    }))
  ).pipe(Layer.provide(MemoryNetwork.layer()))
  return withClient(network)(
    Effect.gen(function* () {
      const { accept, url } = yield* RawPeer.listen()
      const body = method === "POST" ? { body: "x" } : {}
      const call = Effect.flatMap(Client.request({ url, method, ...body }), (answer) => answer.text)
      for (const expected of ["one", "two"]) {
        const fiber = yield* Effect.fork(call)
        const raw = yield* accept
        yield* raw.until(method === "POST" ? "\r\n\r\nx" : "\r\n\r\n")
        yield* raw.send(ok(expected))
        assert.strictEqual(yield* fiber, expected)
        dead.add(made.at(-1)!)
      }
    })
  )
})

it.effect("an expired one serves no request, however late its timer", () => {
  let passed = 0
  const clock = VirtualClock.make()
  const timers = Timers.fromClock(clock)
  // Time passes, but no timer fires, as in a suspended process.
  const late: Timers.Timers = { ...timers, now: () => timers.now() + passed, at: () => () => {} }
  const suspended = Object.create(clock, { [Timers.ClockTimers]: { value: late } }) as typeof clock
  return Effect.withClock(
    withClient(MemoryNetwork.layer(), { idleTimeout: "4 seconds" })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const get = Effect.flatMap(Client.request({ url }), (response) =>
          Effect.map(response.text, (text) => ({ text, reused: response.reused }))
        )
        const first = yield* Effect.fork(get)
        const raw = yield* accept
        for (const [times, millis, reused] of [
          [1, 0, false],
          [2, 3_999, true]
        ] as const) {
          passed += millis
          const fiber = times === 1 ? first : yield* Effect.fork(get)
          yield* raw.head
          yield* raw.send(ok("x"))
          assert.deepStrictEqual(yield* fiber, { text: "x", reused })
        }
        passed += 4_000
        const third = yield* Effect.fork(get)
        const fresh = yield* accept
        yield* fresh.head
        yield* fresh.send(ok("y"))
        assert.deepStrictEqual(yield* third, { text: "y", reused: false })
        assert.strictEqual(raw.state(), "fin")
      })
    ),
    suspended
  )
})
