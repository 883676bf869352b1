/**
 * Compression of responses (RFC 9110 §8.4): `br`, `zstd` and `gzip`, negotiated by `Accept-Encoding`. A
 * pre-response handler of platform compresses content of a compressible media type if the content is large
 * enough (`threshold`).
 *
 * Content in memory of at most 1 MiB gets its exact `Content-Length`. Larger content and streams are
 * compressed as the client reads them. Each chunk of a stream is flushed, so server-sent events arrive at
 * once. A compressed response gets `Content-Encoding` and `Vary`, its strong `ETag` becomes weak, and
 * `Accept-Ranges` is removed.
 *
 * A response with a `Content-Encoding`, a `Content-Range`, a digest or `Cache-Control: no-transform` is never
 * changed. The same holds for status 204, 205 and 206.
 *
 * The length of a compressed response can disclose a secret, if the response also contains text that an
 * attacker chooses (BREACH). Call {@link disable} for such responses.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import * as compressible from "./content/compressible.js"
import * as compression from "./content/compression.js"
import type { Options } from "./content/compression.js"

export type { Coding } from "./content/coder.js"
export type { Options } from "./content/compression.js"
export type { Brotli, Gzip, Zstd } from "./content/encoders.js"

/**
 * Makes a middleware that compresses the responses of an app, for `HttpServer.serve`, `HttpRouter.use`,
 * `HttpApiBuilder.middleware` and `HttpLayerRouter.middleware`.
 *
 * If an option is invalid, every request dies with `InvalidOption`. The server then logs the error and sends
 * 500.
 *
 * @example
 * import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
 * import { NodeCompression, NodeHttpServer } from "@httpfx/node"
 * import { Layer } from "effect"
 *
 * const app = HttpRouter.empty.pipe(HttpRouter.get("/", HttpServerResponse.text("tea ".repeat(1000))))
 *
 * const server = HttpServer.serve(app, NodeCompression.compress()).pipe(
 *   Layer.provide(NodeHttpServer.layer({ port: 3000 }))
 * )
 *
 * @since 0.1.0
 * @category middleware
 */
export const compress: (
  options?: Options
) => <E, R>(app: HttpApp.HttpApp<HttpServerResponse, E, R>) => HttpApp.HttpApp<HttpServerResponse, E, R> =
  compression.compress

/**
 * Excludes the response to the current request from compression, wherever the middleware is applied. Use this
 * effect for responses that contain both a secret and text from the request (BREACH).
 *
 * @example
 * import { HttpRouter, HttpServerResponse } from "@effect/platform"
 * import { NodeCompression } from "@httpfx/node"
 * import { Effect } from "effect"
 *
 * const form = HttpServerResponse.html("<input name=csrf value=...>")
 * const route = HttpRouter.get("/form", Effect.zipRight(NodeCompression.disable, form))
 *
 * @since 0.1.0
 * @category middleware
 */
export const disable: Effect.Effect<void, never, HttpServerRequest> = compression.disable

/**
 * Returns whether content with this `Content-Type` becomes smaller when it is compressed. `true` for text,
 * JSON, XML, and the types that `mime-db` (the database of media types) marks as compressible.
 * `application/octet-stream` is an exception, because it says nothing about the content.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isCompressible: (contentType: string) => boolean = compressible.isCompressible
