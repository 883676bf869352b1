/**
 * Preconditions and ranges (RFC 9110 §13, §14), as tables of request fields and resulting statuses. On the
 * network in memory, in virtual time.
 */
import { HttpClient, HttpServer, HttpServerRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ConditionalRequests } from "@httpfx/core"
import { RawPeer, TestServer } from "@httpfx/testing"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

const bytes = Uint8Array.from({ length: 1000 }, (_, index) => 97 + (index % 26))
const text = new TextDecoder().decode(bytes)
const now = Date.UTC(2026, 10, 30, 12)
const modified = "Sun, 29 Nov 2026 10:00:00 GMT"
const before = "Sun, 29 Nov 2026 09:59:59 GMT"
const after = "Sun, 29 Nov 2026 10:00:01 GMT"

const representation = (size: number): ConditionalRequests.Representation => ({
  size,
  // Read in small pieces, because a range of a file also arrives in many pieces.
  read: (offset, length) =>
    Stream.rechunk(Stream.fromIterable(bytes.subarray(offset, offset + length)), 7).pipe(
      Stream.chunks,
      Stream.map((chunk) => Uint8Array.from(chunk))
    )
})

const resource = (
  headers: Record<string, string>,
  { size = 1000, status = 200 }: { size?: number; status?: number } = {}
) =>
  ConditionalRequests.response(representation(size), {
    status,
    headers: { "cache-control": "max-age=60", vary: "accept", ...headers },
    contentType: "text/plain"
  })

const dated = { "last-modified": modified }
const strong = { etag: '"v1"', ...dated }
const weak = { etag: 'W/"v1"', ...dated }
const resources = {
  strong: resource(strong),
  weak: resource(weak),
  dated: resource(dated),
  bare: resource({}),
  fresh: resource({ "last-modified": "Mon, 30 Nov 2026 12:00:00 GMT" }),
  spaced: resource({ etag: '"a b, c"' }),
  malformed: resource({ etag: "v1", ...dated }),
  empty: resource(strong, { size: 0 }),
  whole: resource({ "accept-ranges": "none", ...strong }),
  created: resource(strong, { status: 201 }),
  missing: resource(strong, { status: 404 })
}
const app = Effect.map(
  HttpServerRequest.HttpServerRequest,
  ({ url }) => resources[url.slice(1) as keyof typeof resources]
)

const served = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  Effect.zipRight(TestClock.setTime(now), test).pipe(Effect.scoped, Effect.provide(TestServer.serve(app)))

type Row = readonly [of: keyof typeof resources, fields: Record<string, string>, expected: number]

const preconditions: ReadonlyArray<Row> = [
  ["strong", {}, 200],
  // §13.1.1, `If-Match` uses the strong comparison.
  ["strong", { "if-match": '"v1"' }, 200],
  ["strong", { "if-match": '"v0", "v1"' }, 200],
  ["strong", { "if-match": "*" }, 200],
  ["strong", { "if-match": '"v0"' }, 412],
  ["strong", { "if-match": 'W/"v1"' }, 412],
  ["weak", { "if-match": 'W/"v1"' }, 412],
  ["weak", { "if-match": '"v1"' }, 412],
  ["dated", { "if-match": '"v1"' }, 412],
  ["dated", { "if-match": "*" }, 200],
  // A malformed `If-Match` matches nothing.
  ["strong", { "if-match": "v1" }, 412],
  ["strong", { "if-match": '"v1" "v2"' }, 412],
  ["strong", { "if-match": '"v1", v2' }, 412],
  ["strong", { "if-match": "" }, 412],
  // §13.1.2, `If-None-Match` uses the weak comparison.
  ["strong", { "if-none-match": '"v1"' }, 304],
  ["strong", { "if-none-match": 'W/"v1"' }, 304],
  ["weak", { "if-none-match": '"v1"' }, 304],
  ["weak", { "if-none-match": 'W/"v1"' }, 304],
  ["strong", { "if-none-match": "*" }, 304],
  ["bare", { "if-none-match": "*" }, 304],
  ["strong", { "if-none-match": ' , "v0" ,, W/"v1" ,' }, 304],
  ["strong", { "if-none-match": '"v0","v1"' }, 304],
  ["strong", { "if-none-match": '"v0"' }, 200],
  ["strong", { "if-none-match": '"V1"' }, 200],
  ["strong", { "if-none-match": '""' }, 200],
  ["strong", { "if-none-match": "v1" }, 200],
  ["strong", { "if-none-match": '"v1' }, 200],
  ["strong", { "if-none-match": 'w/"v1"' }, 200],
  ["strong", { "if-none-match": '*, "v1"' }, 200],
  ["strong", { "if-none-match": '"v1"; q=1' }, 200],
  ["dated", { "if-none-match": '"v1"' }, 200],
  ["malformed", { "if-none-match": '"v1"' }, 200],
  ["malformed", { "if-none-match": "v1" }, 200],
  ["spaced", { "if-none-match": '"x", "a b, c"' }, 304],
  ["spaced", { "if-none-match": '"a b"' }, 200],
  // §13.1.3, `If-Modified-Since`.
  ["strong", { "if-modified-since": modified }, 304],
  ["strong", { "if-modified-since": after }, 304],
  ["strong", { "if-modified-since": before }, 200],
  ["strong", { "if-modified-since": "Sunday, 29-Nov-26 10:00:00 GMT" }, 304],
  ["strong", { "if-modified-since": "Sun Nov 29 10:00:00 2026" }, 304],
  ["strong", { "if-modified-since": "Sun Nov 29 09:59:59 2026" }, 200],
  ["strong", { "if-modified-since": "2026-11-29T10:00:00Z" }, 200],
  ["strong", { "if-modified-since": `${modified}, ${modified}` }, 200],
  ["strong", { "if-modified-since": "Tue, 31 Nov 2026 10:00:00 GMT" }, 200],
  ["bare", { "if-modified-since": modified }, 200],
  // §13.1.4, `If-Unmodified-Since`.
  ["strong", { "if-unmodified-since": modified }, 200],
  ["strong", { "if-unmodified-since": before }, 412],
  ["strong", { "if-unmodified-since": "Sun Nov 29 09:59:59 2026" }, 412],
  ["strong", { "if-unmodified-since": "yesterday" }, 200],
  ["bare", { "if-unmodified-since": before }, 200],
  // §13.2.2, order: `If-Match` before `If-Unmodified-Since`, `If-None-Match` before `If-Modified-Since`.
  ["strong", { "if-match": '"v1"', "if-unmodified-since": before }, 200],
  ["strong", { "if-match": '"v0"', "if-unmodified-since": modified }, 412],
  ["strong", { "if-none-match": '"v0"', "if-modified-since": modified }, 200],
  ["strong", { "if-none-match": '"v1"', "if-modified-since": before }, 304],
  ["strong", { "if-match": '"v0"', "if-none-match": '"v1"' }, 412],
  ["strong", { "if-match": '"v1"', "if-none-match": '"v1"' }, 304],
  ["strong", { "if-unmodified-since": before, "if-none-match": '"v1"' }, 412],
  ["strong", { "if-none-match": '"v1"', range: "bytes=0-4" }, 304],
  ["strong", { "if-match": '"v0"', range: "bytes=9999-" }, 412],
  // §13.2.1, a precondition is evaluated only if the response would otherwise be a success.
  ["missing", { "if-none-match": '"v1"' }, 404],
  ["missing", { "if-match": '"v0"' }, 404],
  ["missing", { range: "bytes=0-4" }, 404],
  ["created", { range: "bytes=0-4" }, 201],
  // §13.1.5, `If-Range`.
  ["strong", { range: "bytes=0-4", "if-range": '"v1"' }, 206],
  ["strong", { range: "bytes=0-4", "if-range": '"v0"' }, 200],
  ["strong", { range: "bytes=0-4", "if-range": 'W/"v1"' }, 200],
  ["weak", { range: "bytes=0-4", "if-range": 'W/"v1"' }, 200],
  ["strong", { range: "bytes=0-4", "if-range": modified }, 206],
  ["strong", { range: "bytes=0-4", "if-range": "Sun Nov 29 10:00:00 2026" }, 206],
  ["strong", { range: "bytes=0-4", "if-range": after }, 200],
  ["strong", { range: "bytes=0-4", "if-range": before }, 200],
  ["strong", { range: "bytes=0-4", "if-range": "v1" }, 200],
  ["strong", { range: "bytes=0-4", "if-range": '"v1", "v2"' }, 200],
  ["fresh", { range: "bytes=0-4", "if-range": "Mon, 30 Nov 2026 12:00:00 GMT" }, 200],
  ["bare", { range: "bytes=0-4", "if-range": modified }, 200],
  ["strong", { range: "bytes=9999-", "if-range": '"v0"' }, 200],
  ["strong", { "if-range": '"v0"' }, 200],
  // §14.2, a range needs no validator. `Accept-Ranges: none` disables ranges.
  ["bare", { range: "bytes=0-4" }, 206],
  ["whole", { range: "bytes=0-4" }, 200]
]

const get = (of: string, headers: Record<string, string>) =>
  Effect.flatMap(HttpClient.get(`/${of}`, { headers }), (response) =>
    Effect.map(response.text, (body) => ({ status: response.status, headers: response.headers, body }))
  )

describe("preconditions", () => {
  it.effect.each(preconditions)("%s %j is %d", ([of, fields, expected]) =>
    served(
      Effect.gen(function* () {
        const { body, status } = yield* get(of, fields)
        assert.strictEqual(status, expected)
        if (status === 200 || status === 404 || status === 201) assert.strictEqual(body, text)
        if (status === 304 || status === 412) assert.strictEqual(body, "")
        if (status === 206) assert.strictEqual(body, text.slice(0, 5))
        // HEAD gets the status that GET would get, but never 206.
        const head = yield* HttpClient.head(`/${of}`, { headers: fields })
        assert.strictEqual(head.status, expected === 206 ? 200 : expected)
        // Preconditions for other methods must be checked before the method has an effect, so the response is
        // unchanged.
        const post = yield* HttpClient.post(`/${of}`, { headers: fields })
        assert.strictEqual(post.status, resources[of].status)
      })
    )
  )

  it.effect("304 keeps the fields that a cache needs, and 412 and 416 keep no fields for caches", () =>
    served(
      Effect.gen(function* () {
        const fieldsOf = ({ headers }: { headers: Record<string, string> }) =>
          Object.fromEntries(
            Object.entries(headers).filter(([name]) => !["date", "keep-alive", "connection"].includes(name))
          )
        const validators = { etag: '"v1"', "last-modified": modified }
        const cached = { "cache-control": "max-age=60", vary: "accept" }
        assert.deepStrictEqual(fieldsOf(yield* get("strong", {})), {
          ...validators,
          ...cached,
          "accept-ranges": "bytes",
          "content-length": "1000",
          "content-type": "text/plain"
        })
        assert.deepStrictEqual(fieldsOf(yield* get("strong", { "if-none-match": "*" })), {
          ...validators,
          ...cached
        })
        assert.deepStrictEqual(fieldsOf(yield* get("strong", { "if-match": '"v0"' })), {
          vary: "accept",
          "content-length": "0"
        })
        assert.deepStrictEqual(fieldsOf(yield* get("strong", { range: "bytes=1000-" })), {
          vary: "accept",
          "accept-ranges": "bytes",
          "content-length": "0",
          "content-range": "bytes */1000"
        })
        assert.deepStrictEqual(fieldsOf(yield* get("strong", { range: "bytes=1-2" })), {
          ...validators,
          ...cached,
          "accept-ranges": "bytes",
          "content-length": "2",
          "content-range": "bytes 1-2/1000",
          "content-type": "text/plain"
        })
      })
    )
  )
})

/** Values of `Range` and the result for 1000 bytes: the parts, all bytes (200) or no bytes (416). */
const ranges: ReadonlyArray<readonly [field: string, expected: 200 | 416 | ReadonlyArray<string>]> = [
  ["bytes=0-4", ["0-4"]],
  ["bytes=0-0", ["0-0"]],
  ["bytes=999-999", ["999-999"]],
  ["bytes=990-", ["990-999"]],
  ["bytes=0-", ["0-999"]],
  ["bytes=0-9999", ["0-999"]],
  ["bytes=0-99999999999999999999999999", ["0-999"]],
  ["bytes=-1", ["999-999"]],
  ["bytes=-5", ["995-999"]],
  ["bytes=-1000", ["0-999"]],
  ["bytes=-99999999999999999999999999", ["0-999"]],
  ["BYTES=0-4", ["0-4"]],
  ["bytes=00-04", ["0-4"]],
  ["bytes= 0-4", ["0-4"]],
  ["bytes=,, 0-4 ,", ["0-4"]],
  // The range selects no bytes.
  ["bytes=1000-", 416],
  ["bytes=1000-1001", 416],
  ["bytes=99999999999999999999999999-", 416],
  ["bytes=-0", 416],
  ["bytes=1000-,-0", 416],
  // A malformed range, or a range in another unit, is ignored as a whole.
  ["bytes", 200],
  ["bytes=", 200],
  ["bytes=,", 200],
  ["bytes=-", 200],
  ["bytes=4-0", 200],
  ["bytes=99999999999999999999999999-99999999999999999999999998", 200],
  ["bytes=0-4,4-0", 200],
  ["bytes=0-4,x", 200],
  ["bytes=x-4", 200],
  ["bytes=0-x", 200],
  ["bytes=0-4-5", 200],
  ["bytes=+0-4", 200],
  ["bytes=0-4;1-2", 200],
  ["bytes=0 -4", 200],
  ["bytes = 0-4", 200],
  ["bytes 0-4", 200],
  ["bytes=0x0-4", 200],
  ["bytes=1e1-", 200],
  ["bytes=0.0-4", 200],
  ["bytes=--5", 200],
  ["items=0-4", 200],
  ["0-4", 200],
  // Several ranges are sent in the order of the request. Unsatisfiable ranges are left out.
  ["bytes=0-1,500-501", ["0-1", "500-501"]],
  ["bytes=500-501,0-1", ["500-501", "0-1"]],
  ["bytes=0-1,5000-,-2", ["0-1", "998-999"]],
  ["bytes=0-1,5000-", ["0-1"]],
  // Ranges that overlap, touch or nearly touch are merged into one part, at the place of the first range.
  ["bytes=0-9,5-14", ["0-14"]],
  ["bytes=0-9,10-19", ["0-19"]],
  ["bytes=500-501,20-29,0-9", ["500-501", "0-29"]],
  ["bytes=0-,0-,0-,0-", ["0-999"]],
  ["bytes=5-6,0-999", ["0-999"]],
  ["bytes=-1,0-0,-1", ["999-999", "0-0"]],
  [`bytes=${"0-,".repeat(32)}`, ["0-999"]],
  // More ranges than the limit permits are ignored.
  [`bytes=${"0-,".repeat(33)}`, 200],
  [`bytes=${"5000-,".repeat(33)}`, 200]
]

/** Parses a multipart/byteranges body. Returns the range and the bytes of each part. */
const partsOf = (contentType: string, body: string): ReadonlyArray<readonly [string, string]> => {
  const [, boundary] = /^multipart\/byteranges; boundary=([\w-]{1,70})$/.exec(contentType) ?? []
  assert.isString(boundary)
  const [preamble, ...rest] = `\r\n${body}`.split(`\r\n--${boundary}`)
  assert.strictEqual(preamble, "")
  assert.strictEqual(rest.pop(), "--\r\n")
  return rest.map((part) => {
    const [, range, content] =
      /^\r\nContent-Type: text\/plain\r\nContent-Range: bytes (\d+-\d+)\/1000\r\n\r\n([^]*)$/.exec(part) ?? []
    return [range!, content!] as const
  })
}

const selected = ({ body, headers, status }: Effect.Effect.Success<ReturnType<typeof get>>) => {
  if (status !== 206) return status
  const type = headers["content-type"]!
  const [, only] = /^bytes (\d+-\d+)\/1000$/.exec(headers["content-range"] ?? "") ?? []
  const parts = only === undefined ? partsOf(type, body) : [[only, body] as const]
  for (const [range, content] of parts) {
    const [first, last] = range.split("-")
    assert.strictEqual(content, text.slice(+first!, +last! + 1))
  }
  if (only !== undefined) assert.strictEqual(type, "text/plain")
  else assert.isTrue(parts.length > 1)
  return parts.map(([range]) => range)
}

describe("ranges", () => {
  it.effect.each(ranges)("%s selects %j", ([range, expected]) =>
    served(
      Effect.gen(function* () {
        const response = yield* get("strong", { range })
        assert.deepStrictEqual<unknown>(selected(response), expected)
        assert.strictEqual(response.headers["content-length"], String(response.body.length))
        if (expected === 200) assert.strictEqual(response.body, text)
        if (expected === 416) assert.strictEqual(response.headers["content-range"], "bytes */1000")
      })
    )
  )

  // If the time grew with the square of the length, this test would take hours.
  it.effect.each([" ", "\t", ", ", ",\t "])("a long run of %j inside an element is read in one pass", (run) =>
    Effect.gen(function* () {
      const range = `bytes=0-1${run.repeat(2_000_000)}x`
      const request = HttpServerRequest.fromWeb(new Request("http://a.test/", { headers: { range } }))
      const { status } = yield* ConditionalRequests.respond(request, resources.strong)
      assert.strictEqual(status, 200)
    })
  )

  it.effect.each([
    ["bytes=0-", 416],
    ["bytes=0-0", 416],
    ["bytes=-0", 416],
    ["bytes=-5", 200],
    ["x", 200]
  ] as const)("%s of nothing is %d", ([range, expected]) =>
    served(
      Effect.gen(function* () {
        const { body, headers, status } = yield* get("empty", { range })
        assert.deepStrictEqual([status, body, headers["content-length"]], [expected, "", "0"])
        assert.strictEqual(headers["content-range"], expected === 416 ? "bytes */0" : undefined)
      })
    )
  )

  it.effect("an invalid content type gets no multipart body, which would contain it unchecked", () =>
    Effect.gen(function* () {
      const contentType = "text/plain\r\nx-injected: 1"
      const injected = ConditionalRequests.response(representation(1000), { headers: strong, contentType })
      const headers = { range: "bytes=0-1,500-501" }
      const request = HttpServerRequest.fromWeb(new Request("http://a.test/", { headers }))
      const { body, status } = yield* ConditionalRequests.respond(request, injected)
      assert.deepStrictEqual([status, body.contentType], [200, contentType])
    })
  )

  const spec = fc.oneof(
    fc.tuple(fc.nat(1100), fc.nat(1100)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.nat(1100).map((first) => `${first}-`),
    fc.nat(1100).map((length) => `-${length}`)
  )
  const bytesOf = (specs: ReadonlyArray<string>): ReadonlyArray<number> =>
    specs.flatMap((one) => {
      const [first, last] = one.split("-")
      return Array.from({ length: 1000 }, (_, index) => index).filter((index) =>
        first === "" ? index >= 1000 - +last! : index >= +first! && (last === "" || index <= +last!)
      )
    })
  it.effect.prop(
    "any ranges: all requested bytes, the part with the first of them first, and no byte twice",
    [fc.array(spec, { minLength: 1, maxLength: 32 })],
    ([specs]) =>
      served(
        Effect.gen(function* () {
          const got = selected(yield* get("strong", { range: `bytes=${specs.join(",")}` }))
          const asked = bytesOf(specs)
          if (typeof got === "number") return assert.deepStrictEqual([got, asked], [416, []])
          const sent = bytesOf(got)
          assert.strictEqual(new Set(sent).size, sent.length)
          assert.isTrue(asked.every((index) => sent.includes(index)))
          assert.isTrue(bytesOf(got.slice(0, 1)).includes(asked[0]!))
        })
      ),
    { fastCheck: { numRuns: 50 } }
  )

  it.effect("an HTTP/1.0 client gets 206 too", () =>
    served(
      Effect.gen(function* () {
        const { address } = yield* HttpServer.HttpServer
        const peer = yield* RawPeer.connect(address)
        yield* peer.send("GET /strong HTTP/1.0\r\nRange: bytes=1-3,500-501\r\n\r\n")
        const answer = yield* peer.rest
        assert.match(answer, /^HTTP\/1\.1 206 /)
        assert.match(answer, /content-length: \d+\r\n/i)
        assert.include(answer, "\r\nContent-Range: bytes 500-501/1000\r\n\r\n")
      })
    )
  )
})
