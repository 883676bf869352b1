/**
 * Files as responses: platform's `HttpPlatform`, with the local file system.
 *
 * A file is opened when the server starts to send its response, and closed when the response completes or is
 * aborted. A response that is never sent, or that answers HEAD, therefore opens no file.
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
 * Makes platform's `HttpPlatform`. The content type comes from the headers or, without that field, from the
 * extension of the file name. A response contains exactly the bytes of `offset` and `bytesToRead`; if the
 * file has become too short, the response is aborted.
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
      // Slicing a `Blob` copies nothing. An object that only has a blob's members is sent whole.
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
 * Provides `HttpPlatform`, with Node's file system and with ETags.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpPlatform.HttpPlatform> = Layer.effect(
  HttpPlatform.HttpPlatform,
  make
).pipe(Layer.provide([NodeFileSystem.layer, Etag.layer]))
