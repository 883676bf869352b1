/**
 * Serves the files of a folder, from the `FileSystem` in the context.
 *
 * Never lists a folder, and opens only regular files. Never serves a file outside of the folder, unless the
 * option `outsideLinks` allows symbolic links to such files.
 */
import type { PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpBody from "@effect/platform/HttpBody"
import { HttpPlatform } from "@effect/platform/HttpPlatform"
import { RouteNotFound } from "@effect/platform/HttpServerError"
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as PlatformPath from "@effect/platform/Path"
import type { InvalidOption } from "@httpfx/core/HttpError"
import { boolean, oneOf, other, refuseUnknown, someOf, string, type Check } from "@httpfx/core/OptionCheck"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { choose } from "./acceptEncoding.js"
import { vary } from "./vary.js"
import { namesOf, pathOf, type Names } from "./fileNames.js"

/**
 * Options of the app that serves a folder of files.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The start of the URL path that is removed before a file is looked up, such as `/assets`.
   * `HttpRouter.mountApp` removes the prefix itself, so the option is not needed there. Default: nothing is
   * removed.
   */
  readonly prefix?: string | undefined
  /**
   * Names of index files. A request for a folder gets the first index file that exists. Default
   * `["index.html"]`.
   */
  readonly index?: ReadonlyArray<string> | undefined
  /**
   * Path, below the root, of the file that is sent in place of a missing file. It is sent only if the client
   * asks for a page (`Accept` with `text/html`). An app that has its routes in the browser uses `index.html`.
   * Default: a missing file gives 404.
   */
  readonly fallback?: string | undefined
  /**
   * Pairs of a pattern and a `Cache-Control` value. The first pattern that matches the path of the file below
   * the root, such as `assets/main.js`, determines the value. An empty value leaves the field out. If no
   * pattern matches, the value is `no-cache`: clients store the file and revalidate it for each use.
   */
  readonly cacheControl?: ReadonlyArray<readonly [pattern: RegExp, value: string]> | undefined
  /**
   * Codings of the compressed files that may lie beside an original file (`main.js.br`, `.zst`, `.gz`), in
   * order of preference. A client that accepts the coding gets the compressed file. Default: only original
   * files are sent.
   */
  readonly precompressed?: ReadonlyArray<Precompressed> | undefined
  /**
   * Whether files are served whose names begin with a dot. If `false`, such names are served only below
   * `/.well-known/` (RFC 8615). Default `false`.
   */
  readonly dotfiles?: boolean | undefined
  /** Whether symbolic links may lead out of the root. Default `false`. */
  readonly outsideLinks?: boolean | undefined
  /**
   * The `charset` parameter of `text/*` content types. An empty value omits the parameter. Default `utf-8`.
   */
  readonly charset?: string | undefined
  /**
   * The reaction to methods other than GET and HEAD. `refuse` responds with 405. `pass` fails with
   * `RouteNotFound`, as a missing file does. Default `refuse`.
   */
  readonly otherMethods?: "refuse" | "pass" | undefined
}

/**
 * The coding of a file that was compressed in advance.
 *
 * @since 0.1.0
 * @category models
 */
export type Precompressed = "br" | "zstd" | "gzip"

const suffixes: Readonly<Record<Precompressed, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" }

const checks: { readonly [K in keyof Options]-?: Check } = {
  prefix: other(
    "a path that begins with a slash and does not end with one",
    (value) => typeof value === "string" && /^(?:\/[^/?#]+)*$/.test(value)
  ),
  index: other(
    "an array of file names",
    (value) =>
      Array.isArray(value) && value.every((name) => typeof name === "string" && /^[^/\\]+$/.test(name))
  ),
  fallback: string,
  cacheControl: other(
    "an array of pairs: a regular expression and a value",
    (value) =>
      Array.isArray(value) &&
      value.every(
        (pair) =>
          Array.isArray(pair) && pair.length === 2 && pair[0] instanceof RegExp && typeof pair[1] === "string"
      )
  ),
  precompressed: someOf("br", "zstd", "gzip"),
  dotfiles: boolean,
  outsideLinks: boolean,
  charset: string,
  otherMethods: oneOf("refuse", "pass")
}

type Response = HttpServerResponse.HttpServerResponse

const absent = new Set(["NotFound", "BadResource", "PermissionDenied"])

// Platform has no reason for a name or path that is longer than the file system allows.
const isTooLong = ({ cause }: SystemError): boolean =>
  Predicate.hasProperty(cause, "code") && cause.code === "ENAMETOOLONG"

const isAbsent = (error: PlatformError): boolean =>
  error._tag === "SystemError" && (absent.has(error.reason) || isTooLong(error))

const isPage = (request: HttpServerRequest): boolean =>
  /(?:^|,)[ \t]*text\/html[ \t]*(?:[,;]|$)/i.test(request.headers["accept"] ?? "")

const notAllowed = HttpServerResponse.empty({ status: 405, headers: { allow: "GET, HEAD" } })

// The file with a coding is another representation than the original file, so it needs another entity tag.
const tagOf = (etag: string, coding: string): string => etag.replace(/"$/, `-${coding}"`)

class Folder {
  private readonly root: string

  constructor(
    root: string,
    private readonly options: Options,
    private readonly fs: FileSystem.FileSystem,
    private readonly path: PlatformPath.Path,
    private readonly platform: HttpPlatform
  ) {
    this.root = path.resolve(root)
  }

  answer(request: HttpServerRequest): Effect.Effect<Response, PlatformError | RouteNotFound> {
    const { fallback, otherMethods = "refuse" } = this.options
    const notFound = Effect.fail(new RouteNotFound({ request }))
    if (request.method !== "GET" && request.method !== "HEAD")
      return otherMethods === "pass" ? notFound : Effect.succeed(notAllowed)
    const names = this.namesIn(request)
    if (names === undefined) return notFound
    return Effect.flatMap(this.find(request, names), (response) => {
      if (response !== undefined) return Effect.succeed(response)
      if (fallback === undefined || !isPage(request)) return notFound
      return Effect.flatMap(this.file(request, fallback.split("/"), ["accept"]), (page) =>
        page === undefined ? notFound : Effect.succeed(page)
      )
    })
  }

  private namesIn({ url }: HttpServerRequest): Names | undefined {
    const { dotfiles = false, prefix = "" } = this.options
    const path = pathOf(url)
    if (!path.startsWith(prefix)) return undefined
    const names = namesOf(path.slice(prefix.length), this.path.sep === "\\")
    if (names === undefined || dotfiles) return names
    const hidden = names.segments.some(
      (name, index) => name.startsWith(".") && !(index === 0 && name === ".well-known")
    )
    return hidden ? undefined : names
  }

  private find(
    request: HttpServerRequest,
    { isFolder, segments }: Names
  ): Effect.Effect<Response | undefined, PlatformError> {
    return Effect.flatMap(this.typeOf(segments), (type) => {
      if (type === "File") return isFolder ? Effect.succeed(undefined) : this.file(request, segments, [])
      return type === "Directory" ? this.index(request, segments) : Effect.succeed(undefined)
    })
  }

  private index(
    request: HttpServerRequest,
    segments: ReadonlyArray<string>
  ): Effect.Effect<Response | undefined, PlatformError> {
    const { index = ["index.html"] } = this.options
    const from = (at: number): Effect.Effect<Response | undefined, PlatformError> =>
      at === index.length
        ? Effect.succeed(undefined)
        : Effect.flatMap(this.file(request, [...segments, index[at]!], []), (response) =>
            response === undefined ? from(at + 1) : Effect.succeed(folderRedirect(request) ?? response)
          )
    return from(0)
  }

  /**
   * Returns the type of the file or folder at this path inside the root, or `undefined` if nothing exists
   * there.
   */
  private typeOf(
    segments: ReadonlyArray<string>
  ): Effect.Effect<FileSystem.File.Type | undefined, PlatformError> {
    const path = this.path.join(this.root, ...segments)
    const type = Effect.flatMap(this.fs.stat(path), ({ type }) =>
      this.options.outsideLinks === true
        ? Effect.succeed(type)
        : Effect.map(this.isInside(path, segments), (isInside) => (isInside ? type : undefined))
    )
    return Effect.catchIf(type, isAbsent, () => Effect.succeed(undefined))
  }

  // Resolving a path reads every folder above it, and few paths have links. Look for links first.
  private isInside(path: string, segments: ReadonlyArray<string>): Effect.Effect<boolean, PlatformError> {
    const { fs, path: paths } = this
    const leads = Effect.map(
      Effect.all([fs.realPath(this.root), fs.realPath(path)]),
      ([root, real]) => real === root || real.startsWith(root.endsWith(paths.sep) ? root : root + paths.sep)
    )
    const from = (depth: number): Effect.Effect<boolean, PlatformError> =>
      depth > segments.length
        ? Effect.succeed(true)
        : Effect.matchEffect(fs.readLink(paths.join(this.root, ...segments.slice(0, depth))), {
            onFailure: () => from(depth + 1),
            onSuccess: () => leads
          })
    return from(1)
  }

  private file(
    request: HttpServerRequest,
    segments: ReadonlyArray<string>,
    varies: ReadonlyArray<string>
  ): Effect.Effect<Response | undefined, PlatformError> {
    return Effect.flatMap(this.typeOf(segments), (type) =>
      type === "File" ? this.respond(request, segments, varies) : Effect.succeed(undefined)
    )
  }

  private respond(
    request: HttpServerRequest,
    segments: ReadonlyArray<string>,
    varies: ReadonlyArray<string>
  ): Effect.Effect<Response | undefined, PlatformError> {
    const { cacheControl = [], precompressed = [] } = this.options
    const name = segments.join("/")
    const cache = cacheControl.find(([pattern]) => matches(pattern, name))?.[1] ?? "no-cache"
    const varying = precompressed.length === 0 ? varies : ["accept-encoding", ...varies]
    const headers = {
      ...(cache === "" ? {} : { "cache-control": cache }),
      ...(varying.length === 0 ? {} : { vary: varying.join(", ") })
    }
    const path = this.path.join(this.root, ...segments)
    const found = Effect.flatMap(this.response(path, { headers }), (plain) => {
      if (plain === undefined) return Effect.succeed(undefined)
      const original = withType(plain, this.typeWithCharset(plain.body.contentType))
      if (precompressed.length === 0) return Effect.succeed(original)
      return this.coded(request, segments, original, precompressed)
    })
    return varying.length === 0
      ? found
      : Effect.tap(found, (response) => response && (vary(request, ...varying) ?? Effect.void))
  }

  // Tries the codings that the client accepts, in the client's order of preference, until a file with the
  // coding exists.
  private coded(
    request: HttpServerRequest,
    segments: ReadonlyArray<string>,
    original: Response,
    codings: ReadonlyArray<Precompressed>
  ): Effect.Effect<Response, PlatformError> {
    const { coding } = choose(request.headers["accept-encoding"], codings)
    if (coding === undefined) return Effect.succeed(original)
    const sibling = [...segments.slice(0, -1), segments.at(-1)! + suffixes[coding]]
    return Effect.flatMap(this.typeOf(sibling), (type) => {
      if (type !== "File")
        return this.coded(
          request,
          segments,
          original,
          codings.filter((other) => other !== coding)
        )
      const { "content-length": _, etag: _etag, "last-modified": _modified, ...headers } = original.headers
      const options = { headers: { ...headers, "content-encoding": coding } }
      return Effect.map(this.response(this.path.join(this.root, ...sibling), options), (response) =>
        response === undefined
          ? original
          : HttpServerResponse.setHeader(response, "etag", tagOf(response.headers["etag"] ?? "", coding))
      )
    })
  }

  // The file may disappear after its type was read, so an absent file is not an error here.
  private response(
    path: string,
    options: HttpServerResponse.Options
  ): Effect.Effect<Response | undefined, PlatformError> {
    return Effect.catchIf(this.platform.fileResponse(path, options), isAbsent, () =>
      Effect.succeed(undefined)
    )
  }

  private typeWithCharset(type: string | undefined): string | undefined {
    const { charset = "utf-8" } = this.options
    return charset !== "" && type?.startsWith("text/") === true && !type.includes(";")
      ? `${type}; charset=${charset}`
      : type
  }
}

// A pattern with the flag `g` or `y` begins at `lastIndex`, which the previous match has moved.
const matches = (pattern: RegExp, name: string): boolean => {
  pattern.lastIndex = 0
  return pattern.test(name)
}

// The content type of a response comes from its body, so replace the body.
const withType = (response: Response, type: string | undefined): Response => {
  const { body } = response
  return type === undefined || type === body.contentType || body._tag !== "Stream"
    ? response
    : HttpServerResponse.setBody(response, HttpBody.stream(body.stream, type, body.contentLength))
}

/**
 * Returns a redirect to the same target with a slash at its end. The relative links of the index file then
 * refer to its folder. Returns `undefined` if the target already ends with a slash. `Location` is a relative
 * reference, so it never names another host.
 */
const folderRedirect = ({ originalUrl }: HttpServerRequest): Response | undefined => {
  const target = originalUrl.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "")
  const path = pathOf(target)
  if (path === "" || path.endsWith("/")) return undefined
  const query = target.slice(path.length).replace(/#.*/, "")
  const location = `./${path.slice(path.lastIndexOf("/") + 1)}/${query}`
  return HttpServerResponse.empty({ status: 301, headers: { location } })
}

/** Implements `NodeStaticFiles.app`. */
export const app = (
  root: string,
  options: Options = {}
): HttpApp.Default<
  RouteNotFound | PlatformError | InvalidOption,
  FileSystem.FileSystem | PlatformPath.Path | HttpPlatform
> => {
  const refused = refuseUnknown({ root, ...options }, { root: string, ...checks })
  if (refused !== undefined) return Effect.fail(refused)
  return Effect.gen(function* () {
    const folder = new Folder(
      root,
      options,
      yield* FileSystem.FileSystem,
      yield* PlatformPath.Path,
      yield* HttpPlatform
    )
    return yield* folder.answer(yield* HttpServerRequest)
  })
}
