/**
 * Files as responses: platform's `HttpPlatform`, with the local file system.
 *
 * A file is opened when the server starts to send its content, and closed when the response completes or is
 * aborted. A response to HEAD, or a response that is never sent, therefore opens no file.
 *
 * @since 0.1.0
 */
import * as Etag from "@effect/platform/Etag"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpPlatform from "@effect/platform/HttpPlatform"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as FileResponses from "@httpfx/core/FileResponses"
import mime from "mime"
import { fileStream } from "./socket/fileStream.js"

/**
 * Makes platform's `HttpPlatform`. The content type of a response comes from the options. Without this option
 * the extension of the file name determines the content type. `FileResponses` of `@httpfx/core` handles
 * preconditions and ranges of the request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<HttpPlatform.HttpPlatform, never, FileSystem.FileSystem | Etag.Generator> =
  FileResponses.make({
    read: fileStream,
    typeOf: (name) => mime.getType(name) ?? "application/octet-stream"
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
