/**
 * Serves the files of a folder, with index files, cache policies and precompressed files. A fallback file
 * supports apps that have their routes in the browser. Ranges and preconditions of requests are honored (RFC
 * 9110 §13, §14).
 *
 * Only regular files below the root are served. Listings of folders and names that begin with a dot are never
 * served. The same holds for paths and symbolic links that lead outside of the root.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpPlatform } from "@effect/platform/HttpPlatform"
import type { RouteNotFound } from "@effect/platform/HttpServerError"
import type { Path } from "@effect/platform/Path"
import type { InvalidOption } from "@httpfx/core/HttpError"
import * as staticFiles from "./content/staticFiles.js"
import type { Options } from "./content/staticFiles.js"

export type { Options, Precompressed } from "./content/staticFiles.js"

/**
 * A `Cache-Control` value for files whose names change with their content, such as the assets of a bundler.
 * Clients and caches store such a file for a year, and do not revalidate it.
 *
 * @since 0.1.0
 * @category constants
 */
export const immutable = "public, max-age=31536000, immutable"

/**
 * An app that serves the files below `root`, which is a path of the file system in the context.
 * `NodeHttpServer.layer` provides the services that the app needs.
 *
 * If a file does not exist, the app fails with `RouteNotFound` (404), so that another app can follow. A
 * request for a folder is redirected to the same path with a slash at its end. If an option is invalid, every
 * request fails with `InvalidOption`. Other errors of the file system fail the request with `PlatformError`
 * (500).
 *
 * @example
 * import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
 * import { NodeHttpServer, NodeStaticFiles } from "@httpfx/node"
 * import { Layer } from "effect"
 *
 * const site = NodeStaticFiles.app("dist", {
 *   cacheControl: [[/^assets\//, NodeStaticFiles.immutable]],
 *   fallback: "index.html"
 * })
 *
 * // The route `*` is asked last. `mountApp("/", site)` would hide the other routes.
 * const router = HttpRouter.empty.pipe(
 *   HttpRouter.get("/api", HttpServerResponse.text("api")),
 *   HttpRouter.get("*", site)
 * )
 * const main = HttpServer.serve(router).pipe(Layer.provide(NodeHttpServer.layer({ port: 3000 })))
 *
 * @since 0.1.0
 * @category constructors
 */
export const app: (
  root: string,
  options?: Options
) => HttpApp.Default<RouteNotFound | PlatformError | InvalidOption, FileSystem | Path | HttpPlatform> =
  staticFiles.app
