// Responses that `NodeDecompression` decodes, through our `Client` and through platform's `HttpClient`:
// codings, limits and exceptions.
import { HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as zlib from "node:zlib"
import { Client, type HttpError } from "@httpfx/core"
import { NodeDecompression } from "@httpfx/node"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"

const text = "tea and more tea, ".repeat(2_000)
const zstd = zlib as unknown as { zstdCompressSync(bytes: Uint8Array | string): Buffer }
const hasZstd = "createZstdCompress" in zlib

const world = Layer.provideMerge(Client.layer, MemoryNetwork.layer())
const url = "http://api.test/"

interface Given {
  readonly status?: string
  readonly headers?: ReadonlyArray<string>
  readonly content?: Uint8Array | ReadonlyArray<Uint8Array>
  readonly method?: "GET" | "HEAD"
  readonly asked?: Record<string, string>
  readonly options?: NodeDecompression.Options
}

/**
 * Starts a server that sends these bytes to one request. Returns the request's head and the result of `ask`.
 */
const answering = <A, E>(
  { content = [], headers = [], status = "200 OK" }: Given,
  ask: Effect.Effect<A, E, Client.Client>
) =>
  Effect.gen(function* () {
    const server = yield* RawPeer.listen({ host: "api.test", port: 80 })
    const answer = Effect.gen(function* () {
      const peer = yield* server.accept
      const head = yield* peer.head
      const parts = content instanceof Uint8Array ? [content] : content
      const size = parts.reduce((sum, part) => sum + part.length, 0)
      const length = status.startsWith("204") ? [] : [`Content-Length: ${size}`]
      yield* peer.send([`HTTP/1.1 ${status}`, ...headers, ...length, "", ""].join("\r\n"))
      if (!head.startsWith("HEAD")) for (const part of parts) yield* peer.send(part)
      return { head, peer }
    })
    const [{ head, peer }, result] = yield* Effect.all([answer, Effect.either(ask)], { concurrency: 2 })
    return { head, peer, result }
  }).pipe(Effect.scoped, Effect.provide(world))

interface Got {
  readonly content: Uint8Array
  readonly headers: Readonly<Record<string, unknown>>
}

/** The two client APIs. Each sends a request and returns the content and the fields that a reader sees. */
const faces: Readonly<Record<string, (given: Given) => Effect.Effect<Got, unknown, Client.Client>>> = {
  Client: ({ asked = {}, method = "GET", options }: Given) =>
    Effect.gen(function* () {
      const client = NodeDecompression.decompress(yield* Client.Client, options)
      const response = yield* client.request({ url, method, headers: asked })
      const content = yield* response.bytes
      assert.strictEqual(response.header("Content-Encoding"), response.headers["content-encoding"])
      assert.strictEqual(
        response.rawHeaders.some((name) => /content-length/i.test(name)),
        response.headers["content-length"] !== undefined
      )
      return { content, headers: response.headers }
    }),
  HttpClient: ({ asked = {}, method = "GET", options }: Given) =>
    Effect.gen(function* () {
      const client = (yield* Client.Client).httpClient.pipe(NodeDecompression.decompress(options))
      const response = yield* client.execute(
        HttpClientRequest.make(method)(url).pipe(HttpClientRequest.setHeaders(asked))
      )
      const content = new Uint8Array(yield* response.arrayBuffer)
      return { content, headers: response.headers }
    })
}
const contentErrorOf = (error: unknown) =>
  (error instanceof Error && "cause" in error && error.cause !== undefined ? error.cause : error) as
    HttpError.ContentError | HttpError.InvalidOption

const coded = (coding: string, content: Uint8Array | string = text): Buffer => {
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return zlib.gzipSync(content)
    case "deflate":
      return zlib.deflateSync(content)
    case "raw":
      return zlib.deflateRawSync(content)
    case "br":
      return zlib.brotliCompressSync(content)
    default:
      return zstd.zstdCompressSync(content)
  }
}
const encoding = (...values: ReadonlyArray<string>) => values.map((value) => `Content-Encoding: ${value}`)
const codings = ["gzip", "deflate", "br", ...(hasZstd ? ["zstd"] : [])]

for (const [face, ask] of Object.entries(faces)) {
  const got = (given: Given) =>
    Effect.map(answering(given, ask(given)), ({ head, result }) => {
      if (Either.isLeft(result)) assert.fail(String(result.left))
      const { content, headers } = result.right
      return { head, headers, content: Buffer.from(content).toString() }
    })
  const failureOf = (given: Given) =>
    Effect.map(answering(given, ask(given)), ({ result }) => {
      if (Either.isRight(result)) assert.fail(`decoded ${result.right.content.length} bytes`)
      return contentErrorOf(result.left)
    })

  describe(`${face}: decoded`, () => {
    type Vector = readonly [
      name: string,
      headers: ReadonlyArray<string>,
      content: () => Uint8Array,
      expected?: string
    ]
    const vectors: ReadonlyArray<Vector> = [
      ...codings.map((coding): Vector => [coding, encoding(coding), () => coded(coding)]),
      ["x-gzip", encoding("x-gzip"), () => coded("gzip")],
      ["a name in capitals", encoding("GZIP"), () => coded("gzip")],
      ["deflate without zlib's format", encoding("deflate"), () => coded("raw")],
      [
        "stored deflate without zlib's format",
        encoding("deflate"),
        () => zlib.deflateRawSync("tea", { level: 0 }),
        "tea"
      ],
      ["identity", encoding("identity, gzip"), () => coded("gzip")],
      ["two codings, in one line", encoding("gzip, br"), () => coded("br", coded("gzip"))],
      [
        "three codings, in two lines",
        encoding("deflate , gzip", "br"),
        () => coded("br", coded("gzip", coded("deflate")))
      ],
      [
        "two gzip members",
        encoding("gzip"),
        () => Buffer.concat([coded("gzip"), coded("gzip", "end")]),
        `${text}end`
      ],
      ["gzip of nothing", encoding("gzip"), () => coded("gzip", ""), ""],
      ["no byte at all", encoding("gzip"), () => new Uint8Array(0), ""],
      ...(hasZstd
        ? ([
            [
              "two zstd frames",
              encoding("zstd"),
              () => Buffer.concat([coded("zstd"), coded("zstd", "end")]),
              `${text}end`
            ],
            [
              "zstd frames that are skipped",
              encoding("zstd"),
              () =>
                Buffer.concat([
                  Buffer.from("502a4d1803000000616263", "hex"),
                  coded("zstd", "end"),
                  Buffer.from("5f2a4d1800000000", "hex")
                ]),
              "end"
            ]
          ] as const)
        : [])
    ]
    for (const [name, headers, make, expected = text] of vectors) {
      it.effect(`${name}, in one piece and byte by byte`, () =>
        Effect.gen(function* () {
          const content = make()
          const whole = yield* got({ headers, content })
          assert.strictEqual(whole.content, expected)
          assert.isUndefined(whole.headers["content-encoding"])
          assert.isUndefined(whole.headers["content-length"])
          const bytes = Array.from(content, (byte) => Uint8Array.of(byte))
          assert.strictEqual((yield* got({ headers, content: bytes })).content, expected)
        })
      )
    }
  })

  describe(`${face}: not decoded`, () => {
    const gzip = coded("gzip")
    const vectors: Readonly<Record<string, Given>> = {
      "without a coding": { content: gzip },
      "an unknown coding": { headers: encoding("sdch"), content: gzip },
      "an unknown coding among others": { headers: encoding("gzip, sdch, gzip, gzip, gzip"), content: gzip },
      "a coding that is not in the options": {
        headers: encoding("gzip"),
        content: gzip,
        options: { codings: ["br"] }
      },
      "206": { status: "206 Partial Content", headers: encoding("gzip"), content: gzip },
      "a range": { headers: [...encoding("gzip"), "Content-Range: bytes 0-9/99"], content: gzip },
      "304": { status: "304 Not Modified", headers: encoding("gzip") },
      "204": { status: "204 No Content", headers: encoding("gzip") },
      HEAD: { method: "HEAD", headers: encoding("gzip"), content: gzip }
    }
    for (const [name, given] of Object.entries(vectors)) {
      it.effect(name, () =>
        Effect.gen(function* () {
          const { content, headers } = yield* got(given)
          const sent =
            given.content instanceof Uint8Array && given.method !== "HEAD" ? given.content : new Uint8Array(0)
          assert.strictEqual(content, Buffer.from(sent).toString())
          assert.strictEqual(
            headers["content-encoding"],
            given.headers
              ?.find((line) => line.startsWith("Content-Encoding"))
              ?.slice("Content-Encoding: ".length)
          )
        })
      )
    }
  })

  describe(`${face}: Accept-Encoding`, () => {
    const all = codings.join(", ")
    const vectors: ReadonlyArray<[name: string, given: Given, expected: RegExp | undefined]> = [
      ["names all codings", {}, new RegExp(`\r\naccept-encoding: ${all}\r\n`, "i")],
      [
        "names those of the options",
        { options: { codings: ["br", "gzip"] } },
        /\r\naccept-encoding: br, gzip\r\n/i
      ],
      ["is identity without any", { options: { codings: [] } }, /\r\naccept-encoding: identity\r\n/i],
      [
        "is the request's own",
        { asked: { "ACCEPT-encoding": "br;q=0.1" } },
        /\r\naccept-encoding: br;q=0.1\r\n/i
      ],
      ["is not added to Range", { asked: { Range: "bytes=0-1" } }, undefined]
    ]
    for (const [name, given, expected] of vectors) {
      it.effect(name, () =>
        Effect.map(got(given), ({ head }) => {
          const lines = head.match(/accept-encoding/gi) ?? []
          assert.strictEqual(lines.length, expected === undefined ? 0 : 1)
          if (expected !== undefined) assert.match(head, expected)
        })
      )
    }

    it.effect("is not sent, and nothing is decoded, within `Client.without`", () =>
      Effect.gen(function* () {
        const given = { headers: encoding("gzip"), content: coded("gzip") }
        const { head, result } = yield* answering(given, Client.without("decompression")(ask(given)))
        assert.notMatch(head, /accept-encoding/i)
        const { content, headers } = Either.getOrThrow(result)
        assert.strictEqual(headers["content-encoding"], "gzip")
        assert.isTrue(Buffer.from(content).equals(given.content))
      })
    )

    it.effect("set by the request does not prevent decoding", () =>
      Effect.map(
        got({ headers: encoding("gzip"), content: coded("gzip"), asked: { "Accept-Encoding": "gzip" } }),
        ({ content }) => assert.strictEqual(content, text)
      )
    )
  })

  describe(`${face}: typed errors`, () => {
    type Vector = readonly [
      name: string,
      coding: string,
      content: () => Uint8Array,
      code: HttpError.InvalidContent["code"]
    ]
    const invalid = "ERR_HTTPFX_CONTENT_INVALID"
    const truncated = "ERR_HTTPFX_CONTENT_TRUNCATED"
    const trailing = "ERR_HTTPFX_CONTENT_TRAILING"
    const garbage = (coding: string, rest: string | Uint8Array = "garbage") =>
      Buffer.concat([coded(coding), Buffer.from(rest)])
    const flipped = (coding: string, at: number) => {
      const bytes = coded(coding)
      bytes[at < 0 ? bytes.length + at : at]! ^= 0xff
      return bytes
    }
    const vectors: ReadonlyArray<Vector> = [
      ...["gzip", "deflate", "br", ...(hasZstd ? ["zstd"] : [])].flatMap((coding): ReadonlyArray<Vector> => [
        ["cut by a byte", coding, () => coded(coding).subarray(0, -1), truncated],
        ["cut in its middle", coding, () => coded(coding).subarray(0, 20), truncated],
        ["one byte of it", coding, () => coded(coding).subarray(0, 1), truncated],
        ["with garbage behind it", coding, () => garbage(coding), trailing],
        ["with zeros behind it", coding, () => garbage(coding, new Uint8Array(8)), trailing]
      ]),
      ["without zlib's format, cut by a byte", "deflate", () => coded("raw").subarray(0, -1), truncated],
      ["without zlib's format, with garbage behind it", "deflate", () => garbage("raw"), trailing],
      ["twice", "deflate", () => garbage("deflate", coded("deflate")), trailing],
      ["twice", "br", () => garbage("br", coded("br")), trailing],
      ["with a wrong checksum", "gzip", () => flipped("gzip", -8), invalid],
      ["with a wrong length", "gzip", () => flipped("gzip", -4), invalid],
      ["with a wrong checksum", "deflate", () => flipped("deflate", -1), invalid],
      ["of another method", "gzip", () => flipped("gzip", 2), invalid],
      ["that is text", "gzip", () => Buffer.from("<html>not coded</html>"), invalid],
      ["that is text", "br", () => Buffer.from("<html>not coded</html>"), invalid],
      [
        "with a dictionary",
        "deflate",
        () => zlib.deflateSync(text, { dictionary: Buffer.from("tea") }),
        invalid
      ],
      ["in the other coding", "gzip", () => coded("br"), invalid],
      [
        "of a second member that is cut",
        "gzip",
        () => garbage("gzip", coded("gzip").subarray(0, -1)),
        truncated
      ],
      ...(hasZstd
        ? ([
            ["that is text", "zstd", () => Buffer.from("<html>not coded</html>"), invalid],
            [
              "of a second frame that is cut",
              "zstd",
              () => garbage("zstd", coded("zstd").subarray(0, -1)),
              truncated
            ],
            [
              "of a frame that is skipped and cut",
              "zstd",
              () => garbage("zstd", Buffer.from("502a4d180300000061", "hex")),
              truncated
            ],
            // A zstd frame header that declares a window of 16 MiB. RFC 9659 allows 8 MiB.
            [
              "with a window that is too large",
              "zstd",
              () => Buffer.from("28b52ffd007001000061", "hex"),
              invalid
            ]
          ] as const)
        : [])
    ]
    for (const [name, coding, make, code] of vectors) {
      it.effect(`${coding} ${name}, in one piece and byte by byte`, () =>
        Effect.gen(function* () {
          const content = make()
          const headers = encoding(coding)
          assert.deepInclude(yield* failureOf({ headers, content }), { _tag: "InvalidContent", coding, code })
          const bytes = Array.from(content, (byte) => Uint8Array.of(byte))
          assert.deepInclude(yield* failureOf({ headers, content: bytes }), {
            _tag: "InvalidContent",
            coding,
            code
          })
        })
      )
    }

    const zeros = (size: number) => coded("gzip", new Uint8Array(size))
    const limits: Readonly<Record<string, readonly [Given, Record<string, unknown> | undefined]>> = {
      "size, not exceeded": [{ content: coded("gzip"), options: { maxSize: text.length } }, undefined],
      "size, exceeded by a byte": [
        { content: coded("gzip"), options: { maxSize: text.length - 1 } },
        { _tag: "DecodedTooLarge", limit: "maxSize", allowed: text.length - 1 }
      ],
      "ratio, but not more than 1 MiB": [{ content: zeros(1024 * 1024) }, undefined],
      "ratio of a bomb": [
        { content: zeros(10_000_000) },
        { _tag: "DecodedTooLarge", limit: "maxRatio", allowed: 200 }
      ],
      "ratio, not exceeded": [{ content: zeros(10_000_000), options: { maxRatio: 1100 } }, undefined],
      "ratio, unlimited": [{ content: zeros(10_000_000), options: { maxRatio: Infinity } }, undefined],
      // Each coding compresses by a factor of about 1030, and both together by more than 100,000.
      "ratio of an inner coding": [
        {
          headers: encoding("gzip, gzip"),
          content: coded("gzip", zeros(50_000_000)),
          options: { maxRatio: 1100 }
        },
        { _tag: "DecodedTooLarge", limit: "maxRatio" }
      ],
      // Splitting all frames of the piece in advance would fail because of their number.
      ...(hasZstd
        ? {
            "size, exceeded before very many zstd frames": [
              {
                headers: encoding("zstd"),
                content: Buffer.concat([
                  coded("zstd"),
                  Buffer.from("502a4d1800000000".repeat(200_000), "hex")
                ]),
                options: { maxSize: 1 }
              },
              { _tag: "DecodedTooLarge", limit: "maxSize" }
            ] as const
          }
        : {}),
      "number of codings": [
        { headers: encoding("gzip, gzip", "gzip,,gzip"), content: coded("gzip") },
        { _tag: "TooManyCodings", codings: 4, limit: 3 }
      ],
      "number of codings of the options": [
        { headers: encoding("gzip, gzip"), content: coded("gzip"), options: { maxCodings: 1 } },
        { _tag: "TooManyCodings", codings: 2, limit: 1 }
      ]
    }
    for (const [name, [given, expected]] of Object.entries(limits)) {
      it.effect(`limit: ${name}`, () =>
        Effect.gen(function* () {
          const full = { headers: encoding("gzip"), ...given }
          if (expected === undefined) yield* got(full)
          else assert.deepInclude(yield* failureOf(full), expected)
        })
      )
    }

    const options: ReadonlyArray<[options: object, option: string]> = [
      [{ maxSize: -1 }, "maxSize"],
      [{ maxRatio: 0 }, "maxRatio"],
      [{ maxRatio: NaN }, "maxRatio"],
      [{ maxCodings: 0 }, "maxCodings"],
      [{ codings: ["identity"] }, "codings"],
      [{ size: 1 }, "size"]
    ]
    for (const [given, option] of options) {
      it.effect(`${JSON.stringify(given)} is refused`, () =>
        Effect.gen(function* () {
          const error = contentErrorOf(yield* Effect.flip(ask({ options: given })))
          assert.deepInclude(error, { _tag: "InvalidOption", option })
        }).pipe(Effect.provide(world))
      )
    }
  })
}
