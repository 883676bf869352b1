/**
 * Decompression of responses (RFC 9110 §8.4) for `Client` and platform's `HttpClient`: `gzip`, `deflate`,
 * `br` and `zstd`.
 *
 * Asks for the codings by `Accept-Encoding`, unless the request has this field or `Range`, and decodes the
 * content as it is read, with limits. A decoded response has neither `Content-Encoding` nor `Content-Length`.
 * Responses to HEAD, 204, 206 and 304, responses with `Content-Range`, and those with another coding are left
 * as they are.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import type * as Client from "@httpfx/core/Client"
import { dual } from "effect/Function"
import * as decompression from "./content/decompression.js"
import type { Options } from "./content/decompression.js"

export type { Coding } from "./content/decoders.js"
export type { Options } from "./content/decompression.js"

/**
 * Decompresses the responses of a `Client` (`request`, `requestScoped` and `httpClient`, not `upgrade`) or of
 * a platform client that a `Client` provides. Apply it before other features. `Client.without` switches it
 * off for some requests.
 *
 * Reading a body fails with `InvalidContent` if the content is not what its codings say, and with
 * `DecodedTooLarge` beyond a limit; a request fails with `TooManyCodings`. With platform's client these
 * errors are the `cause` of a `ResponseError` with the reason `Decode`. With an invalid option every request
 * fails with `InvalidOption`, as for `Client.followRedirects`.
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
} = dual(
  (args) =>
    typeof args[0] === "object" &&
    args[0] !== null &&
    ("requestScoped" in args[0] || HttpClient.TypeId in args[0]),
  decompression.decompress
) as never
