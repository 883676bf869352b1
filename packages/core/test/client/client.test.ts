// The bytes of requests that the client sends, and the responses that it reads, with a scripted server.
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Client } from "@httpfx/core"
import { presets } from "@httpfx/core/wire"
import { RawPeer } from "@httpfx/testing"
import { networks } from "../support/networks.js"
import { ok, withClient } from "../support/withClient.js"

const bytes = (text: string) => new TextEncoder().encode(text)

describe.each(networks)("Client on %s", (_, network) => {
  const run = withClient(network)

  /** Returns the bytes of a request. The response is an empty 200. */
  const wireOf = (request: (url: string) => Client.Request<never>, upTo = "\r\n\r\n") =>
    Effect.gen(function* () {
      const { accept, url } = yield* RawPeer.listen()
      const fiber = yield* Effect.fork(Client.request(request(url)))
      const raw = yield* accept
      const text = yield* raw.until(upTo)
      yield* raw.send(ok(""))
      yield* fiber
      return text.replaceAll(new URL(url).host, "HOST")
    })

  /** Sends `answer` to a request, then FIN, and returns the response that the client reads. */
  const answered = (
    method: string,
    answer: string | ReadonlyArray<string>,
    request: Partial<Client.Request> = {}
  ) =>
    Effect.gen(function* () {
      const { accept, url } = yield* RawPeer.listen()
      const fiber = yield* Effect.fork(Client.request({ ...request, method, url }))
      const raw = yield* accept
      yield* raw.head
      for (const part of typeof answer === "string" ? [answer] : answer) {
        yield* raw.send(part)
        yield* Effect.yieldNow()
      }
      yield* raw.end
      return yield* fiber
    })

  describe("writes", () => {
    it.effect("a GET with only the required fields", () =>
      run(
        Effect.gen(function* () {
          assert.strictEqual(
            yield* wireOf((url) => ({ url: `${url}/a?b=c` })),
            "GET /a?b=c HTTP/1.1\r\nHost: HOST\r\nConnection: keep-alive\r\n\r\n"
          )
        })
      )
    )

    it.effect("header fields in the order and case given, repeated ones too", () =>
      run(
        Effect.gen(function* () {
          assert.strictEqual(
            yield* wireOf((url) => ({ url, headers: ["X-b", "1", "x-A", "2", "X-b", "3", "host", "other"] })),
            "GET / HTTP/1.1\r\nX-b: 1\r\nx-A: 2\r\nX-b: 3\r\nhost: other\r\nConnection: keep-alive\r\n\r\n"
          )
        })
      )
    )

    it.effect("bytes and text with their length", () =>
      run(
        Effect.gen(function* () {
          assert.match(
            yield* wireOf((url) => ({ url, method: "POST", body: "grüß" }), "Ã\u009f"),
            /\r\nContent-Length: 6\r\n\r\ngrÃ¼Ã\u009f$/
          )
          assert.match(
            yield* wireOf((url) => ({ url, method: "PUT", body: bytes("abc") }), "abc"),
            /\r\nContent-Length: 3\r\n\r\nabc$/
          )
          assert.match(yield* wireOf((url) => ({ url, method: "POST" })), /\r\nContent-Length: 0\r\n\r\n$/)
        })
      )
    )

    it.effect("a stream in chunks, or with its given length", () =>
      run(
        Effect.gen(function* () {
          const body = Stream.make(bytes("ab"), bytes(""), bytes("cde"))
          assert.match(
            yield* wireOf((url) => ({ url, method: "POST", body }), "0\r\n\r\n"),
            /\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n$/
          )
          assert.match(
            yield* wireOf((url) => ({ url, method: "POST", body, headers: ["Content-Length", "5"] }), "cde"),
            /\r\nContent-Length: 5\r\n.*\r\n\r\nabcde$/s
          )
        })
      )
    )

    it.effect("bytes as a chunk if the caller asked for chunks", () =>
      run(
        Effect.gen(function* () {
          const headers = ["Transfer-Encoding", "chunked"]
          assert.match(
            yield* wireOf((url) => ({ url, method: "POST", body: "abc", headers }), "0\r\n\r\n"),
            /\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/
          )
        })
      )
    )

    it.effect("credentials of the URL, unless the caller set others", () =>
      run(
        Effect.gen(function* () {
          const withUser = (url: string) => url.replace("http://", "http://a:b@")
          assert.include(yield* wireOf((url) => ({ url: withUser(url) })), "Authorization: Basic YTpi\r\n")
          const own = yield* wireOf((url) => ({ url: withUser(url), headers: ["authorization", "own"] }))
          assert.include(own, "authorization: own\r\n")
          assert.notInclude(own, "Basic")
        })
      )
    )

    it.effect("a target given as parts", () =>
      run(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          const { host, hostname, port } = new URL(url)
          const fiber = yield* Effect.fork(
            Client.request({ method: "OPTIONS", url: { host: hostname, port: Number(port), path: "*" } })
          )
          const raw = yield* accept
          assert.include(yield* raw.head, `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\n`)
          yield* raw.send(ok(""))
          yield* fiber
        })
      )
    )
  })

  describe("refuses before it takes a connection", () => {
    const cases: ReadonlyArray<readonly [string, (url: string) => Client.Request, string]> = [
      ["a method that is not a token", (url) => ({ url, method: "G T" }), "InvalidToken"],
      ["a field name that is not a token", (url) => ({ url, headers: ["a b", "c"] }), "InvalidToken"],
      [
        "a field value with a line break",
        (url) => ({ url, headers: ["a", "b\r\nc: d"] }),
        "InvalidCharacter"
      ],
      [
        "a target with a line break",
        (url) => ({ url: { host: new URL(url).hostname, path: "/a\r\nb" } }),
        "UnescapedCharacters"
      ],
      ["a URL in place of a host", (url) => ({ url: { host: url } }), "InvalidUrl"],
      ["an invalid URL", () => ({ url: "nowhere" }), "InvalidUrl"],
      ["another protocol", () => ({ url: "ftp://a/b" }), "InvalidProtocol"],
      [
        "a length that does not match the body",
        (url) => ({ url, method: "POST", body: "abc", headers: ["content-length", "4"] }),
        "ContentLengthMismatch"
      ],
      ["a body on TRACE", (url) => ({ url, method: "TRACE", body: "abc" }), "BodyNotAllowed"]
    ]
    for (const [name, request, tag] of cases) {
      it.effect(`${name}: ${tag}`, () =>
        run(
          Effect.gen(function* () {
            const { count, url } = yield* RawPeer.listen()
            const error = yield* Effect.flip(Client.request(request(url)))
            assert.strictEqual(error._tag, tag)
            assert.strictEqual(count(), 0)
          })
        )
      )
    }
  })

  describe("reads", () => {
    it.effect("status, phrase, version, and the fields as received", () =>
      run(
        Effect.gen(function* () {
          const response = yield* answered(
            "GET",
            "HTTP/1.0 299 Almost fine\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n"
          )
          assert.strictEqual(response.status, 299)
          assert.strictEqual(response.statusMessage, "Almost fine")
          assert.strictEqual(response.versionMinor, 0)
          assert.deepStrictEqual(response.rawHeaders, ["X-A", "1", "x-a", "2", "Content-Length", "0"])
          assert.strictEqual(response.header("X-a"), "1")
          assert.isFalse(response.reused)
          assert.strictEqual(response.resent, 0)
        })
      )
    )

    const bodies: ReadonlyArray<readonly [string, string, string | ReadonlyArray<string>, string]> = [
      ["a body with a length", "GET", ok("hello"), "hello"],
      ["a body in pieces", "GET", ["HTTP/1.1 200 OK\r\nContent-", "Length: 5\r\n\r\nhe", "llo"], "hello"],
      [
        "chunks",
        "GET",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "hello"
      ],
      ["a body that ends with the connection", "GET", "HTTP/1.1 200 OK\r\n\r\nhello", "hello"],
      ["HTTP/1.0 until the end", "GET", "HTTP/1.0 200 OK\r\n\r\nhello", "hello"],
      ["none for HEAD, whatever its length says", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", ""],
      ["none for 204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", ""],
      ["none for 304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ""],
      ["an empty one", "GET", ok(""), ""]
    ]
    for (const [name, method, answer, expected] of bodies) {
      it.effect(name, () =>
        run(
          Effect.gen(function* () {
            const response = yield* answered(method, answer)
            assert.strictEqual(yield* response.text, expected)
            assert.isTrue(response.complete)
          })
        )
      )
      it.effect(`${name}, as a stream`, () =>
        run(
          Effect.gen(function* () {
            const response = yield* answered(method, answer)
            const text = yield* Stream.mkString(Stream.decodeText(response.body))
            assert.strictEqual(text, expected)
          })
        )
      )
    }

    it.effect("trailers", () =>
      run(
        Effect.gen(function* () {
          const response = yield* answered(
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\nX-Sum: 7\r\nx-sum: 8\r\n\r\n"
          )
          yield* response.bytes
          assert.deepStrictEqual(response.rawTrailers, ["X-Sum", "7", "x-sum", "8"])
        })
      )
    )

    it.effect("informational responses before the final one", () =>
      run(
        Effect.gen(function* () {
          const seen: Array<readonly [number, string, ReadonlyArray<string>]> = []
          const response = yield* answered(
            "GET",
            `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${ok("hello")}`,
            {
              onInformational: ({ rawHeaders, status, statusMessage }) =>
                seen.push([status, statusMessage, rawHeaders])
            }
          )
          assert.deepStrictEqual(seen, [
            [103, "Early Hints", ["Link", "</a>"]],
            [100, "Continue", []]
          ])
          assert.strictEqual(response.status, 200)
          assert.strictEqual(yield* response.text, "hello")
        })
      )
    )

    it.effect("informational responses whose callback throws: a defect of the request alone", () =>
      run(
        Effect.gen(function* () {
          const exit = yield* answered("GET", `HTTP/1.1 103 Early Hints\r\n\r\n${ok("hello")}`, {
            onInformational: () => {
              throw new Error("observer")
            }
          }).pipe(Effect.exit)
          assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
          const client = yield* Client.Client
          yield* Effect.repeat(client.connections, { until: ({ open }) => open === 0 })
        })
      )
    )

    it.effect("the whole body repeatedly, but a stream once", () =>
      run(
        Effect.gen(function* () {
          const whole = yield* answered("GET", ok("hello"))
          assert.strictEqual(yield* whole.text, "hello")
          assert.strictEqual(yield* whole.text, "hello")
          assert.strictEqual(yield* Stream.mkString(Stream.decodeText(whole.body)), "hello")
          const stream = yield* answered("GET", ok("hello"))
          yield* Stream.runDrain(stream.body)
          const error = yield* Effect.flip(stream.text)
          assert.propertyVal(error, "code", "ERR_HTTPFX_BODY_READ")
          assert.propertyVal(yield* Effect.flip(Stream.runDrain(stream.body)), "code", "ERR_HTTPFX_BODY_READ")
        })
      )
    )

    const controlInReason = "HTTP/1.1 200 O\u0001K\r\nContent-Length: 5\r\n\r\nhello"

    it.effect("only RFC 9112, and names the flag that would allow more", () =>
      run(
        Effect.gen(function* () {
          const error = yield* Effect.flip(answered("GET", controlInReason))
          assert.deepInclude(error, { _tag: "ParseError", flag: "looseStatusLine" })
        })
      )
    )

    it.effect("deviations that the flags allow", () =>
      withClient(network, { flags: presets.node })(
        Effect.gen(function* () {
          const response = yield* answered("GET", controlInReason)
          assert.strictEqual(yield* response.text, "hello")
        })
      )
    )

    it.effect("no head above the limits", () =>
      withClient(network, { limits: { maxHeaderSize: 100 } })(
        Effect.gen(function* () {
          const error = yield* Effect.flip(answered("GET", ok("", `X: ${"x".repeat(100)}\r\n`)))
          assert.propertyVal(error, "code", "HPE_HEADER_OVERFLOW")
        })
      )
    )
  })

  it.effect("sends concurrent requests, each on its own connection", () =>
    run(
      Effect.gen(function* () {
        const { accept, count, url } = yield* RawPeer.listen()
        const fibers = yield* Effect.forEach([1, 2, 3], (n) =>
          Effect.fork(Effect.flatMap(Client.request({ url: `${url}/${n}` }), (response) => response.text))
        )
        for (let i = 0; i < 3; i++) {
          const raw = yield* accept
          const text = yield* raw.head
          yield* raw.send(ok(text.slice("GET /".length, "GET /".length + 1)))
        }
        const texts = yield* Effect.forEach(fibers, Fiber.join)
        assert.deepStrictEqual(texts, ["1", "2", "3"])
        assert.strictEqual(count(), 3)
      })
    )
  )
})
