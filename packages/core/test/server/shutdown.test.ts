// A server closes before its deadline, whatever the states of its connections.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { type RawPeer } from "@httpfx/testing"
import { networks } from "../support/networks.js"
import { connect, get, servedOn } from "../support/served.js"

const block = new Uint8Array(50_000)
// Produces each block in a separate turn of the event loop, so that timers can fire in between.
const paced = Effect.promise(() => new Promise<Uint8Array>((done) => setImmediate(() => done(block))))
const counts = { begun: 0, over: 0 }
const app = Effect.gen(function* () {
  yield* Effect.acquireRelease(
    Effect.sync(() => counts.begun++),
    () => Effect.sync(() => counts.over++)
  )
  const request = yield* HttpServerRequest.HttpServerRequest
  if (request.url === "/never") return yield* Effect.never
  if (request.url === "/endless") return HttpServerResponse.stream(Stream.repeatEffect(paced))
  if (request.url === "/read") yield* Stream.runDrain(request.stream)
  return HttpServerResponse.uint8Array(block)
})

const upload = (path: string) => `POST ${path} HTTP/1.1\r\nHost: t\r\nContent-Length: 300000\r\n\r\nabc`
/** Writes without waiting for backpressure, because the server does not read everything. */
const write = (text: string) => (raw: RawPeer.RawPeer) => Effect.sync(() => void raw.transport.write(text))
const states: Record<string, (raw: RawPeer.RawPeer) => Effect.Effect<void, RawPeer.WireMismatch>> = {
  "no byte sent": () => Effect.void,
  "half a head": (raw) => raw.send("GET / HTTP/1.1\r\nHo"),
  "a handler that does not end": (raw) => raw.send(get("/never")),
  "a handler that waits for a body": (raw) => raw.send(upload("/read")),
  "a response before the upload ended": (raw) => raw.send(upload("/")),
  "a large unread upload": write(upload("/never") + "x".repeat(250_000)),
  "further requests waiting": write(get("/never") + get("/").repeat(5000)),
  "an endless response": (raw) => raw.send(get("/endless")),
  "an unread response": (raw) => Effect.zipRight(raw.pause, raw.send(get("/endless"))),
  "unread responses": (raw) => Effect.zipRight(raw.pause, write(get("/").repeat(1000))(raw)),
  "half-closed": (raw) => Effect.zipRight(raw.send(get("/never")), raw.end),
  "an unfinished chunk": (raw) =>
    raw.send("POST /read HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc")
}

describe.each(networks)("Closing a server on %s", (_, network) => {
  it.live.each([...Object.entries(states), ["all of them", undefined] as const])("with %s", ([, state]) =>
    Effect.gen(function* () {
      const clients = yield* Scope.make()
      const closed = yield* servedOn(network)(
        app,
        Effect.gen(function* () {
          const raws: Array<RawPeer.RawPeer> = []
          for (const enter of state === undefined ? Object.values(states) : [state]) {
            const raw = yield* Scope.extend(connect, clients)
            yield* enter(raw)
            raws.push(raw)
          }
          // If a later client has been served, the server has received the bytes of the earlier clients.
          const other = yield* connect
          yield* other.send(get("/"))
          yield* other.head
          return raws
        }),
        { gracefulShutdownTimeout: "100 millis" }
      ).pipe(Effect.timeoutFail({ duration: "3 seconds", onTimeout: () => "the server did not end" }))
      expect(counts.over).toBe(counts.begun)
      yield* Effect.forEach(closed, (raw) => Effect.zipRight(raw.resume, raw.rest))
      yield* Scope.close(clients, Exit.void)
    })
  )
})
