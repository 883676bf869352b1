/**
 * Platform's `HttpPlatform` over any source of file contents. File responses have validators and a media
 * type, and answer requests for ranges.
 *
 * Never opens a file itself. Makes a response only for regular files, because opening a pipe would wait for
 * its writer.
 */
import { SystemError, type PlatformError } from "@effect/platform/Error"
import * as Etag from "@effect/platform/Etag"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Headers from "@effect/platform/Headers"
import * as HttpApp from "@effect/platform/HttpApp"
import type { HttpBody } from "@effect/platform/HttpBody"
import * as HttpPlatform from "@effect/platform/HttpPlatform"
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { response, respond, type Representation } from "../ConditionalRequests.js"
import { fromRequest } from "../Exchange.js"

/**
 * A source of files, which reads their contents and knows their media types.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source {
  /**
   * Reads `length` bytes from `offset` on, or fewer bytes if the file is shorter. Opens the file when the
   * stream is pulled.
   */
  readonly read: (path: string, offset: number, length: number) => Stream.Stream<Uint8Array, unknown>
  /** Returns the media type for a file name, such as `text/html`. */
  readonly typeOf: (name: string) => string
}

type FileOptions = HttpServerResponse.Options & FileSystem.StreamOptions

const respondLate = HttpApp.appendPreResponseHandler((request, response) => respond(request, response))

// Servers of this package answer preconditions and ranges later. For a request of another server, answer them
// here.
const withRequest = <E>(
  made: Effect.Effect<HttpServerResponse.HttpServerResponse, E>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E> =>
  Effect.flatMap(Effect.serviceOption(HttpServerRequest), (request) =>
    Option.isSome(request) && Option.isNone(fromRequest(request.value))
      ? Effect.zipRight(respondLate, made)
      : made
  )

const notRegular = (path: string, type: FileSystem.File.Type): PlatformError =>
  new SystemError({
    reason: "BadResource",
    module: "FileSystem",
    method: "fileResponse",
    pathOrDescriptor: path,
    description: `not a regular file, but a ${type}`
  })

// `Last-Modified` must not be later than `Date` (RFC 9110 §8.8.2.1). A file system may have another clock.
const notLater = (modified: Date, now: number): Date => (modified.getTime() > now ? new Date(now) : modified)

const respondWith = (
  representation: Representation,
  etag: Etag.Etag,
  modified: Date | undefined,
  typeOf: () => string,
  options: FileOptions | undefined
): HttpServerResponse.HttpServerResponse => {
  const given = options?.headers ? Headers.fromInput(options.headers) : Headers.empty
  const headers = Headers.set(given, "etag", given["etag"] ?? Etag.toString(etag))
  return response(representation, {
    status: options?.status,
    statusText: options?.statusText,
    cookies: options?.cookies,
    headers:
      modified === undefined || "last-modified" in given
        ? headers
        : Headers.set(headers, "last-modified", modified.toUTCString()),
    contentType: options?.contentType ?? given["content-type"] ?? typeOf()
  })
}

// Rounds towards zero, as `Blob.slice` does. Not a number is 0.
const wholeNumber = (value: FileSystem.SizeInput): number => Math.max(0, Math.trunc(Number(value)) || 0)

// The part of a file that the options select. Never exceeds the file, because a response that announces
// more bytes than the file has would be aborted.
const sliceOf = (
  size: number,
  { bytesToRead, offset = 0 }: FileSystem.StreamOptions = {}
): { readonly start: number; readonly end: number } => {
  const start = Math.min(size, wholeNumber(offset))
  const end = bytesToRead === undefined ? size : start + wholeNumber(bytesToRead)
  return { start, end: Math.min(size, end) }
}

// An object that merely looks like a `Blob` has no `slice`, so its response is always sent whole.
const sentWhole = (options: FileOptions | undefined): FileOptions => ({
  ...options,
  headers: Headers.set(Headers.fromInput(options?.headers), "accept-ranges", "none")
})

const blobOf = (file: HttpBody.FileLike, options: FileSystem.StreamOptions | undefined): Representation => {
  const bytes = (part: { stream(): unknown }) =>
    Stream.fromReadableStream(() => part.stream() as ReadableStream<Uint8Array>, identity)
  if (!(file instanceof Blob)) return { size: file.size, read: () => bytes(file) }
  const { end, start } = sliceOf(file.size, options)
  // Slicing a `Blob` copies nothing.
  const part = file.slice(start, end)
  return { size: part.size, read: (offset, length) => bytes(part.slice(offset, offset + length)) }
}

export const make = ({
  read,
  typeOf
}: Source): Effect.Effect<HttpPlatform.HttpPlatform, never, FileSystem.FileSystem | Etag.Generator> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const etags = yield* Etag.Generator
    const fileResponse = (path: string, options?: FileOptions) =>
      Effect.flatMap(fs.stat(path), (info) => {
        if (info.type !== "File") return Effect.fail(notRegular(path, info.type))
        const { end, start } = sliceOf(Number(info.size), options)
        const representation = {
          size: end - start,
          read: (offset: number, length: number) => read(path, start + offset, length)
        }
        return Effect.zipWith(etags.fromFileInfo(info), Clock.currentTimeMillis, (etag, now) => {
          const modified = Option.map(info.mtime, (time) => notLater(time, now))
          return respondWith(
            representation,
            etag,
            Option.getOrUndefined(modified),
            () => typeOf(path),
            options
          )
        })
      })
    const fileWebResponse = (file: HttpBody.FileLike, options?: FileOptions) =>
      Effect.map(etags.fromFileWeb(file), (etag) =>
        respondWith(
          blobOf(file, options),
          etag,
          new Date(file.lastModified),
          () => (file.type === "" ? typeOf(file.name) : file.type),
          file instanceof Blob ? options : sentWhole(options)
        )
      )
    return HttpPlatform.HttpPlatform.of({
      [HttpPlatform.TypeId]: HttpPlatform.TypeId,
      fileResponse: (path, options) => withRequest(fileResponse(path, options)),
      fileWebResponse: (file, options) => withRequest(fileWebResponse(file, options))
    })
  })
