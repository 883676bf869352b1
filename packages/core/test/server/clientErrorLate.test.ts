// `onClientError` for late requests, in virtual time. The handler responds with 408 in place of the server,
// once.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ServerClientError, ServerTimeouts } from "@httpfx/core"
import { VirtualClock } from "@httpfx/testing"
import { get, post } from "../support/served.js"
import { after, connect, inVirtualTime, serving } from "../support/virtual.js"

const reader = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  if (request.url === "/begun") {
    const first = Stream.make(new TextEncoder().encode("<begun>"))
    return HttpServerResponse.stream(Stream.concat(first, Stream.drain(Stream.orDie(request.stream))))
  }
  return HttpServerResponse.text(`<${yield* request.text}>`)
})

const timeouts: ServerTimeouts.Options = {
  headersTimeout: "2 seconds",
  requestTimeout: "10 seconds",
  connectionsCheckingInterval: "1 second"
}

const asked = (handler: ServerClientError.Handler) =>
  Effect.gen(function* () {
    const seen: Array<ServerClientError.ServerClientError> = []
    yield* serving(reader, timeouts, {
      onClientError: (failure) => Effect.suspend(() => (seen.push(failure), handler(failure)))
    })
    return seen
  })

const sorry: ServerClientError.Handler = ({ status }) =>
  Effect.succeed(HttpServerResponse.text("<sorry>", { status, headers: { "x-own": "1" } }))

const unfinished = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n12345"

describe("onClientError, for late requests", () => {
  it.live.each<readonly [string, string, number]>([
    ["no byte", "", 0],
    ["half a head", "GET / HTTP/1.1\r\nHo", 0],
    ["half a body", unfinished, 1],
    ["half of the second request", post("/", "one") + "GET /2 HTT", 1]
  ])("answers 408 after %s, and the connection ends", ([, sent, exchange]) =>
    inVirtualTime(
      Effect.gen(function* () {
        const seen = yield* asked(sorry)
        const client = yield* connect
        if (sent !== "") yield* client.send(sent)
        yield* VirtualClock.settle
        if (sent.includes("one")) yield* client.until("<one>")
        yield* after("12 seconds")
        const answer = yield* client.rest
        expect(answer).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n[^]*x-own: 1\r\n[^]*<sorry>$/i)
        expect(answer).toMatch(/\r\nConnection: close\r\n/)
        expect(answer.split("HTTP/1.1")).toHaveLength(2)
        expect(seen).toMatchObject([
          { error: { _tag: "RequestTimeout" }, status: 408, writable: true, connection: { exchange } }
        ])
      })
    )
  )

  it.live("leaves 408 to the server by returning nothing", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const seen = yield* asked(() => Effect.void)
        const client = yield* connect
        yield* client.send("GET / HT")
        yield* after("3 seconds")
        expect(yield* client.rest).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n[^]*\r\n\r\n$/)
        expect(seen).toHaveLength(1)
      })
    )
  )

  it.live("may write the response to the socket", () =>
    inVirtualTime(
      Effect.gen(function* () {
        yield* asked(({ socket }) =>
          Effect.orDie(Effect.flatMap(socket, (taken) => taken.write("HTTP/1.1 408 Too Late\r\n\r\n")))
        )
        const client = yield* connect
        yield* client.send("GET / HT")
        yield* after("3 seconds")
        yield* client.expect("HTTP/1.1 408 Too Late\r\n\r\n")
        yield* client.expectFin
      })
    )
  )

  it.live("learns that nothing can be written once a response has begun, which is cut off", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const seen = yield* asked(sorry)
        const client = yield* connect
        yield* client.send(unfinished.replace("/", "/begun"))
        yield* client.until("<begun>")
        yield* after("12 seconds")
        expect(yield* client.rest).not.toMatch(/0\r\n\r\n|sorry|408/)
        expect(seen).toMatchObject([{ error: { _tag: "RequestTimeout" }, writable: false }])
      })
    )
  )

  it.live("is not called for an idle connection that closes quietly", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const seen = yield* asked(sorry)
        const client = yield* connect
        yield* client.send(get())
        yield* client.until("<>")
        yield* after("6 seconds")
        yield* client.expectFin
        expect(seen).toEqual([])
      })
    )
  )
})
