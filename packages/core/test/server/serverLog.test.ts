// The log lines of a server about itself, from listening to its end, with counts. In virtual time.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Server, ServerLog, Shutdown } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { get } from "../support/served.js"

type App = Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest>

/**
 * Starts a server, opens two connections, sends a request on one of them, and closes the server. Returns the
 * log lines up to the time `until`.
 */
const linesOf = (app: App, options: Server.ServerOptions, until: Duration.DurationInput) => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    lines.push(`${logLevel.label} ${String(message)}`)
  })
  return Effect.gen(function* () {
    const scope = yield* Scope.make()
    const server = Server.layer({ host: "::1", port: 80, ...options })
    const world = Layer.provide(Layer.merge(HttpServer.serve(app), ServerLog.layer), server)
    yield* Layer.buildWithScope(world, scope)
    const busy = yield* RawPeer.connect({ host: "::1", port: 80 })
    const idle = yield* RawPeer.connect({ host: "::1", port: 80 })
    // Both clients close their side when the server has closed.
    for (const peer of [busy, idle]) yield* Effect.fork(Effect.zipRight(peer.rest, peer.end))
    yield* busy.send(get())
    yield* VirtualClock.settle
    const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
    yield* VirtualClock.advance(until)
    // The last line must be logged before the scope has closed.
    yield* closing
    return lines
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())),
    Effect.provide(Logger.replace(Logger.defaultLogger, logger))
  )
}

const text = HttpServerResponse.text("done")
const taking = (time: Duration.DurationInput): App => Effect.as(Effect.sleep(time), text)
const url = "http://[::1]:80"

describe("ServerLog", () => {
  const cases: ReadonlyArray<readonly [string, App, Server.ServerOptions, ReadonlyArray<string>]> = [
    [
      "a drain that ends in time",
      taking("2 seconds"),
      {},
      [
        `INFO ${url}: listening`,
        `INFO ${url}: draining; 2 connections, 1 request in flight`,
        `INFO ${url}: closed after 2 s; nothing was cut off`
      ]
    ],
    [
      "a lame-duck phase",
      taking("500 millis"),
      { lameDuckPeriod: "4 seconds", idleConnectionGrace: 0 },
      [
        `INFO ${url}: listening`,
        `INFO ${url}: not ready any more, still serving; 2 connections, 1 request in flight`,
        `INFO ${url}: draining; 2 connections, 0 requests in flight`,
        `INFO ${url}: closed after 4 s; nothing was cut off`
      ]
    ],
    [
      "a deadline",
      taking("1 minute"),
      { gracefulShutdownTimeout: "3 seconds" },
      [
        `INFO ${url}: listening`,
        `INFO ${url}: draining; 2 connections, 1 request in flight`,
        `WARN ${url}: closed after 3 s; 1 connection reset, 1 request cut off`
      ]
    ],
    [
      "a handler that does not end",
      Shutdown.withPolicy(taking("1 minute"), "wait"),
      { gracefulShutdownTimeout: "3 seconds" },
      [
        `INFO ${url}: listening`,
        `INFO ${url}: draining; 2 connections, 1 request in flight`,
        `WARN ${url}: closed after 6 s; 1 connection reset, 1 request cut off`
      ]
    ]
  ]
  it.live.each(cases)("reports %s", ([, app, options, expected]) =>
    Effect.map(linesOf(app, options, "2 minutes"), (lines) => assert.deepStrictEqual(lines, expected))
  )

  it.live("does not observe requests", () =>
    Effect.gen(function* () {
      const server = yield* Server.make({ host: "::1", port: 80 })
      const states: Array<unknown> = []
      yield* server.observeStates((event) => states.push(event))
      yield* server.httpServer.serve(text)
      const client = yield* RawPeer.connect({ host: "::1", port: 80 })
      yield* client.send(get())
      yield* client.until("done")
      yield* client.end
      assert.deepStrictEqual(states, [
        { _tag: "StateChanged", at: VirtualClock.epoch, state: "ready", connections: 0, requests: 0 }
      ])
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())))
  )
})
