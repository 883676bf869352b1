// The memory that one connection can occupy on a server: bytes received, and output that waits. Clients send
// forever, in the largest and in the smallest pieces, or read nothing.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Exchange, type Server } from "@httpfx/core"
import { MemoryNetwork, VirtualClock, type RawPeer } from "@httpfx/testing"
import { after, connect, inVirtualTime, serving } from "../support/virtual.js"
import { get, last, post } from "../support/served.js"

const bound = 256 * 1024
const never = Effect.never as Effect.Effect<HttpServerResponse.HttpServerResponse>
const head = (target: string) => `POST ${target} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n`

/** The newest connection on the network, with the numbers of bytes that wait at both ends. */
const wire = Effect.map(MemoryNetwork.connections, (all) => all.at(-1))

/**
 * Sends a text repeatedly until backpressure or the end of the connection stops it. Returns the number of
 * bytes that the server has received.
 */
const sendForever = (client: RawPeer.RawPeer, first: string, again: string) =>
  Effect.gen(function* () {
    const { transport } = client
    let sent = first.length
    transport.write(first)
    // The server refuses or applies backpressure long before this number of bytes.
    while (sent < 10 * bound) {
      yield* VirtualClock.settle
      if (!transport.writable || transport.buffered > 0 || client.state() !== "open") break
      transport.write(again)
      sent += again.length
    }
    const open = yield* wire
    return open === undefined ? sent : sent - open.client.unsent - open.server.unread
  })

const block = 60_000
const forever: Record<string, readonly [string, string]> = {
  "an unread body": ["POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 999999999\r\n\r\n", "x".repeat(block)],
  "a body whose reader was interrupted": [
    "POST /interrupted HTTP/1.1\r\nHost: t\r\nContent-Length: 999999999\r\n\r\n",
    "x".repeat(block)
  ],
  "a body in chunks": [head("/"), `ea60\r\n${"x".repeat(block)}\r\n`],
  "requests after one without a response": [get(), get("/", `A: ${"a".repeat(900)}\r\n`).repeat(60)],
  "requests after an unread body": [post("/", "x".repeat(65_000)), get().repeat(1500)],
  "malformed bytes after a request": [get(), "x".repeat(block)],
  "an unread upgraded protocol": [
    get("/upgrade", "Connection: Upgrade\r\nUpgrade: echo\r\n"),
    "x".repeat(block)
  ]
}

const refused: Record<string, readonly [string, string, number]> = {
  "a target": ["GET /", "x".repeat(1000), 414],
  "a method": ["", "X".repeat(1000), 400],
  "a field name": ["GET / HTTP/1.1\r\n", "x".repeat(1000), 431],
  "a field value": ["GET / HTTP/1.1\r\nA: ", "x".repeat(1000), 431],
  fields: ["GET / HTTP/1.1\r\nHost: t\r\n", "A: b\r\n".repeat(100), 431],
  "fields without a value": ["GET / HTTP/1.1\r\nHost: t\r\n", "A:\r\n".repeat(100), 431],
  "a chunk's size": [head("/read"), "0".repeat(1000), 413],
  "a chunk's extensions": [`${head("/read")}1`, ";a=b".repeat(100), 413],
  trailers: [`${head("/read")}0\r\n`, "A: b\r\n".repeat(100), 431],
  "a trailer": [`${head("/read")}0\r\nA: `, "x".repeat(1000), 431]
}

const app = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  switch (request.url) {
    case "/read":
      yield* Stream.runDrain(request.stream)
      return HttpServerResponse.empty()
    case "/interrupted": {
      const reading = yield* Effect.fork(request.text)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(reading)
      return yield* never
    }
    case "/upgrade":
      yield* Exchange.upgrade()
      return yield* Effect.never
    case "/unwaited": {
      const socket = yield* Exchange.upgrade()
      yield* Stream.runForEach(socket.stream, (piece) => Effect.forkScoped(socket.write(piece)))
      return HttpServerResponse.empty()
    }
    default:
      return yield* never
  }
})

describe("A connection holds at most 256 KiB", () => {
  it.live.each(Object.entries(forever))("of %s", ([, [first, again]]) =>
    inVirtualTime(
      Effect.gen(function* () {
        yield* serving(app, { requestTimeout: 0 })
        const client = yield* connect
        const taken = yield* sendForever(client, first, again)
        expect(taken).toBeGreaterThan(60_000)
        expect(taken).toBeLessThanOrEqual(192 * 1024)
        // Probes, which check whether the client has left, must not increase the number either.
        const waiting = (yield* wire)!
        yield* after("1 hour")
        const later = (yield* wire)!
        const more = waiting.client.unsent + waiting.server.unread - later.client.unsent - later.server.unread
        expect(taken + more).toBeLessThanOrEqual(192 * 1024)
        const other = yield* connect
        yield* other.send(post("/read", "abc"))
        expect(yield* other.head).toContain(" 204 ")
      })
    )
  )

  it.live.each(Object.entries(refused))(
    "of %s without an end, which is refused",
    ([, [first, again, status]]) =>
      inVirtualTime(
        Effect.gen(function* () {
          const server = yield* serving(app)
          const client = yield* connect
          const taken = yield* sendForever(client, first, again)
          expect(yield* client.rest).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
          // After the refusal the server reads and discards bytes, so it may receive more than it holds.
          expect(taken).toBeLessThanOrEqual(2 * bound)
          yield* after("10 seconds")
          expect(yield* server.connections).toBe(0)
        })
      )
  )

  it.live("of an upgraded protocol whose output is neither awaited nor read", () =>
    inVirtualTime(
      Effect.gen(function* () {
        yield* serving(Effect.scoped(app))
        const client = yield* connect
        yield* client.pause
        const ask = get("/unwaited", "Connection: Upgrade\r\nUpgrade: echo\r\n")
        yield* sendForever(client, ask, "x".repeat(block))
        const held = (yield* wire)!
        expect(client.transport.buffered).toBeGreaterThan(0)
        expect(held.server.unsent).toBeLessThanOrEqual(bound)
        // The transfer continues when the client reads.
        yield* client.resume
        yield* VirtualClock.settle
        yield* VirtualClock.settle
        expect(client.transport.buffered).toBe(0)
        const other = yield* connect
        yield* other.send(post("/read", "abc"))
        expect(yield* other.head).toContain(" 204 ")
      })
    )
  )

  it.live("of a response that is not read, however large", () =>
    inVirtualTime(
      Effect.gen(function* () {
        let made = 0
        const block = Effect.sync(() => {
          made += 20_000
          return new Uint8Array(20_000)
        })
        yield* serving(Effect.succeed(HttpServerResponse.stream(Stream.repeatEffect(block))))
        const client = yield* connect
        yield* client.pause
        yield* client.send(get())
        yield* after("1 minute")
        const { server } = (yield* wire)!
        expect(server.unsent).toBeGreaterThan(0)
        expect(server.unsent).toBeLessThanOrEqual(bound / 2)
        // The other bytes are in transit, or wait at the client.
        expect(made).toBeLessThanOrEqual(bound)
      })
    )
  )

  it.live("of responses that are not read, together with pipelined requests", () =>
    inVirtualTime(
      Effect.gen(function* () {
        yield* serving(Effect.succeed(HttpServerResponse.uint8Array(new Uint8Array(10_000))))
        const client = yield* connect
        yield* client.pause
        // A response is 50 times longer than a request, so few requests suffice to fill the bound.
        const taken = yield* sendForever(client, get(), get().repeat(500))
        const { server } = (yield* wire)!
        expect(taken).toBeGreaterThan(0)
        expect(taken + server.unsent).toBeLessThanOrEqual(bound)
      })
    )
  )
})

// A view of a single byte would cost a hundred times more memory than the byte.
describe("Bytes that arrive one by one and wait", () => {
  const bytes = "0123456789".repeat(1000)
  const read = (stream: Stream.Stream<Uint8Array, unknown>) =>
    Effect.map(Stream.runCollect(stream), (slices) => {
      const all = [...slices]
      return { pieces: all.length, text: all.map((slice) => new TextDecoder().decode(slice)).join("") }
    })

  const after10 = (first: string, rest: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const result = yield* Deferred.make<{ readonly pieces: number; readonly text: string }>()
      yield* serving(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const exchange = yield* Exchange.exchange
          const upgrade = exchange.upgradeProtocols.length > 0
          const early = upgrade && request.url === "/at-once" ? yield* exchange.upgrade() : undefined
          yield* Effect.sleep("10 seconds")
          const source = upgrade ? (early ?? (yield* exchange.upgrade())).stream : request.stream
          yield* Deferred.complete(result, Effect.orDie(read(source as Stream.Stream<Uint8Array>)))
          return HttpServerResponse.empty()
        }).pipe(Effect.orDie)
      )
      const client = yield* connect
      yield* client.send(first)
      yield* VirtualClock.settle
      for (const part of rest) client.transport.write(part)
      yield* after("11 seconds")
      yield* client.end
      const { pieces, text } = yield* Deferred.await(result)
      expect(text).toBe(bytes)
      expect(pieces).toBeLessThan(20)
    })

  const asUpgrade = "Connection: Upgrade\r\nUpgrade: echo\r\n"
  it.live.each<readonly [string, string, ReadonlyArray<string>]>([
    [
      "of a body with a length",
      `POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${bytes.length}\r\n\r\n`,
      [...bytes]
    ],
    ["of a chunked body", head("/"), [...bytes].map((byte) => `1\r\n${byte}\r\n`).concat("0\r\n\r\n")],
    [
      "of a chunked body that arrives at once",
      head("/"),
      [[...bytes].map((byte) => `1;ext\r\n${byte}\r\n`).join("") + "0\r\n\r\n"]
    ],
    ["after a request that is upgraded later", get("/", asUpgrade), [...bytes]],
    ["of an upgraded protocol", get("/at-once", asUpgrade), [...bytes]]
  ])("are joined: %s", ([, first, rest]) => inVirtualTime(after10(first, rest)))

  it.live("keep their values once passed on, whatever arrives after them", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const numbers = Array.from({ length: 2000 }, (_, at) => String(at).padStart(5)).join("")
        const pieces: Array<Uint8Array> = []
        yield* serving(
          Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            yield* Stream.runForEach(request.stream, (piece) => {
              pieces.push(piece)
              return Effect.sleep("1 second")
            })
            return HttpServerResponse.empty()
          }).pipe(Effect.orDie)
        )
        const client = yield* connect
        yield* client.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${numbers.length}\r\n\r\n`)
        for (let at = 0; at < numbers.length; at += 50) {
          yield* client.send(numbers.slice(at, at + 50))
          yield* after("200 millis")
        }
        yield* after("5 seconds")
        expect(yield* client.head).toContain(" 204 ")
        expect(pieces.map((piece) => new TextDecoder().decode(piece)).join("")).toBe(numbers)
      })
    )
  )

  it.live("do not keep a chunk in memory of which they were a small part", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const held = yield* Deferred.make<number>()
        yield* serving(
          Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            yield* Effect.sleep("10 seconds")
            const slices = yield* Stream.runCollect(request.stream)
            const buffers = new Set([...slices].map(({ buffer }) => buffer))
            yield* Deferred.succeed(
              held,
              [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0)
            )
            return HttpServerResponse.empty()
          }).pipe(Effect.orDie)
        )
        const client = yield* connect
        yield* client.send(head("/"))
        // Each chunk has 16 KiB of extensions for 1000 bytes of data.
        const chunk = `3e8;${"x".repeat(16_000)}\r\n${"y".repeat(1000)}\r\n`
        for (let i = 0; i < 60; i++) yield* client.send(chunk)
        yield* client.send("0\r\n\r\n")
        yield* after("11 seconds")
        expect(yield* Deferred.await(held)).toBeLessThanOrEqual(3 * 64 * 1024)
      })
    )
  )
})

describe("highWaterMark", () => {
  const options = (highWaterMark: number): Server.ServerOptions => ({ highWaterMark })

  it.live.each([0, 1, 1000, 65_536, 200_000])(
    "of %i applies backpressure, to a body and to requests",
    (mark) =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(app, {}, options(mark))
          for (const [first, again] of [
            ["POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 999999999\r\n\r\n", "x".repeat(500)],
            [get(), get().repeat(20)]
          ] as const) {
            const client = yield* connect
            const taken = yield* sendForever(client, first, again)
            expect(taken).toBeGreaterThan(mark)
            // Backpressure starts with the first piece that exceeds `highWaterMark`.
            expect(taken).toBeLessThanOrEqual(first.length + mark + again.length)
            yield* client.reset
            yield* VirtualClock.settle
          }
        })
      )
  )

  it.live.each([0, 1, 1000, 200_000])("of %i lets everything through eventually", (mark) =>
    inVirtualTime(
      Effect.gen(function* () {
        yield* serving(
          Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            if (request.url === "/unread") return HttpServerResponse.text("<unread>")
            if (request.url === "/echo") return HttpServerResponse.stream(request.stream)
            if (request.url === "/slow") yield* Effect.sleep("1 second")
            return HttpServerResponse.text(`<${(yield* request.text).length}>`)
          }).pipe(Effect.orDie),
          {},
          options(mark)
        )
        const client = yield* connect
        const body = "x".repeat(30_000)
        yield* client.send(
          post("/slow", body),
          post("/unread", body),
          post("/echo", body),
          `${head("/slow")}${"5\r\nabcde\r\n".repeat(2000)}0\r\n\r\n`,
          get("/slow").repeat(50),
          last("/")
        )
        yield* after("2 minutes")
        const all = yield* client.rest
        expect(all.match(/<\w+>/g)).toEqual(["<30000>", "<unread>", "<10000>", ...Array(51).fill("<0>")])
      })
    )
  )

  it.live("bounds responses that wait for the client: no further request starts", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const waiting = (mark: number) =>
          Effect.scoped(
            Effect.gen(function* () {
              let handled = 0
              yield* serving(
                Effect.sync(() => {
                  handled++
                  return HttpServerResponse.uint8Array(new Uint8Array(10_000))
                }),
                {},
                options(mark)
              )
              const client = yield* connect
              yield* client.pause
              yield* client.send(get().repeat(500))
              yield* after("1 minute")
              const { server, client: reader } = (yield* wire)!
              expect(handled).toBeLessThan(100)
              yield* client.resume
              yield* after("1 minute")
              expect(handled).toBe(500)
              return server.unsent + reader.unread
            })
          )
        const [small, large] = [yield* waiting(65_536), yield* waiting(200_000)]
        // The system's buffers of 64 KiB at both ends, and one response, may wait in addition.
        expect(small).toBeLessThanOrEqual(65_536 + 131_072 + 11_000)
        expect(large).toBeLessThanOrEqual(200_000 + 131_072 + 11_000)
        expect(large).toBeGreaterThan(small + 50_000)
      })
    )
  )
})
