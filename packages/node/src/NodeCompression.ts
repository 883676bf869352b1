/**
 * Compression of responses (RFC 9110 §8.4): `br`, `zstd` and `gzip`, negotiated by `Accept-Encoding`.
 *
 * Compresses content of a compressible media type, from a threshold on, as a pre-response handler of
 * platform. Content in memory of at most 1 MiB gets its exact `Content-Length`; larger content and streams
 * are compressed as the client reads them, and each chunk of a stream is flushed, so server-sent events
 * arrive at once. Sets `Content-Encoding` and `Vary`, makes a strong `ETag` weak, and removes
 * `Accept-Ranges`.
 *
 * Never changes a response with a `Content-Encoding`, a `Content-Range`, a digest or `Cache-Control:
 * no-transform`, and none with status 204, 205 or 206.
 *
 * Compressing a secret together with text that an attacker chooses discloses the secret by the length of the
 * response (BREACH): call {@link disable} for such responses.
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
 * Makes a middleware that compresses the responses of an app: for `HttpServer.serve`, `HttpRouter.use`,
 * `HttpApiBuilder.middleware` and `HttpLayerRouter.middleware`.
 *
 * With an invalid option every request dies with `InvalidOption`: the server logs the error and answers 500.
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
 * Leaves the response to the current request uncompressed, wherever the middleware stands. For responses that
 * contain a secret together with text of the request (BREACH).
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
 * Whether content with this `Content-Type` becomes smaller when it is compressed: text, JSON, XML, and the
 * types that the database of media types (`mime-db`) says so of, except `application/octet-stream`, which
 * says nothing about the content.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isCompressible: (contentType: string) => boolean = compressible.isCompressible
