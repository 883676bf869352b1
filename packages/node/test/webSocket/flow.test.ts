// A WebSocket whose peer does not read, or sends faster than handlers complete: buffers stay bounded, the
// cost per message is constant, and no message is lost. In memory and on real sockets, with and without TLS.
import * as PlatformSocket from "@effect/platform/Socket"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Network } from "@httpfx/core"
import { NodeHttpServer, type NodeWebSocket } from "@httpfx/node"
import { VirtualClock } from "@httpfx/testing"
import type { EventEmitter } from "node:events"
import {
  close,
  closeOf,
  binary,
  opened,
  ping,
  places,
  serving,
  text,
  webSocket
} from "../support/webSocketPeers.js"

/** Returns the number of listeners on a `ws` socket and on the stream below it. */
const listenersOf = (socket: unknown): number => {
  const { _socket: stream } = socket as { _socket: EventEmitter }
  return [socket as EventEmitter, stream].reduce(
    (sum, emitter) => sum + emitter.eventNames().reduce((all, name) => all + emitter.listenerCount(name), 0),
    0
  )
}

interface Seen {
  handled: number
  /** Number of writes whose effect has not completed. */
  waiting: number
  most: number
  readonly listeners: Set<number>
}

const counting = () => {
  const seen: Seen = { handled: 0, waiting: 0, most: 0, listeners: new Set() }
  const echo = webSocket((socket) =>
    Effect.gen(function* () {
      const write = yield* socket.writer
      yield* socket.runRaw((message) => {
        seen.handled++
        return Effect.gen(function* () {
          seen.most = Math.max(seen.most, ++seen.waiting)
          seen.listeners.add(listenersOf(yield* PlatformSocket.WebSocket))
          yield* write(message)
          seen.waiting--
        })
      })
    })
  )
  return { seen, echo }
}

const on = <A, E>(
  place: (typeof places)["memory"],
  test: Effect.Effect<A, E, Scope.Scope | Network.Network>
): Effect.Effect<A, E> => Effect.scoped(test).pipe(Effect.provide(place.network)) as Effect.Effect<A, E>

describe.each(Object.entries(places))("A WebSocket on %s", (name, place) => {
  const inMemory = name.startsWith("memory")
  it.live("pauses reading while its echoes are not read, and loses none of them", () => {
    const { echo, seen } = counting()
    // On real sockets, the kernel buffers up to 6 MiB in each direction.
    const [count, size, bound] = inMemory ? [4000, 120, 2600] : [300, 60_000, 250]
    const message = new Uint8Array(size).fill(97)
    return on(
      place,
      Effect.gen(function* () {
        const { server } = yield* serving(echo, place, { gracefulShutdownTimeout: 0 })
        const peer = yield* opened(server, place)
        yield* peer.pause
        const many = Buffer.concat(Array<Uint8Array>(count / 10).fill(binary(message)))
        const sending = yield* Effect.fork(
          Effect.repeatN(
            Effect.suspend(() => peer.send(many)),
            9
          )
        )
        // Wait until the WebSocket is stalled: no message was handled for some turns of the event loop.
        let before = -1
        while (seen.handled !== before) {
          before = seen.handled
          for (let turn = 0; turn < 20; turn++) yield* VirtualClock.settle
        }
        expect(seen.handled).toBeGreaterThan(0)
        expect(seen.handled).toBeLessThan(bound)
        expect(seen.most).toBeLessThan(300)
        if (inMemory) {
          yield* peer.resume
          for (let messages = 0; messages < count; messages += 100) yield* peer.take(100 * (2 + size))
          yield* sending.await
          expect(seen.handled).toBe(count)
          // Yield, because a completed write may first wait for a turn of the event loop.
          yield* VirtualClock.settle
          expect(seen.waiting).toBe(0)
        }
        // Waiting writes add no listeners, so all counts are equal.
        expect(seen.listeners.size).toBe(1)
      })
    )
  })
})

const { memory } = places
const gathered = (
  handle: (message: string | Uint8Array) => Effect.Effect<unknown> | void,
  options?: NodeWebSocket.Options
) =>
  serving(
    webSocket((socket) => socket.runRaw(handle as () => void)),
    memory,
    { gracefulShutdownTimeout: 0 },
    options
  )

describe("A WebSocket", () => {
  it.live("sends a pong only for the last of many pings while the peer does not read", () =>
    on(
      memory,
      Effect.gen(function* () {
        const { server } = yield* gathered(() => {})
        const peer = yield* opened(server, memory)
        yield* peer.pause
        const pings = (from: number) =>
          Buffer.concat(Array.from({ length: 100 }, (_, at) => ping(`${from + at}`.padStart(100, "0"))))
        yield* Effect.fork(
          Effect.forEach(
            Array.from({ length: 30 }, (_, at) => at * 100),
            (from) => peer.send(pings(from))
          )
        )
        for (let turn = 0; turn < 20; turn++) yield* VirtualClock.settle
        yield* peer.resume
        yield* peer.until("2999")
        expect(peer.received().split("\x8a\x64").length - 1).toBeLessThan(3000)
        yield* peer.send(close(1000))
        yield* peer.expect(closeOf(1000))
      })
    )
  )

  it.live(
    "pauses reading while very many handlers run, or some with large messages, but lets a few with large messages run",
    () =>
      on(
        memory,
        Effect.gen(function* () {
          for (const [size, count, most] of [
            [10, 3000, 1024],
            [10_000, 100, 16],
            [100_000, 10, 10]
          ] as const) {
            let handled = 0
            const { server } = yield* gathered(() => (handled++, Effect.never))
            const peer = yield* opened(server, memory)
            yield* Effect.fork(
              Effect.repeatN(
                Effect.suspend(() => peer.send(text("x".repeat(size)))),
                count - 1
              )
            )
            for (let turn = 0; turn < 60; turn++) yield* VirtualClock.settle
            expect(handled).toBe(most)
          }
        })
      )
  )

  it.live("yields to the event loop however many messages have arrived", () =>
    on(
      memory,
      Effect.gen(function* () {
        let inTurn = 0
        let most = 0
        const { server } = yield* gathered(() => {
          if (inTurn++ === 0) setImmediate(() => (inTurn = 0))
          most = Math.max(most, inTurn)
        })
        const peer = yield* opened(server, memory)
        yield* peer.send(
          Buffer.concat(Array<Uint8Array>(5000).fill(text("a"))),
          text("the last"),
          close(1000)
        )
        yield* peer.expect(closeOf(1000))
        expect(most).toBeGreaterThan(1)
        expect(most).toBeLessThanOrEqual(512)
      })
    )
  )

  it.live("transfers megabytes in both directions at once if the client reads", () =>
    on(
      memory,
      Effect.gen(function* () {
        const { echo } = counting()
        const { server } = yield* serving(echo, memory, { gracefulShutdownTimeout: 0 })
        const peer = yield* opened(server, memory)
        const message = binary(new Uint8Array(50_000))
        yield* Effect.fork(
          Effect.repeatN(
            Effect.suspend(() => peer.send(message)),
            99
          )
        )
        yield* peer.take(100 * 50_004)
      })
    )
  )

  const wrong: ReadonlyArray<readonly [string, unknown]> = [
    ["maxPayload", -1],
    ["maxPayload", "1MB"],
    ["perMessageDeflate", "yes"],
    ["perMessageDeflate.threshold", -1],
    ["perMessageDeflate.serverMaxWindowBits", 16],
    ["perMessageDeflate.level", 10],
    ["perMessageDeflate.windows", 1],
    ["skipUTF8Validation", 1],
    ["selectProtocol", "chat"],
    ["closeCodeIsError", [1000]],
    ["closeTimeout", -1],
    ["closeTimeout", Infinity],
    ["clientTracking", true]
  ]
  it.live.each(wrong)("refuses the option %s: %s", ([name, value]) =>
    Effect.gen(function* () {
      const [option, inner] = name.split(".") as [string, string | undefined]
      const webSocket = {
        [option]: inner === undefined ? value : { [inner]: value }
      } as NodeWebSocket.Options
      const layer = NodeHttpServer.layer({ port: 0, host: "127.0.0.1", webSocket })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      expect(error).toMatchObject({
        _tag: "ServeError",
        cause: { _tag: "InvalidOption", option: `webSocket.${name}` }
      })
    })
  )

  it.live("accepts the options that ws has", () =>
    on(
      memory,
      Effect.gen(function* () {
        const { server } = yield* gathered(() => {}, { maxPayload: 10, perMessageDeflate: { threshold: 1 } })
        const small = yield* opened(server, memory)
        yield* small.send(text("12345678901"))
        yield* small.expect(closeOf(1009))

        const invalid = yield* opened(server, memory)
        yield* invalid.send("\x81\x81\0\0\0\0\xff")
        yield* invalid.expect(closeOf(1007))
        const lax = yield* gathered(() => {}, { skipUTF8Validation: true })
        const taken = yield* opened(lax.server, memory)
        yield* taken.send("\x81\x81\0\0\0\0\xff", close(1000))
        yield* taken.expect(closeOf(1000))
      })
    )
  )
})
