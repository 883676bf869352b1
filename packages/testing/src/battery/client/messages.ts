/**
 * Cases of the client battery about the bytes of requests and the parsing of responses.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Cookies from "@effect/platform/Cookies"
import type { Case } from "./case.js"
import { equal, isTrue } from "../expect.js"
import { bytes, fetched, listen, ok, scripted, started, type RequestOptions } from "./case.js"
import { request } from "../../peer/rawHttp.js"

/** Sends a request, replies with an empty response, and returns the request that the server received. */
const received = (options: RequestOptions) =>
  Effect.gen(function* () {
    const { fiber, peer } = yield* started(options)
    const message = yield* request(peer)
    yield* peer.send(ok(""))
    yield* Fiber.join(fiber)
    return message
  })

/**
 * Sends a request, replies with a scripted response and FIN, and returns the response that the client read.
 */
const answered = (response: string | ReadonlyArray<string>, options: RequestOptions = {}) =>
  Effect.gen(function* () {
    const { fiber, peer } = yield* started(options)
    yield* request(peer)
    yield* peer.sendParts(typeof response === "string" ? [response] : response)
    yield* peer.end
    return yield* Fiber.join(fiber)
  })

const chunks =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n03\r\nllo\r\n0\r\nX-Sum: 7\r\n\r\n"

const bodies: ReadonlyArray<readonly [string, "GET" | "HEAD", string | ReadonlyArray<string>, string]> = [
  ["a body with a length", "GET", ok("hello"), "hello"],
  ["a body in chunks, with extensions and trailers", "GET", chunks, "hello"],
  ["a body that ends with the connection (RFC 9112 §6.3)", "GET", "HTTP/1.1 200 OK\r\n\r\nhello", "hello"],
  ["an HTTP/1.0 body that ends with the connection", "GET", "HTTP/1.0 200 OK\r\n\r\nhello", "hello"],
  ["a head and a body that arrive byte by byte", "GET", Array.from(ok("hello")), "hello"],
  ["chunks that arrive byte by byte", "GET", Array.from(chunks), "hello"],
  [
    "no body for HEAD, whatever its Content-Length",
    "HEAD",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    ""
  ],
  ["no body for 204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", ""],
  ["no body for 304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ""],
  ["an empty body", "GET", ok(""), ""]
]

export const messages: ReadonlyArray<Case> = [
  scripted(
    "sends request line and Host, and no body fields for GET",
    Effect.gen(function* () {
      const { fiber, peer, server } = yield* started()
      const { body, fields, start } = yield* request(peer)
      equal(start, "GET /path?a=b HTTP/1.1", "the request line")
      equal(fields["host"], server.url.slice("http://".length), "Host")
      equal(
        [fields["content-length"], fields["transfer-encoding"], body],
        [undefined, undefined, ""],
        "framing"
      )
      yield* peer.expectNothing()
      yield* peer.send(ok(""))
      yield* Fiber.join(fiber)
    })
  ),
  scripted(
    "sends the fields it is given",
    Effect.gen(function* () {
      const { fields } = yield* received({ headers: { "x-one": "1", "X-Two": "a, b" } })
      equal([fields["x-one"], fields["x-two"]], ["1", "a, b"], "the fields")
    })
  ),
  scripted(
    "sends text and bytes with their length",
    Effect.gen(function* () {
      const text = yield* received({ method: "POST", body: HttpBody.text("grüß") })
      equal([text.fields["content-length"], text.body.length], ["6", 6], "text")
      const binary = yield* received({
        method: "PUT",
        body: HttpBody.uint8Array(Uint8Array.of(0, 13, 10, 255))
      })
      equal([binary.fields["content-length"], binary.body], ["4", "\x00\r\n\xff"], "bytes")
    })
  ),
  scripted(
    "sends Content-Length: 0 for a POST without a body (RFC 9110 §8.6)",
    Effect.gen(function* () {
      equal((yield* received({ method: "POST" })).fields["content-length"], "0", "Content-Length")
    })
  ),
  scripted(
    "sends a streamed body in chunks",
    Effect.gen(function* () {
      const body = HttpBody.stream(Stream.make(bytes("ab"), bytes(""), bytes("cde")))
      const message = yield* received({ method: "POST", body })
      equal([message.fields["transfer-encoding"], message.body], ["chunked", "abcde"], "the body")
    })
  ),
  scripted(
    "never sends a field value that would split the request",
    Effect.gen(function* () {
      const server = yield* listen
      const request = fetched(server.url, { headers: { "x-one": "a\r\nx-two: b" } })
      const exit = yield* Effect.exit(request)
      isTrue(exit._tag === "Failure", "the request went out")
      if (server.count() > 0) equal((yield* server.accept).received(), "", "the wire")
    })
  ),
  ...bodies.map(([name, method, response, body]) =>
    scripted(
      `reads ${name}`,
      Effect.gen(function* () {
        equal((yield* answered(response, { method })).text, body, "the body")
      })
    )
  ),
  scripted(
    "reads status and fields, repeated ones too",
    Effect.gen(function* () {
      const { cookies, headers, status } = yield* answered(
        ok("", "X-One:  1 \r\nx-two: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n").replace(
          "200 OK",
          "299 Fine"
        )
      )
      equal([status, headers["x-one"], headers["x-two"]], [299, "1", "2"], "the head")
      equal(Cookies.toRecord(cookies), { a: "1", b: "2" }, "the cookies")
    })
  ),
  scripted(
    "skips informational responses (RFC 9110 §15.2)",
    Effect.gen(function* () {
      const early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
      equal((yield* answered(early + ok("hello"))).text, "hello", "the body")
    })
  ),
  scripted(
    "a large body is intact in both directions",
    Effect.gen(function* () {
      const text = "0123456789abcdef".repeat(100_000)
      const { fiber, peer } = yield* started({ method: "POST", body: HttpBody.text(text) })
      const message = yield* request(peer)
      isTrue(message.body === text, "the request body was changed")
      yield* peer.send(ok(text))
      isTrue((yield* Fiber.join(fiber)).text === text, "the response body was changed")
    })
  )
]
