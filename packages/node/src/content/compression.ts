/**
 * Compresses the responses of an app, as a pre-response handler of platform.
 *
 * Never compresses a response that already has a content coding, and never a response with a range (206).
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpBody from "@effect/platform/HttpBody"
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as ConditionalRequests from "@httpfx/core/ConditionalRequests"
import * as IterableBody from "@httpfx/core/IterableBody"
import { callback, integer, limit, record, refuseUnknown, someOf, type Check } from "@httpfx/core/OptionCheck"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { choose } from "./acceptEncoding.js"
import { isAvailable, type Coding } from "./coder.js"
import { isCompressible } from "./compressible.js"
import { vary } from "./vary.js"
import { Encoders, type Brotli, type Gzip, type Zstd } from "./encoders.js"

/**
 * Options of the compression.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The codings to offer. If the client gives several of them the same weight in `Accept-Encoding`, the first
   * is used. Codings that this version of Node.js lacks (`zstd` before 22.15) are left out. Default `["br",
   * "zstd", "gzip"]`.
   */
  readonly codings?: ReadonlyArray<Coding> | undefined
  /**
   * Minimum length of content that is compressed, in bytes. Content of unknown length is always compressed.
   * Default 1024.
   */
  readonly threshold?: number | undefined
  /** Returns whether content with this `Content-Type` is compressed. Default {@link isCompressible}. */
  readonly compressible?: ((contentType: string) => boolean) | undefined
  /**
   * Returns whether this response may be compressed. The other conditions apply too. Default: always `true`.
   */
  readonly filter?:
    ((request: HttpServerRequest, response: HttpServerResponse.HttpServerResponse) => boolean) | undefined
  /**
   * Maximum number of responses that are compressed at the same time. Each of them needs 1 to 2 MiB of memory
   * until its end. Responses above the maximum are sent uncompressed. `Infinity` removes the limit. Default
   * 256.
   */
  readonly maxConcurrent?: number | undefined
  /** Options of `gzip`. */
  readonly gzip?: Gzip | undefined
  /** Options of `br`. */
  readonly brotli?: Brotli | undefined
  /** Options of `zstd`. */
  readonly zstd?: Zstd | undefined
}

const checks: { readonly [K in keyof Options]-?: Check } = {
  codings: someOf("br", "zstd", "gzip"),
  threshold: integer(0),
  compressible: callback,
  filter: callback,
  maxConcurrent: limit(0),
  gzip: record({ level: integer(1, 9), memLevel: integer(1, 9), windowBits: integer(9, 15) }),
  brotli: record({ quality: integer(0, 11), windowBits: integer(10, 24) }),
  zstd: record({ level: integer(1, 22), windowBits: integer(10, 23) })
}

type Response = HttpServerResponse.HttpServerResponse

// ---- the content of a response

type Content =
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  | { readonly _tag: "Stream"; readonly stream: Stream.Stream<Uint8Array, unknown> }
  | undefined

const encoder = new TextEncoder()

const bytesOf = (value: unknown): Uint8Array | undefined => {
  if (typeof value === "string") return encoder.encode(value)
  if (value instanceof Uint8Array) return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return undefined
}

const streamOf = (source: Stream.Stream<unknown, unknown>): Content => ({
  _tag: "Stream",
  stream: Stream.mapEffect(source, (chunk) => {
    const bytes = bytesOf(chunk)
    return bytes === undefined
      ? Effect.fail(new TypeError(`a body chunk must be bytes or a string, not a ${typeof chunk}`))
      : Effect.succeed(bytes)
  })
})

/** Returns the content of a body. `undefined` if the body is empty, or if only the server can encode it. */
const contentOf = (body: HttpBody.HttpBody): Content => {
  if (body._tag === "Stream") return { _tag: "Stream", stream: body.stream }
  if (body._tag !== "Uint8Array" && body._tag !== "Raw") return undefined
  const value = body.body
  const bytes = bytesOf(value)
  if (bytes !== undefined) return { _tag: "Bytes", bytes }
  if (Predicate.hasProperty(value, Stream.StreamTypeId))
    return streamOf(value as unknown as Stream.Stream<unknown>)
  if (value instanceof Blob) return streamOf(Stream.fromReadableStream(() => value.stream(), identity))
  if (value instanceof ReadableStream)
    return streamOf(Stream.fromReadableStream(() => value as ReadableStream<unknown>, identity))
  if (Predicate.hasProperty(value, Symbol.asyncIterator))
    return streamOf(IterableBody.fromIterable(value as unknown as AsyncIterable<unknown>))
  return undefined
}

// ---- conditions of compression

// Responses with these statuses have no content (RFC 9110 §15.3).
const without = new Set([204, 205])

// Fields that exclude compression. Digests are computed over the content as the handler made it (RFC 9530).
const bound = [
  ...["content-encoding", "content-digest", "repr-digest", "digest", "content-md5", "transfer-encoding"]
]

const noTransform = /(?:^|[\s,])no-transform(?:$|[\s,;=])/i

const isBound = ({ headers }: Response): boolean =>
  bound.some((name) => headers[name] !== undefined) || noTransform.test(headers["cache-control"] ?? "")

// Requests whose response must not be compressed. The key is the request object of the server, because an app
// may copy the platform request, and all copies have the same `source`.
const excluded = new WeakSet<object>()

/** Excludes the response to the current request from compression. */
export const disable: Effect.Effect<void, never, HttpServerRequest> = Effect.map(
  HttpServerRequest,
  ({ source }) => void excluded.add(source as object)
)

// ---- fields

const varying = (headers: Headers.Headers): Headers.Headers => {
  const vary = headers["vary"]
  if (vary === undefined || vary.trim() === "") return Headers.set(headers, "vary", "Accept-Encoding")
  const names = vary.toLowerCase().split(",")
  return names.some((name) => name.trim() === "*" || name.trim() === "accept-encoding")
    ? headers
    : Headers.set(headers, "vary", `${vary}, Accept-Encoding`)
}

const isStrong = (etag: string | undefined): etag is string => etag?.startsWith('"') === true

const codedHeaders = (headers: Headers.Headers, coding: Coding): Headers.Headers => {
  const { etag } = headers
  const changed = Headers.setAll(Headers.remove(headers, ["content-length", "accept-ranges"]), {
    "content-encoding": coding
  })
  // Codings of one representation are equivalent, but their bytes differ, so the tag must be weak (RFC 9110
  // §8.8.3.3).
  return isStrong(etag) ? Headers.set(changed, "etag", `W/${etag}`) : changed
}

// The 200 that a 304 or 206 stands for has `Vary`, so they have it too (RFC 9110 §15.4.5, §15.3.7). A cache
// stores the coded response with a weak tag, and only a 304 with this tag freshens it (RFC 9111 §4.3.4).
const standsFor = (request: HttpServerRequest, response: Response): Response => {
  const { etag } = response.headers
  const known = response.status === 304 ? request.headers["if-none-match"] : undefined
  const isWeak = isStrong(etag) && known !== undefined && known.includes(`W/${etag}`)
  return isWeak ? HttpServerResponse.setHeader(response, "etag", `W/${etag}`) : response
}

// Our servers add the name to `Vary` when they send the response, which costs less than a copy of the fields.
const varied = (request: HttpServerRequest, response: Response): Effect.Effect<Response> => {
  const told = vary(request, "Accept-Encoding")
  return told === undefined
    ? Effect.succeed(rebuilt(response, varying(response.headers)))
    : Effect.as(told, response)
}

const partsOf = ({ cookies, status, statusText }: Response) => ({ cookies, status, statusText })

// ---- the handler

/** Maximum size of content in memory that is compressed before the head is sent, in bytes. */
const mostWhole = 1024 * 1024
/** Size of the pieces in which larger content in memory is compressed, in bytes. */
const piece = 64 * 1024

const slices = function* (bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += piece) yield bytes.subarray(from, from + piece)
}

class Compressor {
  private readonly encoders: Encoders
  private readonly codings: ReadonlyArray<Coding>
  private readonly threshold: number

  constructor(private readonly options: Options) {
    const { codings = ["br", "zstd", "gzip"], maxConcurrent = 256, threshold = 1024 } = options
    this.encoders = new Encoders(options, maxConcurrent)
    this.codings = codings.filter(isAvailable)
    this.threshold = threshold
  }

  readonly handle = (request: HttpServerRequest, response: Response): Effect.Effect<Response> =>
    // Evaluate ranges and preconditions before the coding. A range refers to uncoded content, and a client
    // may know the tag of the uncoded content.
    ConditionalRequests.isSeekable(response)
      ? Effect.flatMap(ConditionalRequests.respond(request, response), (chosen) =>
          this.code(request, chosen, response)
        )
      : this.code(request, response, response)

  private isOpen(request: HttpServerRequest, response: Response): boolean {
    return (
      !isBound(response) &&
      !excluded.has(request.source as object) &&
      this.options.filter?.(request, response) !== false
    )
  }

  // Whether another client may get the response with a coding. A 304 and several ranges have no type of
  // their own.
  private mayVary(request: HttpServerRequest, response: Response, whole: Response): boolean {
    const type = typeOf(whole)
    const { compressible = isCompressible } = this.options
    const length = whole === response ? undefined : whole.headers["content-length"]
    return (
      (type === undefined || type.startsWith("multipart/byteranges") || compressible(type)) &&
      (length === undefined || Number(length) >= this.threshold) &&
      this.isOpen(request, whole)
    )
  }

  // `whole` is the response without ranges and preconditions, as far as it is known.
  private code(request: HttpServerRequest, response: Response, whole: Response): Effect.Effect<Response> {
    if (response.status === 304 || response.status === 206)
      return this.mayVary(request, response, whole)
        ? varied(request, standsFor(request, response))
        : Effect.succeed(response)
    const type = typeOf(response)
    const { compressible = isCompressible } = this.options
    if (
      type === undefined ||
      response.status < 200 ||
      without.has(response.status) ||
      response.headers["content-range"] !== undefined ||
      !this.isOpen(request, response)
    )
      return Effect.succeed(response)
    const content = contentOf(response.body)
    const length = content?._tag === "Bytes" ? content.bytes.length : response.headers["content-length"]
    // A response without content gets the fields of coded content only for HEAD, because HEAD needs the same
    // fields as GET.
    if (content === undefined && (request.method !== "HEAD" || length === undefined))
      return Effect.succeed(response)
    const { coding, identityRefused } = choose(request.headers["accept-encoding"], this.codings)
    const worthwhile = compressible(type) && (length === undefined || Number(length) >= this.threshold)
    if (!worthwhile && !identityRefused) return Effect.succeed(response)
    const plain = () => Effect.succeed(response)
    return Effect.flatMap(
      coding === undefined || this.encoders.full || Number(length) === 0
        ? plain()
        : this.coded(response, type, coding, content, identityRefused ? undefined : plain),
      (response) => varied(request, response)
    )
  }

  // `plain` is the response without a coding, if the client accepts it.
  private coded(
    response: Response,
    contentType: string,
    coding: Coding,
    content: Content,
    plain: (() => Effect.Effect<Response>) | undefined
  ): Effect.Effect<Response> {
    const options = { ...partsOf(response), headers: codedHeaders(response.headers, coding), contentType }
    // An empty body would get `Content-Length: 0`. Use a stream, which is never read for HEAD.
    if (content === undefined) return Effect.succeed(HttpServerResponse.stream(Stream.empty, options))
    if (content._tag === "Stream")
      return Effect.succeed(
        HttpServerResponse.stream(this.encoders.stream(coding, content.stream, true), options)
      )
    const { bytes } = content
    if (bytes.length > mostWhole) {
      const source = Stream.fromIterable(slices(bytes)).pipe(Stream.rechunk(1))
      return Effect.succeed(HttpServerResponse.stream(this.encoders.stream(coding, source, false), options))
    }
    return Effect.flatMap(this.encoders.bytes(coding, bytes), (coded) =>
      coded.length >= bytes.length && plain !== undefined
        ? plain()
        : Effect.succeed(HttpServerResponse.uint8Array(coded, options))
    )
  }
}

const typeOf = ({ body, headers }: Response): string | undefined =>
  headers["content-type"] ?? body.contentType

const rebuilt = (response: Response, headers: Headers.Headers): Response =>
  headers === response.headers ? response : HttpServerResponse.setHeaders(response, headers)

/** Implements `NodeCompression.compress`. */
export const compress = (
  options: Options = {}
): (<E, R>(app: HttpApp.HttpApp<Response, E, R>) => HttpApp.HttpApp<Response, E, R>) => {
  const refused = refuseUnknown(options, checks)
  if (refused !== undefined) return () => Effect.die(refused)
  const compressor = new Compressor(options)
  const append = HttpApp.appendPreResponseHandler(compressor.handle)
  return (app) => Effect.zipRight(append, app)
}
