/**
 * Decompression of responses (RFC 9110 §8.4) for `Client` and platform's `HttpClient`: `gzip`, `deflate`,
 * `br` and `zstd`.
 *
 * A request asks for these codings by `Accept-Encoding`, unless it already has this field or `Range`. The
 * content of the response is decoded as it is read, with limits. A decoded response has neither
 * `Content-Encoding` nor `Content-Length`.
 *
 * Responses to HEAD and responses with status 204, 206 or 304 are not changed. The same holds for responses
 * with `Content-Range` and for responses with an unknown coding.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as Client from "@httpfx/core/Client"
import { dual } from "effect/Function"
import * as decompression from "./content/decompression.js"
import type { Options } from "./content/decompression.js"

export type { Coding } from "./content/decoders.js"
export type { Options } from "./content/decompression.js"

/**
 * Decompresses the responses of a `Client` (of `request`, `requestScoped` and `httpClient`, but not of
 * `upgrade`), or of a platform client that a `Client` provides. Apply `decompress` before other features.
 * `Client.without` disables decompression for some requests.
 *
 * Reading a body fails with `InvalidContent` if the content does not match its codings, and with
 * `DecodedTooLarge` if a limit is exceeded. A request fails with `TooManyCodings` if the response has too
 * many codings. With platform's client these errors are the `cause` of a `ResponseError` with the reason
 * `Decode`. If an option is invalid, every request fails with `InvalidOption`, as with
 * `Client.followRedirects`.
 *
 * @example
 * import { Client } from "@httpfx/core"
 * import { NodeDecompression } from "@httpfx/node"
 * import { Effect } from "effect"
 *
 * const page = Effect.gen(function* () {
 *   const client = NodeDecompression.decompress(yield* Client.Client)
 *   const response = yield* client.request({ url: "http://example.org/" })
 *   return yield* response.text
 * })
 *
 * @since 0.1.0
 * @category combinators
 */
export const decompress: {
  (
    options?: Options
  ): <A extends Client.Service | HttpClient.HttpClient>(
    self: A
  ) => A extends Client.Service ? Client.Service : HttpClient.HttpClient
  (self: Client.Service, options?: Options): Client.Service
  <E, R>(
    self: HttpClient.HttpClient.With<E, R>,
    options?: Options
  ): HttpClient.HttpClient.With<E | HttpClientError, R>
} = dual((args) => Client.isClient(args[0]), decompression.decompress) as never
