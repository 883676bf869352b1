/** Fake timers of the test runner affect neither the network in memory nor limits in real time. */
import { assert, afterEach, beforeEach, expect, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as PlatformTimers from "@httpfx/core/PlatformTimers"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as RawPeer from "@httpfx/testing/RawPeer"
import * as VirtualClock from "@httpfx/testing/VirtualClock"

beforeEach(() => {
  vi.useFakeTimers({
    toFake: [
      ...(["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "queueMicrotask"] as const),
      ...(["Date", "performance"] as const)
    ]
  })
})
afterEach(() => {
  vi.useRealTimers()
})

const both = (options: RawPeer.Options) =>
  Effect.gen(function* () {
    const listening = yield* RawPeer.listen({ port: 0, name: "server", ...options })
    const client = yield* RawPeer.connect(listening.address, { name: "client", ...options })
    return { client, server: yield* listening.accept }
  })

it("peers exchange bytes", () =>
  Effect.gen(function* () {
    const { client, server } = yield* both({})
    yield* client.send("to the server")
    yield* server.expect("to the server")
    yield* server.send("to the client")
    yield* server.end
    yield* client.expect("to the client")
    yield* client.expectFin
    expect(vi.getTimerCount()).toBe(0)
  }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()), Effect.runPromise))

it("a peer's patience is measured in real time", () =>
  Effect.gen(function* () {
    const { client, server } = yield* both({ patience: "20 millis" })
    yield* client.send("something else")
    const failure = yield* Effect.flip(Effect.zipRight(server.take(14), server.take(1)))
    assert.strictEqual(failure.reason, "silent")
    expect(vi.getTimerCount()).toBe(0)
  }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()), Effect.runPromise))

it("turns that fake timers never ran do not count as pending afterwards", async () => {
  let calls = 0
  PlatformTimers.turn(() => calls++)
  expect(PlatformTimers.pendingTurns()).toBe(1)
  vi.useRealTimers()
  expect(PlatformTimers.pendingTurns()).toBe(0)
  await Effect.runPromise(VirtualClock.settle)
  PlatformTimers.turn(() => calls++)
  expect(PlatformTimers.pendingTurns()).toBe(1)
  await Effect.runPromise(VirtualClock.settle)
  expect(calls).toBe(1)
})

it("real turns count as pending while timers are fake", () => {
  vi.useRealTimers()
  PlatformTimers.turn(() => {})
  vi.useFakeTimers({ toFake: ["setImmediate", "clearImmediate"] })
  expect(PlatformTimers.pendingTurns()).toBe(1)
  PlatformTimers.turn(() => {})
  expect(PlatformTimers.pendingTurns()).toBe(2)
  vi.runAllTimers()
  expect(PlatformTimers.pendingTurns()).toBe(1)
})
