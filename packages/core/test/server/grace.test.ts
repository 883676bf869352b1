// A request during a drain, on a connection that was idle when the drain began, is served like any other
// request, with 100 (Continue), early hints and its number on the connection.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Exchange, type ServerEvent } from "@httpfx/core"
import { get } from "../support/served.js"
import { after, connect, inVirtualTime, serving } from "../support/virtual.js"

const app = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const connection = yield* Exchange.connection
  if (request.url === "/hints") yield* Exchange.earlyHints("</a.css>; rel=preload; as=style")
  const text = request.method === "POST" ? yield* request.text : ""
  return HttpServerResponse.text(`<${connection.exchange} ${text}>`)
})

/**
 * Starts a server, opens a new connection and a connection that has served a request, and starts the drain.
 */
const draining = Effect.gen(function* () {
  const scope = yield* Scope.make()
  const server = yield* Scope.extend(serving(app), scope)
  const events: Array<ServerEvent.ServerEvent> = []
  yield* server.observe((event) => events.push(event))
  const [fresh, used] = [yield* connect, yield* connect]
  yield* used.send(get())
  yield* used.until("<1 >")
  yield* Effect.fork(Scope.close(scope, Exit.void))
  yield* after("100 millis")
  expect(yield* server.state).toBe("draining")
  return { fresh, used, events }
})

const asking = "POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"

describe("A request in the grace period of a drain", () => {
  it.live("gets 100 Continue for its body", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { fresh, used } = yield* draining
        for (const [client, answer] of [
          [fresh, "<1 body>"],
          [used, "<2 body>"]
        ] as const) {
          yield* client.send(asking)
          yield* client.expect("HTTP/1.1 100 Continue\r\n\r\n")
          yield* client.send("body")
          expect(yield* client.head).toMatch(/^HTTP\/1.1 200 [^]*Connection: close/)
          yield* client.expect(answer)
          yield* client.expectFin
        }
      })
    )
  )

  it.live("gets early hints", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { fresh } = yield* draining
        yield* fresh.send(get("/hints"))
        expect(yield* fresh.head).toMatch(/^HTTP\/1.1 103 [^]*a\.css/)
        expect(yield* fresh.head).toMatch(/^HTTP\/1.1 200 [^]*Connection: close/)
        yield* fresh.expect("<1 >")
      })
    )
  )

  it.live("is counted in the connection's exchanges and its close reason", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { events, fresh, used } = yield* draining
        for (const client of [fresh, used]) {
          yield* client.send(get())
          yield* client.until(">")
          yield* client.expectFin
          yield* client.end
        }
        yield* after("1 milli")
        const closed = events.filter(({ _tag }) => _tag === "ConnectionClosed")
        expect(closed).toMatchObject([
          { connection: 1, exchanges: 1, reason: "Draining" },
          { connection: 2, exchanges: 2, reason: "Draining" }
        ])
        const ended = events.flatMap((event) => (event._tag === "ExchangeEnded" ? [event.outcome] : []))
        expect(ended.map(({ connection, exchange }) => [connection, exchange])).toEqual([
          [2, 1],
          [1, 1],
          [2, 2]
        ])
      })
    )
  )
})
