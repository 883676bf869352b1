/**
 * Converts platform's `HttpBody` to an `OutgoingBody`, which servers and clients can send. The result is
 * empty, bytes, or a stream with or without a known length.
 *
 * Does not choose framing or headers, reads nothing before the body is sent, and never copies bytes in
 * memory.
 */
import type * as HttpBody from "@effect/platform/HttpBody"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { fromIterable } from "./iterableBody.js"

/** A body in the form in which servers and clients send it. */
export type OutgoingBody = NoBody | BytesBody | StreamBody

export interface NoBody {
  readonly _tag: "None"
  readonly length: 0
  readonly contentType: undefined
}

export interface BytesBody {
  readonly _tag: "Bytes"
  readonly length: number
  readonly contentType: string | undefined
  readonly bytes: Uint8Array
}

export interface StreamBody {
  readonly _tag: "Stream"
  /** The length in bytes. `undefined` if the length is unknown until the end. */
  readonly length: number | undefined
  readonly contentType: string | undefined
  readonly stream: Stream.Stream<Uint8Array, unknown>
  /**
   * Reads the whole body at once, which costs less than reading the stream. Set only for a body that fits in
   * memory.
   */
  readonly whole?: Effect.Effect<Uint8Array, unknown> | undefined
}

// Property by which a stream carries `StreamBody.whole`. `NodeHttpPlatform` of `@httpfx/node` sets the
// property. Operators return new streams without it, so `whole` always reads the same bytes as its stream.
const whole = Symbol.for("@httpfx/core/body/whole")

interface MaybeWhole {
  readonly [whole]?: Effect.Effect<Uint8Array, unknown>
}

// Property by which a stream carries a `Responder`. `ConditionalRequests` and `FileResponses` set the
// property.
const perRequest = Symbol.for("@httpfx/core/body/perRequest")

/** Makes the final response to a request from a response whose body depends on the request's range. */
interface Responder {
  readonly respond: (
    request: HttpServerRequest,
    response: HttpServerResponse
  ) => Effect.Effect<HttpServerResponse>
}

/**
 * Returns the `Responder` of a response's body. Returns `undefined` if the body is the same for every
 * request.
 */
export const responderOf = ({ body }: HttpServerResponse): Responder | undefined =>
  body._tag === "Stream" ? (body.stream as { readonly [perRequest]?: Responder })[perRequest] : undefined

/** A value of `HttpBody.raw` that cannot be sent as a body. */
export interface Unsupported {
  readonly _tag: "Unsupported"
  readonly reason: string
}

export const none: NoBody = { _tag: "None", length: 0, contentType: undefined }

const encoder = new TextEncoder()

export const fromBytes = (bytes: Uint8Array, contentType?: string): BytesBody => ({
  _tag: "Bytes",
  length: bytes.length,
  contentType,
  bytes
})

export const fromText = (text: string, contentType?: string): BytesBody =>
  fromBytes(encoder.encode(text), contentType)

export const fromStream = (
  stream: Stream.Stream<Uint8Array, unknown>,
  length?: number,
  contentType?: string
): StreamBody => ({ _tag: "Stream", length, contentType, stream })

const fromWebStream = (
  source: () => ReadableStream<Uint8Array>,
  length: number | undefined,
  contentType: string | undefined
) => fromStream(Stream.fromReadableStream(source, identity), length, contentType)

/**
 * Whether the value is a `FormData`, judged by `Symbol.toStringTag`. A reference to the global `FormData`
 * would make Node.js load all of `fetch`.
 */
export const isFormData = (value: object): value is FormData =>
  (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "FormData"

// Encodes form data with a web `Response`, the only portable encoder. The content type of the `Response`
// contains the multipart boundary.
export const fromFormData = (data: FormData): StreamBody => {
  const response = new Response(data)
  const contentType = response.headers.get("content-type") ?? undefined
  return fromWebStream(() => response.body as ReadableStream<Uint8Array>, undefined, contentType)
}

const viewBytes = (view: ArrayBufferView | ArrayBuffer): Uint8Array => {
  if (view instanceof Uint8Array) return view
  if (view instanceof ArrayBuffer) return new Uint8Array(view)
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

const chunkBytes = (chunk: unknown): Effect.Effect<Uint8Array, TypeError> => {
  if (typeof chunk === "string") return Effect.succeed(encoder.encode(chunk))
  if (chunk instanceof ArrayBuffer || ArrayBuffer.isView(chunk)) return Effect.succeed(viewBytes(chunk))
  return Effect.fail(new TypeError(`a body chunk must be bytes or a string, not a ${typeof chunk}`))
}

// Checks only that the value is a stream. The types of its elements and its context do not exist at run time.
const isStream = (value: unknown): value is Stream.Stream<unknown, unknown> =>
  Predicate.hasProperty(value, Stream.StreamTypeId)

const isAsyncIterable = (value: object): value is AsyncIterable<unknown> => Symbol.asyncIterator in value

const fromRaw = (
  value: unknown,
  contentType: string | undefined,
  length: number | undefined
): OutgoingBody | Unsupported => {
  if (value === undefined || value === null) return none
  if (typeof value === "string") return fromText(value, contentType)
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    return fromBytes(viewBytes(value), contentType)
  if (value instanceof URLSearchParams) {
    return fromText(value.toString(), contentType ?? "application/x-www-form-urlencoded;charset=UTF-8")
  }
  if (typeof value === "object" && isFormData(value)) return fromFormData(value)
  if (value instanceof Blob) {
    const type = contentType ?? (value.type === "" ? undefined : value.type)
    return fromWebStream(() => value.stream(), value.size, type)
  }
  if (isStream(value)) return fromStream(Stream.mapEffect(value, chunkBytes), length, contentType)
  // Test for a web stream before an async iterable, because one object may be both. Only the reader of a web
  // stream can cancel a pending read.
  if (value instanceof ReadableStream) {
    const pieces = Stream.fromReadableStream(() => value as ReadableStream<unknown>, identity)
    return fromStream(Stream.mapEffect(pieces, chunkBytes), length, contentType)
  }
  if (typeof value === "object" && isAsyncIterable(value)) {
    return fromStream(Stream.mapEffect(fromIterable(value), chunkBytes), length, contentType)
  }
  return { _tag: "Unsupported", reason: `a body must be bytes, a string or a stream, not a ${typeof value}` }
}

/**
 * Converts platform's body to a body that servers and clients can send. Returns `Unsupported` only for a
 * `Raw` value of a type that they cannot send.
 */
export const fromHttpBody = (body: HttpBody.HttpBody): OutgoingBody | Unsupported => {
  switch (body._tag) {
    case "Empty":
      return none
    case "Uint8Array":
      return fromBytes(body.body, body.contentType)
    case "Stream":
      return {
        ...fromStream(body.stream, body.contentLength, body.contentType),
        whole: (body.stream as MaybeWhole)[whole]
      }
    case "FormData":
      return fromFormData(body.formData)
    case "Raw":
      return fromRaw(body.body, body.contentType, body.contentLength)
  }
}
