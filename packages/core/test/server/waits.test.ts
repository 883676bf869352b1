// Neither a client nor a handler that omits something can make the other side wait forever, or make memory
// grow without bound.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { networks } from "../support/networks.js"
import { connect, get, last, post, servedOn } from "../support/served.js"

// More than the look-ahead, and more than one read of a socket.
const big = "x".repeat(100_000)
const bodyOf = (request: HttpServerRequest.HttpServerRequest) =>
  (request.source as { readonly body: { readonly received: number; readonly wanted: boolean } }).body
const waitUntil = (holds: () => boolean) =>
  Effect.gen(function* () {
    while (!holds()) yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
  })
const text = (chunks: Chunk.Chunk<Uint8Array>) =>
  Chunk.toReadonlyArray(chunks)
    .map((slice) => new TextDecoder().decode(slice))
    .join("")

describe.each(networks)("Server on %s", (_, network) => {
  const served = servedOn(network)

  // A regression: after a complete, unread body longer than the look-ahead, the connection stayed paused.
  it.effect("continues to read after a large unread body", () =>
    served(
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        if (request.url === "/large") yield* waitUntil(() => bodyOf(request).received === big.length)
        return HttpServerResponse.text("<answer>")
      }),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(post("/large", big))
        yield* raw.until("<answer>")
        yield* raw.send(last("/"))
        yield* raw.rest
        expect(raw.received().split("<answer>")).toHaveLength(3)
      })
    )
  )

  it.effect("does not serve further requests of a client that reads no responses", () => {
    let handled = 0
    const body = new Uint8Array(20_000)
    return served(
      Effect.sync(() => {
        handled++
        return HttpServerResponse.uint8Array(body)
      }),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.pause
        for (let i = 0; i < 40; i++) raw.transport.write(get(`/${i}`).repeat(50))
        // After another connection was served, the server has processed everything that it accepts from this
        // client.
        const other = yield* connect
        yield* other.send(last("/"))
        yield* other.rest
        expect(handled).toBeLessThan(1000)
        // When the client reads, every request gets its response.
        raw.transport.write(last("/"))
        yield* raw.resume
        const taken = yield* raw.rest
        expect(handled).toBe(2002)
        expect(taken.length).toBeGreaterThan(2001 * body.length)
      })
    )
  })

  it.effect("lets two readers of one body both finish", () =>
    Effect.flatMap(Deferred.make<void>(), (reading) =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const both = yield* Effect.all(
            [
              Stream.runCollect(request.stream),
              Stream.runCollect(request.stream),
              Effect.zipRight(Effect.yieldNow(), Deferred.succeed(reading, undefined))
            ],
            { concurrency: 3 }
          )
          return HttpServerResponse.text(
            `<${
              both
                .slice(0, 2)
                .map((part) => text(part as Chunk.Chunk<Uint8Array>))
                .join("").length
            }>`
          )
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send("POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 6\r\n\r\n")
          yield* Deferred.await(reading)
          yield* raw.send("abc")
          yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
          yield* raw.send("def")
          expect(yield* raw.rest).toContain("<6>")
        })
      )
    )
  )

  it.effect("gives the whole text to the next reader when the first was interrupted", () =>
    Effect.flatMap(Deferred.make<void>(), (interrupted) =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const first = yield* Effect.fork(request.text)
          yield* waitUntil(() => bodyOf(request).wanted && bodyOf(request).received === 3)
          yield* Fiber.interrupt(first)
          yield* Deferred.succeed(interrupted, undefined)
          return HttpServerResponse.text(`<${yield* request.text}>`)
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(
            "POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 6\r\n\r\nabc"
          )
          yield* Deferred.await(interrupted)
          yield* raw.send("def")
          expect(yield* raw.rest).toContain("<abcdef>")
        })
      )
    )
  )

  it.effect("gives a body that was read through one view of the request to another view", () =>
    served(
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        const changed = request.modify({ url: "/other" })
        const one = yield* changed.text
        return HttpServerResponse.text(`<${one}|${yield* request.text}|${changed.url}>`)
      }),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(post("/", "abc", "Connection: close\r\n"))
        expect(yield* raw.rest).toContain("<abc|abc|/other>")
      })
    )
  )

  it.effect("does not take a partial upload for complete once the response is complete", () =>
    Effect.flatMap(Deferred.make<Exit.Exit<string, unknown>>(), (read) =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          yield* Stream.runCollect(request.stream).pipe(
            Effect.map(text),
            Effect.exit,
            Effect.flatMap((exit) => Deferred.succeed(read, exit)),
            Effect.forkDaemon
          )
          yield* Effect.yieldNow()
          return HttpServerResponse.text("<early>")
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabc")
          yield* raw.until("<early>")
          yield* raw.send("def")
          const exit = yield* Deferred.await(read)
          expect(Exit.isFailure(exit)).toBe(true)
          yield* raw.send(last("/"))
          yield* raw.rest
          expect(raw.received().split("<early>")).toHaveLength(3)
        })
      )
    )
  )

  it.effect("does not let a reader of an upload wait for the rest once the response is cut off", () =>
    Effect.flatMap(Deferred.make<Exit.Exit<string, unknown>>(), (read) =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          yield* Effect.forkDaemon(
            Effect.flatMap(Effect.exit(request.text), (exit) => Deferred.succeed(read, exit))
          )
          return HttpServerResponse.stream(Stream.fail("no more"))
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabc")
          const exit = yield* Deferred.await(read)
          expect(Exit.isFailure(exit) && String(exit.cause)).toContain("the connection was closed")
        })
      )
    )
  )

  it.effect("requests only the body of the request that is read", () =>
    Effect.flatMap(Queue.unbounded<HttpServerRequest.HttpServerRequest>(), (requests) =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          yield* Queue.offer(requests, request)
          if (request.url === "/wait") yield* Effect.never
          return HttpServerResponse.text("<one>")
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(post("/", "abc"))
          const first = yield* Queue.take(requests)
          yield* raw.until("<one>")
          yield* raw.send(
            "POST /wait HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
          )
          yield* Queue.take(requests)
          expect(yield* first.text).toBe("abc")
          const other = yield* connect
          yield* other.send(last("/"))
          yield* other.rest
          expect(raw.received()).not.toContain("100 Continue")
        })
      )
    )
  )
})
