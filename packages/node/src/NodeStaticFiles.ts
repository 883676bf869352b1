/**
 * Serves the files of a folder: index files, cache policies, precompressed files, and a fallback for apps
 * that have their routes in the browser. Ranges and preconditions of requests are answered (RFC 9110 §13,
 * §14).
 *
 * Only regular files below the root are served: no listing of folders, nothing that a path or a symbolic link
 * leads to outside of the root, and no names that begin with a dot.
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
 * `Cache-Control` of files whose names change with their content, such as the assets of a bundler: clients
 * and caches keep them for a year and never ask again.
 *
 * @since 0.1.0
 * @category constants
 */
export const immutable = "public, max-age=31536000, immutable"

/**
 * An app that serves the files below `root`, a path of the file system in the context. The services that it
 * needs are those of `NodeHttpServer.layer`.
 *
 * It fails with `RouteNotFound` (404) where there is no file, so that another app can follow. Folders are
 * redirected to the same path with a slash. With an invalid option every request fails with `InvalidOption`.
 * Other errors of the file system fail with `PlatformError` (500).
 *
 * @example
 * import { HttpRouter, HttpServer } from "@effect/platform"
 * import { NodeHttpServer, NodeStaticFiles } from "@httpfx/node"
 * import { Layer } from "effect"
 *
 * const site = NodeStaticFiles.app("dist", {
 *   cacheControl: [[/^assets\//, NodeStaticFiles.immutable]],
 *   fallback: "index.html"
 * })
 *
 * const main = HttpServer.serve(HttpRouter.empty.pipe(HttpRouter.mountApp("/", site))).pipe(
 *   Layer.provide(NodeHttpServer.layer({ port: 3000 }))
 * )
 *
 * @since 0.1.0
 * @category constructors
 */
export const app: (
  root: string,
  options?: Options
) => HttpApp.Default<RouteNotFound | PlatformError | InvalidOption, FileSystem | Path | HttpPlatform> =
  staticFiles.app
