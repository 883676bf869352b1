/**
 * Files as responses: platform's `HttpPlatform`, with the local file system.
 *
 * Opens a file when its response is sent, and closes it when the response completes or aborts: a response
 * that is not sent, or one to HEAD, opens no file.
 *
 * @since 0.1.0
 */
import * as Etag from "@effect/platform/Etag"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpPlatform from "@effect/platform/HttpPlatform"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import type * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import mime from "mime"
import { fileStream } from "./socket/fileStream.js"

const typeOf = (name: string) => mime.getType(name) ?? "application/octet-stream"

/**
 * The content type follows the file name's extension, unless the headers set it. `offset` and `bytesToRead`
 * are exact; if the file was truncated meanwhile, the response is aborted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<HttpPlatform.HttpPlatform, never, FileSystem.FileSystem | Etag.Generator> =
  HttpPlatform.make({
    fileResponse: (path, status, statusText, headers, start, _end, contentLength) => {
      const length = Math.max(0, contentLength)
      return HttpServerResponse.stream(fileStream(path, start, length), {
        status,
        statusText,
        headers,
        contentType: headers["content-type"] ?? typeOf(path),
        contentLength: length
      })
    },
    fileWebResponse: (file, status, statusText, headers, options) => {
      const start = Number(options?.offset ?? 0)
      const end = options?.bytesToRead === undefined ? undefined : start + Number(options.bytesToRead)
      // A `Blob` is sliced, which makes a view; a look-alike is sent whole.
      const part = file instanceof Blob ? file.slice(start, end) : file
      return HttpServerResponse.stream(
        Stream.fromReadableStream(() => part.stream() as ReadableStream<Uint8Array>, identity),
        {
          status,
          statusText,
          headers,
          contentType: headers["content-type"] ?? (file.type === "" ? typeOf(file.name) : file.type),
          contentLength: part.size
        }
      )
    }
  })

/**
 * Platform's responses from files, with Node's file system and weak ETags.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpPlatform.HttpPlatform> = Layer.effect(
  HttpPlatform.HttpPlatform,
  make
).pipe(Layer.provide([NodeFileSystem.layer, Etag.layer]))
