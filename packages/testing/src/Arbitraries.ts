/**
 * Arbitraries of fast-check for HTTP messages, for ways to split them into pieces, and for fault schedules.
 *
 * Each generated message contains its bytes. Messages shrink towards short messages, for instance requests
 * towards `GET / HTTP/1.1` with only `Host`. This module does not use the parsers of httpfx, so tests can
 * check those parsers against the generated messages.
 *
 * The arbitraries are built with `effect/FastCheck`, so `it.prop` of `@effect/vitest` accepts them.
 *
 * @since 0.1.0
 */
import * as fc from "effect/FastCheck"
import { breakages, type Breakage } from "./arbitrary/breakages.js"
import { bytesOf } from "./tap/wireText.js"

/**
 * One header field: name and value.
 *
 * @since 0.1.0
 * @category models
 */
export type Field = readonly [name: string, value: string]

/**
 * The framing of a body.
 *
 * - `none`: no body
 * - `length`: the body is delimited by `Content-Length`
 * - `chunked`: the body is sent as the chunks in `Message.chunks`
 * - `close`: the body ends when the connection closes (responses only)
 *
 * @since 0.1.0
 * @category models
 */
export type Framing = "none" | "length" | "chunked" | "close"

interface Message {
  readonly fields: ReadonlyArray<Field>
  readonly framing: Framing
  /** The content, with one character per byte. */
  readonly body: string
  /** The chunks of the body if the framing is `chunked`; otherwise an empty list. */
  readonly chunks: ReadonlyArray<string>
  readonly trailers: ReadonlyArray<Field>
  /** The whole message as it is sent, with one character per byte. */
  readonly wire: string
  readonly bytes: Uint8Array
}

/**
 * A request that any conforming parser accepts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request extends Message {
  /** The method. */
  readonly method: string
  /** The request target, in a form that the method allows. */
  readonly target: string
}

/**
 * A response that any conforming parser accepts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response extends Message {
  /** The status code. */
  readonly status: number
  /** The reason phrase, which may be empty. */
  readonly reason: string
}

/**
 * A message with one fault in its syntax or framing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Malformed {
  /** Name of the fault: `two lengths`, `bare CR`, ... */
  readonly fault: string
  /** The message, with one character per byte. */
  readonly wire: string
  /** The message as bytes. */
  readonly bytes: Uint8Array
}

// The characters of a token (RFC 9110 §5.6.2).
const tchar = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
// Characters with which a field value may begin and end (RFC 9110 §5.5).
const vchar = Array.from({ length: 94 }, (_, index) => String.fromCharCode(index + 33)).join("")

const char = (from: string) => fc.nat(from.length - 1).map((index) => from[index]!)
const word = (from: string, size: fc.ArrayConstraints) =>
  fc.array(char(from), size).map((parts) => parts.join(""))

/**
 * A token (RFC 9110 §5.6.2) of 1 to 12 characters.
 *
 * @since 0.1.0
 * @category fields
 */
export const token: fc.Arbitrary<string> = word(tchar, { minLength: 1, maxLength: 12 })

// Fields with these names affect the framing, the connection or the host, so a random value would make a
// message invalid.
const meaning =
  /^(host|content-length|transfer-encoding|connection|keep-alive|expect|upgrade|te|trailer|proxy-.*)$/i

/**
 * A field name that does not affect framing, the connection or the host.
 *
 * @since 0.1.0
 * @category fields
 */
export const fieldName: fc.Arbitrary<string> = token.filter((name) => !meaning.test(name))

/**
 * A field value (RFC 9110 §5.5). It may be empty and may contain bytes above 0x7F, but has no whitespace at
 * either end.
 *
 * @since 0.1.0
 * @category fields
 */
export const fieldValue: fc.Arbitrary<string> = fc.oneof(
  word(vchar, { maxLength: 20 }),
  fc
    .array(word(`${vchar}\x80\xff`, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 })
    .map((words) => words.join(" "))
)

/**
 * A list of fields in order. Names may repeat.
 *
 * @since 0.1.0
 * @category fields
 */
export const headers: fc.Arbitrary<ReadonlyArray<Field>> = fc.array(fc.tuple(fieldName, fieldValue), {
  maxLength: 6
})

/**
 * A body of arbitrary bytes, with one character per byte.
 *
 * @since 0.1.0
 * @category bodies
 */
export const body: fc.Arbitrary<string> = fc
  .uint8Array({ maxLength: 64 })
  .map((bytes) => String.fromCharCode(...bytes))

/**
 * Ways to split a body into non-empty chunks.
 *
 * @since 0.1.0
 * @category bodies
 */
export const chunkings = (text: string): fc.Arbitrary<ReadonlyArray<string>> =>
  cuts(text.length).map((at) => pieces(text, at))

// Offsets at which a text of this length is split. They are ascending and distinct, and lie inside the text.
const cuts = (length: number): fc.Arbitrary<ReadonlyArray<number>> =>
  length < 2
    ? fc.constant([])
    : fc
        .uniqueArray(fc.integer({ min: 1, max: length - 1 }), { maxLength: 12 })
        .map((at) => at.sort((a, b) => a - b))

const pieces = <A extends { readonly length: number; slice(from: number, to?: number): A }>(
  whole: A,
  at: ReadonlyArray<number>
): ReadonlyArray<A> =>
  whole.length === 0 ? [] : [0, ...at].map((from, index) => whole.slice(from, at[index] ?? whole.length))

/**
 * Ways to split bytes: into one part, into single bytes, or at arbitrary offsets. No part is empty, and the
 * parts joined equal the input. Shrinks towards one part.
 *
 * @since 0.1.0
 * @category bodies
 */
export const splits = (bytes: Uint8Array): fc.Arbitrary<ReadonlyArray<Uint8Array>> =>
  fc.oneof(
    cuts(bytes.length).map((at) => pieces(bytes, at)),
    fc.constant(Array.from(bytes, (byte) => Uint8Array.of(byte)))
  )

const lines = (fields: ReadonlyArray<Field>) =>
  fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")

const chunkLines = (chunks: ReadonlyArray<string>, trailers: ReadonlyArray<Field>) =>
  `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("")}0\r\n${lines(trailers)}\r\n`

interface Content {
  readonly framing: Framing
  readonly body: string
  readonly chunks: ReadonlyArray<string>
  readonly trailers: ReadonlyArray<Field>
}

// The raw parts of any message. Each framing uses only some of them. All parts are generated independently,
// because fast-check hardly shrinks dependent choices.
const parts = fc.record({
  framing: fc.nat(11),
  body,
  cut: fc.array(fc.nat(), { maxLength: 4 }),
  trailers: fc.oneof(fc.constant([]), headers)
})

const contentOf = (
  {
    body,
    cut,
    framing,
    trailers
  }: { framing: number; body: string; cut: Array<number>; trailers: ReadonlyArray<Field> },
  framings: readonly [Framing, ...Array<Framing>]
): Content => {
  const chosen = framings[framing % framings.length]!
  if (chosen === "none") return { framing: chosen, body: "", chunks: [], trailers: [] }
  if (chosen !== "chunked") return { framing: chosen, body, chunks: [], trailers: [] }
  const at = body.length < 2 ? [] : [...new Set(cut.map((place) => 1 + (place % (body.length - 1))))]
  return {
    framing: chosen,
    body,
    chunks: pieces(
      body,
      at.sort((a, b) => a - b)
    ),
    trailers
  }
}

const framed = (
  start: string,
  fields: ReadonlyArray<Field>,
  { body, chunks, framing, trailers }: Content
): Message => {
  const own: ReadonlyArray<Field> =
    framing === "length"
      ? [["Content-Length", String(body.length)]]
      : framing === "chunked"
        ? [["Transfer-Encoding", "chunked"]]
        : []
  const all = [...fields, ...own]
  const wire = `${start}\r\n${lines(all)}\r\n${framing === "chunked" ? chunkLines(chunks, trailers) : body}`
  return { fields: all, framing, body, chunks, trailers, wire, bytes: bytesOf(wire) }
}

/**
 * One of seven standard methods.
 *
 * @since 0.1.0
 * @category requests
 */
export const method: fc.Arbitrary<string> = fc.constantFrom(
  "GET",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "HEAD"
)

/**
 * A request target in origin form (RFC 9112 §3.2.1).
 *
 * @since 0.1.0
 * @category requests
 */
export const target: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(word("abcXYZ019-._~!$&'()*+,;=:@", { maxLength: 5 }), { maxLength: 3 }),
    fc.option(word("ab01=&/?%20".replace("%", ""), { maxLength: 8 }), { nil: undefined })
  )
  .map(([segments, query]) => `/${segments.join("/")}${query === undefined ? "" : `?${query}`}`)

/**
 * A valid HTTP/1.1 request (RFC 9112 §3), which every server must accept. `GET`, `HEAD`, `DELETE` and
 * `OPTIONS` requests have no body.
 *
 * @since 0.1.0
 * @category requests
 */
export const request: fc.Arbitrary<Request> = fc
  .record({ method, target, headers, parts })
  .map(({ headers, method, parts, target }) => ({
    method,
    target,
    ...framed(
      `${method} ${target} HTTP/1.1`,
      [["Host", "test"], ...headers],
      contentOf(parts, /^P/.test(method) ? ["length", "chunked"] : ["none"])
    )
  }))

/**
 * Requests that one client pipelines on one connection.
 *
 * @since 0.1.0
 * @category requests
 */
export const pipeline: fc.Arbitrary<ReadonlyArray<Request>> = fc.array(request, {
  minLength: 1,
  maxLength: 5
})

/**
 * A valid final HTTP/1.1 response to a `GET` (RFC 9112 §4). If the framing is `close`, the body ends when the
 * connection closes.
 *
 * @since 0.1.0
 * @category responses
 */
export const response: fc.Arbitrary<Response> = fc
  .record({
    status: fc.constantFrom(200, 201, 204, 301, 304, 400, 404, 500, 503),
    reason: fc.oneof(fc.constant("OK"), word(`${vchar} \xff`, { maxLength: 10 })),
    headers,
    parts
  })
  .map(({ headers, parts, reason, status }) => ({
    status,
    reason,
    ...framed(
      `HTTP/1.1 ${status} ${reason}`,
      headers,
      contentOf(parts, status === 204 || status === 304 ? ["none"] : ["length", "chunked", "close"])
    )
  }))

const malformed = (valid: fc.Arbitrary<Message>, kinds: ReadonlyArray<Breakage>): fc.Arbitrary<Malformed> =>
  fc.tuple(fc.nat(kinds.length - 1), valid).map(([kind, message]) => {
    const { fault, of } = kinds[kind]!
    const wire = of(message.wire)
    return { fault, wire, bytes: bytesOf(wire) }
  })

/**
 * A request with one fault in its head or framing, which a server must refuse.
 *
 * @since 0.1.0
 * @category requests
 */
export const malformedRequest: fc.Arbitrary<Malformed> = malformed(request, breakages.request)

/**
 * A response with one fault in its head or framing, which a client must reject.
 *
 * @since 0.1.0
 * @category responses
 */
export const malformedResponse: fc.Arbitrary<Malformed> = malformed(response, breakages.response)

/**
 * An event of a fault schedule.
 *
 * @since 0.1.0
 * @category faults
 */
export interface Fault<Kind> {
  /** Milliseconds from the start. The events of a schedule are sorted by this time. */
  readonly at: number
  /** The kind of fault. */
  readonly kind: Kind
}

/**
 * Schedules of faults of the given kinds: `faults(["reset", "stall"], { until: 60_000 })`. A schedule shrinks
 * towards few and early faults. `until` is the latest time in milliseconds (default 60,000). `most` is the
 * maximum number of faults (default 20).
 *
 * @since 0.1.0
 * @category faults
 */
export const faults = <Kind>(
  kinds: ReadonlyArray<Kind>,
  options: { readonly until?: number; readonly most?: number } = {}
): fc.Arbitrary<ReadonlyArray<Fault<Kind>>> =>
  fc
    .array(fc.record({ at: fc.nat(options.until ?? 60_000), kind: fc.constantFrom(...kinds) }), {
      maxLength: options.most ?? 20
    })
    .map((list) => list.sort((a, b) => a.at - b.at))
