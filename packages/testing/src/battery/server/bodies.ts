/**
 * Cases of the server battery about request bodies, backpressure in both directions, and early responses.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Case } from "./case.js"
import { equal, excludes, includes, isTrue, still } from "../expect.js"
import { response } from "../../peer/rawHttp.js"
import {
  byUrl,
  connect,
  echo,
  echoStream,
  get,
  last,
  post,
  served,
  servedWith,
  statuses,
  text
} from "./case.js"

const chunked = (body: string, target = "/") =>
  `POST ${target} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n${body}`

const letters = (length: number) => {
  const line = "abcdefghijklmnopqrstuvwxyz0123456789"
  return line.repeat(Math.ceil(length / line.length)).slice(0, length)
}

/** Removes the framing of complete chunks. */
const decoded = (text: string) => text.replace(/([0-9a-f]+)\r\n([^\r]*)\r\n(\r\n)?/gi, "$2")

const block = new Uint8Array(16_384).fill(120)

export const bodies: ReadonlyArray<Case> = [
  served(
    "a body with a length, and the request after it",
    echo,
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send(post("hello") + post("") + last())
      equal((yield* response(peer)).body, "hello", "the first")
      equal((yield* response(peer)).body, "", "the second")
      equal((yield* response(peer)).body, "", "a GET")
    })
  ),
  served(
    "a body in chunks, with extensions and trailers, and the request after it",
    echo,
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send(
        chunked('2;a=b;c="d"\r\nhe\r\n003\r\nllo\r\nA\r\n0123456789\r\n0\r\nX-Sum: 7\r\n\r\n') + last()
      )
      equal((yield* response(peer)).body, "hello0123456789", "the body")
      equal((yield* response(peer)).body, "", "the next")
    })
  ),
  served(
    "bodies that arrive byte by byte are parsed the same",
    echo,
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.sendParts(post("with a length") + chunked("3\r\nin \r\n6\r\nchunks\r\n0\r\n\r\n"))
      equal((yield* response(peer)).body, "with a length", "the first")
      equal((yield* response(peer)).body, "in chunks", "the second")
    })
  ),
  served(
    "bytes of any value arrive unchanged",
    echoStream,
    Effect.gen(function* () {
      const peer = yield* connect
      const all = String.fromCharCode(...Array.from({ length: 256 }, (_, index) => index))
      yield* peer.send(post(all))
      equal((yield* response(peer)).body, all, "the body")
    })
  ),
  served(
    "a body is received and sent back at the same time",
    echoStream,
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send(chunked("4\r\nabcd\r\n"))
      yield* peer.head
      // The server may split the body in any way, but the first half must arrive before the second half is
      // sent.
      yield* peer.wait("the first half", (unread) => decoded(unread) === "abcd")
      yield* peer.send("3\r\nefg\r\n0\r\n\r\n")
      equal(decoded(yield* peer.until("\r\n0\r\n\r\n")), "abcdefg", "the whole")
    })
  ),
  served(
    "a large body is intact in both directions",
    echoStream,
    Effect.gen(function* () {
      const peer = yield* connect
      const body = letters(3_000_000)
      yield* Effect.fork(peer.send(post(body)))
      isTrue((yield* response(peer)).body === body, "the body was changed")
    })
  ),
  served(
    "Expect: 100-continue gets 100 (Continue) once the app reads the body",
    echo,
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send("POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
      equal(yield* peer.head, "HTTP/1.1 100 Continue\r\n\r\n", "the first response")
      yield* peer.send("data")
      equal((yield* response(peer)).body, "data", "the final response")
    })
  ),
  served(
    "Expect: 100-continue gets only the final response if the app reads no body",
    Effect.succeed(HttpServerResponse.empty({ status: 403 })),
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send("POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
      equal((yield* response(peer)).start, "HTTP/1.1 403 Forbidden", "the only response")
    })
  ),
  served(
    "an unread body is never parsed as a request",
    byUrl({ "/": text("early"), "/smuggled": text("smuggled") }),
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send(post(get("/smuggled")) + last())
      const all = yield* peer.rest
      excludes(all, "smuggled", "the responses")
      includes(all, "early", "the responses")
    })
  ),
  served(
    "a response sent before a large body has arrived reaches the client",
    Effect.succeed(HttpServerResponse.text("too large", { status: 413 })),
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000000\r\n\r\nbegin")
      equal((yield* response(peer)).body, "too large", "the response")
    })
  ),
  servedWith(
    "an unread body puts backpressure on the client until the app reads it",
    Effect.map(Deferred.make<void>(), (gate) => ({
      app: Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        yield* Deferred.await(gate)
        const size = yield* Stream.runFold(request.stream, 0, (sum, part) => sum + part.length)
        return HttpServerResponse.text(`read ${size}`)
      }),
      test: Effect.gen(function* () {
        const peer = yield* connect
        const size = 20 * 1024 * 1024
        yield* peer.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${size}\r\n\r\n`)
        for (let sent = 0; sent < size; sent += block.length) peer.transport.write(block)
        // The system and the server buffer some bytes, but most of the body must still wait in the client's
        // send buffer.
        const left = yield* still(() => peer.transport.buffered)
        isTrue(left > size / 4, `only ${left} of ${size} bytes were held back`)
        yield* Deferred.succeed(gate, undefined)
        const { body, start } = yield* response(peer)
        equal([start, body], ["HTTP/1.1 200 OK", `read ${size}`], "the response")
      })
    }))
  ),
  servedWith(
    "a client that stops reading puts backpressure on the response, and later gets all of it",
    Effect.sync(() => {
      const count = 1280
      let pulled = 0
      const stream = Stream.repeatEffect(Effect.sync(() => (pulled++, block))).pipe(Stream.take(count))
      return {
        app: Effect.succeed(HttpServerResponse.stream(stream, { contentLength: count * block.length })),
        test: Effect.gen(function* () {
          const peer = yield* connect
          yield* peer.send(last())
          yield* peer.head
          yield* peer.pause
          const before = yield* still(() => pulled)
          isTrue(before < count, "the whole body was pulled although the client did not read")
          yield* peer.resume
          equal((yield* peer.rest).length, count * block.length, "bytes of the body")
          equal(pulled, count, "parts pulled")
        })
      }
    })
  ),
  served(
    "responses to pipelined requests with bodies come in order",
    echo,
    Effect.gen(function* () {
      const peer = yield* connect
      const sent = Array.from({ length: 20 }, (_, index) => `body ${index}`)
      yield* peer.send(sent.map((body) => post(body)).join("") + last("/end"))
      for (const body of sent) equal((yield* response(peer)).body, body, "the response")
      equal(statuses(yield* peer.rest), [200], "the last")
    })
  )
]
