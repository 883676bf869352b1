// Clients that leave. FIN or RST interrupts the handler, however much of the request was received or read.
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Server, Transport, type ExchangeOutcome } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { get } from "../support/served.js"
import * as Virtual from "../support/virtual.js"

const connect = RawPeer.connect(Transport.tcp("127.0.0.1", 80))
const after = VirtualClock.advance
const inMemory = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())

const serving = (options: Server.ServerOptions = {}) =>
  Effect.gen(function* () {
    const seen = {
      interrupted: 0,
      finished: 0,
      outcomes: [] as Array<ExchangeOutcome.ExchangeOutcome["_tag"]>
    }
    const handler = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      if (request.url === "/some") yield* Stream.runDrain(Stream.take(request.stream, 1))
      if (request.url === "/all") yield* request.arrayBuffer
      if (request.url === "/endless")
        return HttpServerResponse.stream(Stream.tick("1 second").pipe(Stream.as(new Uint8Array(10))))
      yield* Effect.sleep("10 seconds")
      seen.finished++
      return HttpServerResponse.text("<answer>")
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => seen.interrupted++)))
    const server = yield* Server.make({
      port: 80,
      host: "127.0.0.1",
      gracefulShutdownTimeout: 0,
      ...options
    })
    yield* server.observe((event) => {
      if (event._tag === "ExchangeEnded") seen.outcomes.push(event.outcome._tag)
    })
    yield* server.httpServer.serve(Effect.orDie(handler))
    return { server, seen }
  })

const body = "x".repeat(40_000)
const announced = (path: string, length: number, sent: string) =>
  `POST ${path} HTTP/1.1\r\nHost: t\r\nContent-Length: ${length}\r\n\r\n${sent}`
const chunked = (path: string) => `POST ${path} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n`

const requests: Record<string, string> = {
  "no body": get("/none"),
  "a body read in whole": announced("/all", body.length, body),
  "a body read in part": announced("/some", body.length, body),
  "an unread body": announced("/none", body.length, body),
  "half a body that is being read": announced("/all", body.length, body.slice(100)),
  "half an unread body": announced("/none", body.length, body.slice(100)),
  "an unfinished chunk": chunked("/some") + "ff\r\nabc",
  "a chunked, unread body": chunked("/none") + "3\r\nabc\r\n0\r\n\r\n",
  "further requests behind it": get("/none") + get("/none").repeat(20)
}

describe("A client that leaves", () => {
  const leaves: ReadonlyArray<readonly [string, (peer: RawPeer.RawPeer) => Effect.Effect<void>]> = [
    ["FIN", (peer) => peer.end],
    ["RST", (peer) => peer.reset]
  ]
  for (const [name, leave] of leaves)
    it.live.each(Object.entries(requests))(`by ${name} interrupts its handler: %s`, ([, request]) =>
      Effect.gen(function* () {
        const { seen, server } = yield* serving()
        const client = yield* connect
        yield* client.send(request)
        yield* after("5 seconds")
        expect(seen.interrupted).toBe(0)
        yield* leave(client)
        yield* VirtualClock.settle
        expect(seen).toEqual({ interrupted: 1, finished: 0, outcomes: ["ClientGone"] })
        expect(yield* server.connections).toBe(0)
      }).pipe(Effect.scoped, Effect.provide(inMemory))
    )

  it.live("interrupts the stream sent to it", () =>
    Effect.gen(function* () {
      const { seen, server } = yield* serving()
      const client = yield* connect
      yield* client.send(get("/endless"))
      yield* after("3 seconds")
      yield* client.end
      yield* VirtualClock.settle
      expect(seen.outcomes).toEqual(["ClientGone"])
      expect(yield* server.connections).toBe(0)
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  // One bound applies to the unread bytes of a body and of later requests together. Above the bound the
  // server stops reading, and cannot notice FIN.
  it.live("is noticed while body and pipelined requests together fit the look-ahead", () =>
    Effect.gen(function* () {
      const { seen } = yield* serving()
      const [below, above] = yield* Effect.all([connect, connect])
      const request = announced("/none", body.length, body)
      yield* below.send(request + "x".repeat(20_000))
      yield* above.send(request + "x".repeat(60_000))
      yield* VirtualClock.settle
      yield* below.end
      yield* above.end
      yield* VirtualClock.settle
      expect(seen.interrupted).toBe(1)
      yield* after("10 seconds")
      expect(seen.finished).toBe(1)
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )
})

describe("A client that leaves under backpressure", () => {
  const waiting = (url: string) =>
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      yield* Effect.sleep("1 hour")
      return HttpServerResponse.text(`<${url === "/none" ? 0 : (yield* request.arrayBuffer).byteLength}>`)
    })
  const held = (app: ReturnType<typeof waiting>) =>
    Effect.gen(function* () {
      const outcomes: Array<string> = []
      const server = yield* Virtual.serving(Effect.orDie(app), {
        progressTimeout: "2 minutes",
        requestTimeout: 0
      })
      yield* server.observe((event) => {
        if (event._tag === "ExchangeEnded")
          outcomes.push(`${event.outcome._tag} after ${Math.round(event.outcome.duration / 60_000)} min`)
      })
      return { client: yield* Virtual.connect, outcomes, server }
    })
  const large = announced("/", 1_000_000, "x".repeat(300_000))

  it.live.each<readonly [string, string]>([
    ["an unread body", large],
    ["further requests", get("/a") + get("/b", `A: ${"a".repeat(900)}\r\n`).repeat(300)]
  ])("by RST is noticed at the progress deadline, whatever waits: %s", ([, request]) =>
    Effect.gen(function* () {
      const { client, outcomes, server } = yield* held(waiting("/none"))
      client.transport.write(request)
      yield* after("5 minutes")
      yield* client.reset
      yield* after("5 minutes")
      expect(outcomes).toEqual([expect.stringMatching(/^ClientGone after [5-7]/)])
      expect(yield* server.connections).toBe(0)
    }).pipe(Virtual.inVirtualTime)
  )

  it.live("by FIN is noticed at the progress deadline, if little waits before it", () =>
    Effect.gen(function* () {
      const { client, outcomes, server } = yield* held(waiting("/none"))
      // Sent in pieces, because reading pauses after the first read that exceeds the look-ahead.
      for (const piece of [announced("/", 1_000_000, body), "x".repeat(40_000), "x".repeat(10_000)]) {
        yield* client.send(piece)
        yield* VirtualClock.settle
      }
      yield* client.end
      yield* after("1 minute")
      expect(outcomes).toEqual([])
      yield* after("4 minutes")
      expect(outcomes).toEqual([expect.stringMatching(/^ClientGone after [2-4]/)])
      expect(yield* server.connections).toBe(0)
    }).pipe(Virtual.inVirtualTime)
  )

  it.live("does not cut a complete body short: however slow, the handler reads all of it", () =>
    Effect.gen(function* () {
      const { client, outcomes } = yield* held(waiting("/all"))
      client.transport.write(announced("/", 300_000, "x".repeat(300_000)))
      yield* after("59 minutes")
      expect(outcomes).toEqual([])
      yield* after("2 minutes")
      expect(yield* client.rest).toMatch(/<300000>$/)
      expect(outcomes).toEqual(["Answered after 60 min"])
    }).pipe(Virtual.inVirtualTime)
  )
})

// The handler is not interrupted, so it notices the end only by its reads and writes.
describe("A client that leaves while its handler is uninterruptible", () => {
  const kept = (handler: HttpApp.Default<unknown>) =>
    Virtual.serving(HttpRouter.empty.pipe(HttpRouter.all("*", handler, { uninterruptible: true })))

  const readers = {
    whole: (request: HttpServerRequest.HttpServerRequest) => request.text,
    stream: (request: HttpServerRequest.HttpServerRequest) => Stream.runDrain(request.stream)
  }
  it.live.each(Object.entries(readers))("fails its reads of the body: %s", ([, read]) =>
    Effect.gen(function* () {
      const errors: Array<unknown> = []
      yield* kept(
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          Effect.catchAll(Effect.as(read(request), HttpServerResponse.empty()), (error) =>
            Effect.as(
              Effect.sync(() => errors.push(error)),
              HttpServerResponse.empty()
            )
          )
        )
      )
      const client = yield* Virtual.connect
      yield* client.send(announced("/", 10, "abc"))
      yield* VirtualClock.settle
      yield* client.reset
      yield* after("1 second")
      expect(errors).toMatchObject([
        { _tag: "RequestError", reason: "Transport", cause: { _tag: "ConnectionReset", received: 3 } }
      ])
    }).pipe(Virtual.inVirtualTime)
  )

  it.live("ends the pulls of the response stream", () =>
    Effect.gen(function* () {
      let pulled = 0
      let over = false
      const piece = Effect.sync(() => {
        pulled++
        return new Uint8Array(10)
      })
      const endless = Stream.repeatEffect(Effect.delay(piece, "1 second")).pipe(
        Stream.ensuring(Effect.sync(() => (over = true)))
      )
      yield* kept(Effect.succeed(HttpServerResponse.stream(endless)))
      const client = yield* Virtual.connect
      yield* client.send(get())
      yield* after("3500 millis")
      expect(pulled).toBe(3)
      yield* client.reset
      yield* after("10 seconds")
      expect([pulled <= 4, over]).toEqual([true, true])
    }).pipe(Virtual.inVirtualTime)
  )
})

describe("A client that half-closes", () => {
  it.live("after its only request gets a response if the server allows it", () =>
    Effect.gen(function* () {
      const { seen } = yield* serving({ allowHalfOpen: true })
      const client = yield* connect
      yield* client.send(get("/a"))
      yield* VirtualClock.settle
      yield* client.end
      yield* after("10 seconds")
      expect(yield* client.rest).toMatch(/Connection: close[^]*<answer>$/)
      expect(seen).toEqual({ interrupted: 0, finished: 1, outcomes: ["Answered"] })
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("gets all responses if the server allows it, and then the connection closes", () =>
    Effect.gen(function* () {
      const { seen, server } = yield* serving({ allowHalfOpen: true })
      const client = yield* connect
      yield* client.send(announced("/all", body.length, body) + get("/a") + get("/b"))
      yield* client.end
      yield* after("30 seconds")
      const all = yield* client.rest
      expect(all.split("<answer>")).toHaveLength(4)
      expect(all.match(/Connection: (?:keep-alive|close)/g)).toEqual([
        "Connection: keep-alive",
        "Connection: keep-alive",
        "Connection: close"
      ])
      expect(seen).toEqual({ interrupted: 0, finished: 3, outcomes: ["Answered", "Answered", "Answered"] })
      yield* VirtualClock.settle
      expect(yield* server.connections).toBe(0)
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("within a request gets no response", () =>
    Effect.gen(function* () {
      const { seen, server } = yield* serving({ allowHalfOpen: true })
      const [body, head, idle] = yield* Effect.all([connect, connect, connect])
      yield* body.send(announced("/all", 10, "abc"))
      yield* head.send(get("/a") + "GET / HT")
      yield* Effect.forEach([body, head, idle], (client) => client.end)
      yield* after("10 seconds")
      expect(yield* body.rest).toBe("")
      expect(yield* head.rest).toMatch(/^HTTP\/1.1 200 [^]*<answer>HTTP\/1.1 400 /)
      expect(yield* idle.rest).toBe("")
      expect(seen).toEqual({ interrupted: 1, finished: 1, outcomes: ["ClientGone", "Answered", "Refused"] })
      yield* VirtualClock.settle
      expect(yield* server.connections).toBe(0)
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )
})
