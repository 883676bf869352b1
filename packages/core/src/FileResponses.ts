/**
 * Makes platform's `HttpPlatform`, which serves files, from a source of file contents. `NodeHttpPlatform` of
 * `@httpfx/node` uses this module for files on disk. Use this module directly for files in other places.
 *
 * @since 0.1.0
 */
import type { Generator } from "@effect/platform/Etag"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { HttpPlatform } from "@effect/platform/HttpPlatform"
import type * as Effect from "effect/Effect"
import * as fileResponses from "./content/fileResponses.js"

export {
  /**
   * @since 0.1.0
   * @category models
   */
  type Source
} from "./content/fileResponses.js"

/**
 * Makes platform's `HttpPlatform`. Its responses answer preconditions and ranges of the request
 * (`ConditionalRequests`), on every server. `contentType`, `cookies` and headers of the options replace those
 * of the file. A response contains exactly the bytes that `offset` and `bytesToRead` select, or a range of
 * these bytes. If the file has become too short, the response is aborted.
 *
 * `fileResponse` fails with platform's `SystemError` if the file does not exist (`NotFound`) or is not a
 * regular file (`BadResource`).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  source: fileResponses.Source
) => Effect.Effect<HttpPlatform, never, FileSystem | Generator> = fileResponses.make
