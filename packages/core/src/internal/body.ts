/**
 * A platform `HttpBody` as what a driver sends: bytes at hand, or a stream with or without a known length.
 *
 * Used by both drivers. Decides neither framing nor headers, reads nothing before the driver pulls, and never copies
 * bytes that are at hand.
 */
import type * as HttpBody from "@effect/platform/HttpBody"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Stream from "effect/Stream"

/** A body as a driver sends it. */
export type EncodedBody = BytesBody | StreamBody

export interface BytesBody {
  readonly _tag: "Bytes"
  readonly bytes: Uint8Array
  readonly contentType: string | undefined
}

export interface StreamBody {
  readonly _tag: "Stream"
  readonly stream: Stream.Stream<Uint8Array, unknown>
  /** `undefined`: not known before its end. */
  readonly contentLength: number | undefined
  readonly contentType: string | undefined
}

const bytes = (bytes: Uint8Array, contentType?: string): BytesBody => ({ _tag: "Bytes", bytes, contentType })

const stream = (
  stream: Stream.Stream<Uint8Array, unknown>,
  contentLength: number | undefined,
  contentType: string | undefined
): StreamBody => ({ _tag: "Stream", stream, contentLength, contentType })

const noBytes = bytes(new Uint8Array(0))

const encoder = new TextEncoder()

const viewBytes = (view: ArrayBufferView | ArrayBuffer): Uint8Array => {
  if (view instanceof Uint8Array) return view
  if (view instanceof ArrayBuffer) return new Uint8Array(view)
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

const chunkBytes = (chunk: unknown): Effect.Effect<Uint8Array, TypeError> => {
  if (typeof chunk === "string") return Effect.succeed(encoder.encode(chunk))
  if (chunk instanceof ArrayBuffer || ArrayBuffer.isView(chunk)) return Effect.succeed(viewBytes(chunk))
  return Effect.fail(new TypeError(`a ${typeof chunk} in a body: its chunks are bytes or strings`))
}

const fromWebStream = (
  source: () => ReadableStream<Uint8Array>,
  contentLength: number | undefined,
  contentType: string | undefined
) => stream(Stream.fromReadableStream(source, identity), contentLength, contentType)

// A web `Response` is the one portable encoder of form data; its content type carries the boundary.
const formData = (data: FormData): StreamBody => {
  const response = new Response(data)
  const contentType = response.headers.get("content-type") ?? undefined
  return fromWebStream(() => response.body as ReadableStream<Uint8Array>, undefined, contentType)
}

const isAsyncIterable = (value: object): value is AsyncIterable<unknown> => Symbol.asyncIterator in value

const raw = (
  value: unknown,
  contentType: string | undefined,
  contentLength: number | undefined
): Effect.Effect<EncodedBody, TypeError> => {
  if (value === undefined || value === null) return Effect.succeed(noBytes)
  if (typeof value === "string") return Effect.succeed(bytes(encoder.encode(value), contentType))
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return Effect.succeed(bytes(viewBytes(value), contentType))
  }
  if (value instanceof URLSearchParams) {
    const type = contentType ?? "application/x-www-form-urlencoded;charset=UTF-8"
    return Effect.succeed(bytes(encoder.encode(value.toString()), type))
  }
  if (value instanceof FormData) return Effect.succeed(formData(value))
  if (value instanceof Blob) {
    const type = contentType ?? (value.type === "" ? undefined : value.type)
    return Effect.succeed(fromWebStream(() => value.stream(), value.size, type))
  }
  // Streams of Node and, there, web streams are async iterables; elsewhere a web stream may be none.
  if (typeof value === "object" && isAsyncIterable(value)) {
    const chunks = Stream.mapEffect(Stream.fromAsyncIterable(value, identity), chunkBytes)
    return Effect.succeed(stream(chunks, contentLength, contentType))
  }
  if (value instanceof ReadableStream)
    return Effect.succeed(fromWebStream(() => value, contentLength, contentType))
  return Effect.fail(new TypeError(`a ${typeof value} is no body: give bytes, a string or a stream`))
}

/** What to send for a platform body. Fails only for a `Raw` of a kind that no driver can send. */
export const encodeBody = (body: HttpBody.HttpBody): Effect.Effect<EncodedBody, TypeError> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed(noBytes)
    case "Uint8Array":
      return Effect.succeed(bytes(body.body, body.contentType))
    case "Stream":
      return Effect.succeed(stream(body.stream, body.contentLength, body.contentType))
    case "FormData":
      return Effect.succeed(formData(body.formData))
    case "Raw":
      return raw(body.body, body.contentType, body.contentLength)
  }
}
