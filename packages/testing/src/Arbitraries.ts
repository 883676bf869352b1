/**
 * Messages of HTTP, the ways they are cut, and the faults they meet, as arbitraries of fast-check.
 *
 * A message is a value with its bytes beside it. Everything shrinks towards a short text on the wire:
 * `GET / HTTP/1.1` with `Host` alone. Nothing here parses, so that it can be held against a parser.
 *
 * The arbitraries are those of `effect/FastCheck`, which is what `it.prop` of `@effect/vitest` takes.
 *
 * @since 0.1.0
 */
import * as fc from "effect/FastCheck"
import { breakages, type Breakage } from "./arbitrary/breakages.js"
import { bytesOf } from "./tap/wireText.js"

/**
 * A field as it stands in a head.
 *
 * @since 0.1.0
 * @category models
 */
export type Field = readonly [name: string, value: string]

/**
 * How the body is framed.
 *
 * - `none`: there is none
 * - `length`: by `Content-Length`
 * - `chunked`: in these chunks
 * - `close`: until the connection ends (responses only)
 *
 * @since 0.1.0
 * @category models
 */
export type Framing = "none" | "length" | "chunked" | "close"

interface Message {
  readonly fields: ReadonlyArray<Field>
  readonly framing: Framing
  /** A character per byte. */
  readonly body: string
  /** With `chunked`: the body in its chunks. */
  readonly chunks: ReadonlyArray<string>
  readonly trailers: ReadonlyArray<Field>
  /** The whole message as it goes over the wire; a character per byte. */
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
  /** Its method. */
  readonly method: string
  /** Its target, in a form that the method has. */
  readonly target: string
}

/**
 * A response that any conforming parser accepts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response extends Message {
  /** Its status code. */
  readonly status: number
  /** Its reason phrase; may be empty. */
  readonly reason: string
}

/**
 * A message with one thing wrong.
 *
 * @since 0.1.0
 * @category models
 */
export interface Malformed {
  /** What was done to it: `two lengths`, `bare CR`, ... */
  readonly fault: string
  /** The message, a character per byte. */
  readonly wire: string
  /** The same as bytes. */
  readonly bytes: Uint8Array
}

// RFC 9110 §5.6.2
const tchar = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
// RFC 9110 §5.5: what a value may begin and end with.
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

// Names with a meaning for framing, connections or hosts would make another message of it.
const meaning =
  /^(host|content-length|transfer-encoding|connection|keep-alive|expect|upgrade|te|trailer|proxy-.*)$/i

/**
 * The name of a field that means nothing to the connection.
 *
 * @since 0.1.0
 * @category fields
 */
export const fieldName: fc.Arbitrary<string> = token.filter((name) => !meaning.test(name))

/**
 * The value of a field: without blanks around it, perhaps empty, perhaps with bytes above 0x7F (RFC 9110
 * §5.5).
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
 * Fields in their order, repeated names among them.
 *
 * @since 0.1.0
 * @category fields
 */
export const headers: fc.Arbitrary<ReadonlyArray<Field>> = fc.array(fc.tuple(fieldName, fieldValue), {
  maxLength: 6
})

/**
 * A body: bytes of any value, a character per byte.
 *
 * @since 0.1.0
 * @category bodies
 */
export const body: fc.Arbitrary<string> = fc
  .uint8Array({ maxLength: 64 })
  .map((bytes) => String.fromCharCode(...bytes))

/**
 * A body in chunks, none of them empty.
 *
 * @since 0.1.0
 * @category bodies
 */
export const chunkings = (text: string): fc.Arbitrary<ReadonlyArray<string>> =>
  cuts(text.length).map((at) => pieces(text, at))

// Where to cut, in order, never at an edge and never twice.
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
 * The ways in which bytes may arrive: whole, in single bytes, or cut anywhere. Together the parts are the
 * bytes; none is empty. Shrinks towards the whole.
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

// Everything that a message may have; what its framing has no use for is left out. One tuple rather than
// choices that depend on each other: those would not shrink once the inner one has been tried.
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
 * A method: mostly one of those that are known.
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
 * A target in origin form (RFC 9112 §3.2.1).
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
 * A valid request of HTTP/1.1 (RFC 9112 §3), which every server takes. `GET`, `HEAD`, `DELETE` and `OPTIONS`
 * have no body.
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
 * Requests as one client would pipeline them.
 *
 * @since 0.1.0
 * @category requests
 */
export const pipeline: fc.Arbitrary<ReadonlyArray<Request>> = fc.array(request, {
  minLength: 1,
  maxLength: 5
})

/**
 * A valid final response of HTTP/1.1 to a `GET` (RFC 9112 §4). One of framing `close` is whole when the
 * connection ends.
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
 * A request that is nearly valid and must be refused: one thing in its head or its framing is wrong.
 *
 * @since 0.1.0
 * @category requests
 */
export const malformedRequest: fc.Arbitrary<Malformed> = malformed(request, breakages.request)

/**
 * A response that is nearly valid and must be refused.
 *
 * @since 0.1.0
 * @category responses
 */
export const malformedResponse: fc.Arbitrary<Malformed> = malformed(response, breakages.response)

/**
 * One fault of a schedule.
 *
 * @since 0.1.0
 * @category faults
 */
export interface Fault<Kind> {
  /** Milliseconds from the beginning; a schedule is in their order. */
  readonly at: number
  /** What happens. */
  readonly kind: Kind
}

/**
 * Faults over a time, for whatever can happen: `faults(["reset", "stall"], { until: 60_000 })`. Shrinks
 * towards few and early ones. `until` is in milliseconds, default a minute; `most` is how many, default 20.
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
