// A client that is killed at any point leaves no fiber, timer or socket on the server.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import { type Network, Server } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { MemoryNetwork, type RawPeer } from "@httpfx/testing"
import { connect } from "./support/served.js"

const openSockets = Effect.sync(
  () => process.getActiveResourcesInfo().filter((resource) => resource === "TCPSocketWrap").length
)

// A clock in real time that counts the sleeps that have neither ended nor been cancelled.
const countingClock = () => {
  const live = Clock.make()
  let waiting = 0
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => live.unsafeCurrentTimeMillis(),
    unsafeCurrentTimeNanos: () => live.unsafeCurrentTimeNanos(),
    currentTimeMillis: live.currentTimeMillis,
    currentTimeNanos: live.currentTimeNanos,
    sleep: (duration) =>
      Effect.async((resume) => {
        waiting++
        const timer = setTimeout(() => {
          waiting--
          resume(Effect.void)
        }, Duration.toMillis(duration))
        return Effect.sync(() => {
          waiting--
          clearTimeout(timer)
        })
      })
  }
  return { clock, waiting: () => waiting }
}

const networks: ReadonlyArray<readonly [string, Layer.Layer<Network.Network>, Effect.Effect<number>]> = [
  [
    "memory",
    MemoryNetwork.layer(),
    Effect.map(MemoryNetwork.connections, (open) => open.length) as Effect.Effect<number>
  ],
  ["node", NodeNetwork.layer, openSockets]
]

const head = "HTTP/1.1\r\nHost: test\r\n"
const block = new TextEncoder().encode("x".repeat(50_000))

const app = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  yield* Effect.addFinalizer(() => Effect.void)
  switch (request.url) {
    case "/wait":
      return yield* Effect.never
    case "/sleep":
      yield* Effect.sleep("1 hour")
      return HttpServerResponse.empty()
    case "/stream":
      return HttpServerResponse.stream(
        Stream.repeatEffectWithSchedule(Effect.succeed(block), Schedule.forever)
      )
    case "/trickle":
      return HttpServerResponse.stream(
        Stream.concat(
          Stream.make(block),
          Stream.repeatEffectWithSchedule(Effect.succeed(block), Schedule.spaced("1 second"))
        )
      )
    default:
      return HttpServerResponse.text(yield* request.text)
  }
})

const upload = `POST /upload ${head}Content-Length: 1000\r\n\r\n`
const answered = (raw: RawPeer.RawPeer) => raw.until("HTTP/1.1 200 OK")

// For each moment: its name, the bytes to send, and the wait before the client is killed.
const moments: ReadonlyArray<
  readonly [string, string, ((raw: RawPeer.RawPeer) => RawPeer.Wire<string>) | undefined]
> = [
  ["before its first byte", "", undefined],
  ["within a head", "GET / HTT", undefined],
  ["after a head, in mid-upload", upload, undefined],
  ["in mid-upload", upload + "some of it", undefined],
  ["in mid-chunk", `POST /upload ${head}Transfer-Encoding: chunked\r\n\r\n10\r\nabc`, undefined],
  ["while its handler waits", `GET /wait ${head}\r\n`, undefined],
  ["while its handler sleeps", `GET /sleep ${head}\r\n`, undefined],
  ["while its handler waits and more requests are queued", `GET /wait ${head}\r\n`.repeat(20), undefined],
  ["in mid-response", `GET /stream ${head}\r\n`, answered],
  ["in mid-response, between two parts", `GET /trickle ${head}\r\n`, answered],
  ["between requests", `POST /upload ${head}Content-Length: 2\r\n\r\nhi`, (raw) => raw.until("\r\n\r\nhi")]
]

describe.each(networks)("a killed client on %s leaves nothing behind", (_, network, open) => {
  for (const [moment, text, before] of moments) {
    for (const way of ["FIN", "RST"] as const) {
      it.live(`${moment}, by ${way}`, () =>
        Effect.gen(function* () {
          const fibers = yield* Supervisor.track
          const { clock, waiting } = countingClock()
          const live = HttpServer.serve(app).pipe(
            Layer.provideMerge(Server.layer({ port: 0, host: "127.0.0.1" })),
            Layer.provide(Supervisor.addSupervisor(fibers)),
            Layer.provide(Layer.setClock(clock)),
            Layer.provideMerge(network)
          )
          yield* Effect.gen(function* () {
            const atFirst = yield* open
            yield* Effect.scoped(
              Effect.gen(function* () {
                const raw = yield* connect
                yield* raw.send(text)
                yield* before?.(raw) ?? pause
                if (way === "RST") yield* raw.reset
                else yield* raw.end
                yield* raw.expectClosed
              })
            )
            const left = Effect.gen(function* () {
              return {
                fibers: (yield* fibers.value).length,
                timers: waiting(),
                sockets: (yield* open) - atFirst
              }
            })
            // The system reports a closed socket in a later turn of the event loop, so wait up to 50 turns.
            for (let turn = 0; turn < 50 && Object.values(yield* left).some((count) => count > 0); turn++)
              yield* pause
            expect(yield* left).toEqual({ fibers: 0, timers: 0, sockets: 0 })
          }).pipe(Effect.provide(live))
        })
      )
    }
  }
})

// Waits in real time, because advancing the test's clock does not make the network deliver bytes.
const pause = Effect.promise(() => new Promise((done) => setTimeout(done, 4)))
