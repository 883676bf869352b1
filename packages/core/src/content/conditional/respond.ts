/**
 * Answers a request with the response of a handler, after evaluating preconditions and ranges. The result is
 * 304, 412, 206, 416, or the response itself.
 *
 * Changes only a 200 to GET or HEAD. Preconditions apply only to responses that would otherwise be successful
 * (RFC 9110 §13.2.1), and other methods have already had their effect.
 */
import * as Headers from "@effect/platform/Headers"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { isFieldValue, parseHttpDate } from "../../wire/index.js"
import { parseEntityTag } from "./entityTags.js"
import { contentRange, multipartRanges } from "./multipartRanges.js"
import { falsePrecondition, mayAnswerRange, type Validators } from "./preconditions.js"
import { selectRanges, type ByteRange } from "./ranges.js"

type Request = HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

/** A body that can be read from any offset. */
export interface Representation {
  /** The size of the body in bytes. */
  readonly size: number
  /** Reads `length` bytes from `offset` on. */
  readonly read: (offset: number, length: number) => Stream.Stream<Uint8Array, unknown>
}

export const defaultMaxRanges = 32

// If the stream of a response has this property, core's server passes the response to `respond` before
// sending it.
const perRequest = Symbol.for("@httpfx/core/body/perRequest")

interface Seekable extends Representation {
  readonly respond: (request: Request, response: Response) => Effect.Effect<Response>
}

interface MaybeSeekable {
  readonly [perRequest]?: Seekable
}

const seekableOf = ({ body, headers }: Response): Representation | undefined => {
  if (body._tag === "Stream") return (body.stream as MaybeSeekable)[perRequest]
  // Without a validator, a client could not tell whether two parts belong to the same representation.
  if (body._tag !== "Uint8Array" || !("etag" in headers || "last-modified" in headers)) return undefined
  const bytes = body.body
  return {
    size: bytes.length,
    read: (offset, length) => Stream.make(bytes.subarray(offset, offset + length))
  }
}

/**
 * Returns a stream of the whole representation. If the request asks for ranges, the server sends only these
 * ranges.
 */
export const seekableStream = (representation: Representation): Stream.Stream<Uint8Array, unknown> => {
  const seekable: Seekable = {
    ...representation,
    respond: (request, response) => respond(request, response, defaultMaxRanges)
  }
  // Create a new object to carry the property, because the stream that `read` returns may be shared.
  return Object.assign(
    Stream.suspend(() => representation.read(0, representation.size)),
    { [perRequest]: seekable }
  )
}

/** Whether the body is a stream that the server can reduce to the ranges of a request. */
export const isSeekable = ({ body }: Response): boolean => body._tag === "Stream" && perRequest in body.stream

// Replaces a body that depends on the request by the whole representation, which is read from here on.
const whole = (response: Response): Response => {
  const { body, cookies, headers, status, statusText } = response
  const seekable = body._tag === "Stream" ? (body.stream as MaybeSeekable)[perRequest] : undefined
  if (seekable === undefined) return response
  return HttpServerResponse.stream(seekable.read(0, seekable.size), {
    ...{ status, statusText, headers, cookies, contentType: body.contentType, contentLength: seekable.size }
  })
}

/** The fields that describe the content. Responses without the content must not have them. */
const ofContent = [
  ...["content-type", "content-length", "content-encoding", "content-language", "content-range"],
  ...["content-disposition", "content-digest", "repr-digest", "digest"]
]
/** The fields with which a cache could store an error in place of the representation. */
const ofRepresentation = [...ofContent, "etag", "last-modified", "cache-control", "expires"]

const empty = (response: Response, status: number, headers: Headers.Headers): Response =>
  HttpServerResponse.empty({ status, headers, cookies: response.cookies })

const partial = (
  request: Request,
  response: Response,
  seekable: Representation,
  validators: Validators,
  maxRanges: number,
  now: number
): Effect.Effect<Response> => {
  const field = request.headers["range"]
  if (request.method !== "GET" || field === undefined || !mayAnswerRange(request.headers, validators, now))
    return Effect.succeed(whole(response))
  const ranges = selectRanges(field, seekable.size, maxRanges)
  if (ranges === "Ignored") return Effect.succeed(whole(response))
  const { headers } = response
  if (ranges === "NotSatisfiable")
    return Effect.succeed(
      empty(
        response,
        416,
        Headers.set(Headers.remove(headers, ofRepresentation), "content-range", `bytes */${seekable.size}`)
      )
    )
  const contentType = headers["content-type"] ?? response.body.contentType
  const read = ({ length, offset }: ByteRange) => seekable.read(offset, length)
  const own = Headers.remove(headers, ["content-type", "content-length"])
  const made = { status: 206, cookies: response.cookies }
  if (ranges.length === 1) {
    const range = ranges[0]!
    return Effect.succeed(
      HttpServerResponse.stream(read(range), {
        ...made,
        headers: Headers.set(own, "content-range", contentRange(range, seekable.size)),
        contentType,
        contentLength: range.length
      })
    )
  }
  // Parts repeat the content type inside the body, where no encoder checks it. Send the response whole, so
  // that the server refuses its field.
  if (contentType !== undefined && !isFieldValue(contentType)) return Effect.succeed(whole(response))
  return Effect.map(boundary, (text) => {
    const { stream, ...content } = multipartRanges(ranges, seekable.size, contentType, text, read)
    return HttpServerResponse.stream(stream, { ...made, headers: own, ...content })
  })
}

const boundary = Effect.map(
  Effect.all(Array.from({ length: 4 }, () => Random.nextIntBetween(0, 0x1_0000_0000))),
  (words) => `httpfx-${words.map((word) => word.toString(16).padStart(8, "0")).join("")}`
)

/** Makes the response to a request, with its preconditions and ranges. Doing so twice changes nothing. */
export const respond = (request: Request, response: Response, maxRanges: number): Effect.Effect<Response> => {
  const seekable = seekableOf(response)
  const { headers, status } = response
  const { method } = request
  if (status !== 200 || (method !== "GET" && method !== "HEAD")) return Effect.succeed(whole(response))
  const etag = parseEntityTag(headers["etag"])
  const modified = headers["last-modified"]
  if (etag === undefined && modified === undefined && seekable === undefined) return Effect.succeed(response)
  return Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const lastModified = modified === undefined ? undefined : parseHttpDate(modified, now)
    const validators = { etag, lastModified }
    const failed = falsePrecondition(method, request.headers, validators, now)
    if (failed !== undefined) {
      const without = failed === 304 ? ofContent : ofRepresentation
      return Effect.succeed(empty(response, failed, Headers.remove(headers, without)))
    }
    const accepts = headers["accept-ranges"]
    // `Accept-Ranges: none` is the way of a handler to have its response sent whole.
    if (seekable === undefined || (accepts !== undefined && accepts.toLowerCase() !== "bytes"))
      return Effect.succeed(whole(response))
    const offering =
      accepts === undefined ? HttpServerResponse.setHeader(response, "accept-ranges", "bytes") : response
    return partial(request, offering, seekable, validators, maxRanges, now)
  })
}
