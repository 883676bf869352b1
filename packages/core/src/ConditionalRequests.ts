/**
 * Conditional requests and range requests (RFC 9110 §13 and §14), which are answered with 304, 412, 206 or
 * 416.
 *
 * File responses (`HttpServerResponse.file`) need nothing of this module, because servers answer the
 * preconditions and ranges of requests for files. For other responses with an `ETag` or a `Last-Modified`,
 * add {@link middleware}. Handlers that change a resource call {@link check} before the change.
 *
 * @since 0.1.0
 */
import * as HttpApp from "@effect/platform/HttpApp"
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { parseEntityTag } from "./content/conditional/entityTags.js"
import { falsePrecondition } from "./content/conditional/preconditions.js"
import * as responding from "./content/conditional/respond.js"
import { PreconditionFailed } from "./errors/conditional.js"
import { integer, refuseUnknown, type Complete } from "./internal/options/checks.js"

export {
  /**
   * @since 0.1.0
   * @category models
   */
  type Representation
} from "./content/conditional/respond.js"

/**
 * Options for preconditions and ranges.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Maximum number of ranges in a request. A request with more ranges gets the whole representation. 0
   * disables ranges. Default 32.
   */
  readonly maxRanges?: number | undefined
}

const checks: Complete<Options> = { maxRanges: integer(0) }

/**
 * The validators of a representation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Validators {
  /**
   * The entity tag in the syntax of the `ETag` field: in quotes, and with `W/` before the quotes if the tag
   * is weak.
   */
  readonly etag?: string | undefined
  /**
   * The time of the last change. Fractions of a second are dropped, because `Last-Modified` counts whole
   * seconds.
   */
  readonly lastModified?: Date | undefined
}

/**
 * Applies the preconditions and ranges of a request to the response of a handler. Only a 200 to GET or HEAD
 * changes. A false precondition makes it a 304 or a 412. A range makes it a 206 or a 416, if the body is in
 * memory or the response comes from `response`. A second call has no further effect.
 *
 * @since 0.1.0
 * @category combinators
 */
export const respond = (
  request: HttpServerRequest,
  response: HttpServerResponse.HttpServerResponse,
  { maxRanges = responding.defaultMaxRanges }: Options = {}
): Effect.Effect<HttpServerResponse.HttpServerResponse> => responding.respond(request, response, maxRanges)

/**
 * Answers preconditions for all responses with an `ETag` or a `Last-Modified`, and ranges for those with a
 * body in memory. Works for an app, a route, a router or a server. Adds no `ETag`.
 *
 * The handler always runs. The middleware then drops the body if the client already has it. With an invalid
 * option the handler of the first request dies with `InvalidOption`.
 *
 * @example
 * import { HttpServer, HttpServerResponse } from "@effect/platform"
 * import { ConditionalRequests } from "@httpfx/core"
 *
 * const app = HttpServerResponse.json({ version: 7 }, { headers: { etag: '"7"' } })
 *
 * // `If-None-Match: "7"` gets 304.
 * const main = HttpServer.serve(app.pipe(ConditionalRequests.middleware()))
 *
 * @since 0.1.0
 * @category combinators
 */
export const middleware = (
  options?: Options
): (<E, R>(app: HttpApp.Default<E, R>) => HttpApp.Default<E, R>) => {
  const refusal = refuseUnknown(options, checks)
  if (refusal !== undefined) return () => Effect.die(refusal)
  const append = HttpApp.appendPreResponseHandler((request, response) => respond(request, response, options))
  return (app) => Effect.zipRight(append, app)
}

/**
 * Makes a response whose body can be read from any offset, such as an object of an object store. Servers of
 * this package answer the ranges and preconditions of requests for it. On other servers and in web handlers,
 * {@link middleware} answers them. Headers should contain `etag` or `last-modified`, so that a client can
 * resume a download safely.
 *
 * @since 0.1.0
 * @category constructors
 */
export const response = (
  representation: responding.Representation,
  options?: Omit<HttpServerResponse.Options, "contentLength">
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(responding.seekableStream(representation), {
    ...options,
    contentLength: representation.size
  })

/**
 * Whether the server itself answers preconditions and ranges of this response, because it is a file or comes
 * from `response`. A middleware that changes the bytes of such a body calls {@link respond} before the
 * change, because ranges count the unchanged bytes.
 *
 * @since 0.1.0
 * @category guards
 */
export const isSeekable: (response: HttpServerResponse.HttpServerResponse) => boolean = responding.isSeekable

/**
 * Evaluates the preconditions of the current request against the current state of the resource, in the order
 * of RFC 9110 §13.2.2. `current` is `undefined` if the resource does not exist yet (`If-None-Match: *`).
 * Requests without preconditions pass.
 *
 * Call `check` before a change, in the same transaction as the change. For GET and HEAD, call `check` before
 * making the body, so that no body is made that the client already has.
 *
 * Fails with `PreconditionFailed`, which an app answers with 412, or with 304 for GET and HEAD.
 *
 * @example
 * import { HttpRouter, HttpServerResponse } from "@effect/platform"
 * import { ConditionalRequests } from "@httpfx/core"
 * import { Effect } from "effect"
 *
 * let version = 1
 *
 * const router = HttpRouter.empty.pipe(
 *   HttpRouter.put(
 *     "/counter",
 *     Effect.gen(function* () {
 *       yield* ConditionalRequests.check({ etag: `"${version}"` })
 *       version++
 *       return HttpServerResponse.empty({ headers: { etag: `"${version}"` } })
 *     })
 *   )
 * )
 *
 * @since 0.1.0
 * @category accessors
 */
export const check = (
  current: Validators | undefined
): Effect.Effect<void, PreconditionFailed, HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest, ({ headers, method }) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const { etag, lastModified } = current ?? {}
      const validators = current && {
        etag: parseEntityTag(etag),
        lastModified: lastModified && Math.floor(lastModified.getTime() / 1000) * 1000
      }
      const status = falsePrecondition(method, headers, validators, now)
      return status === undefined ? Effect.void : Effect.fail(new PreconditionFailed({ status, etag }))
    })
  )
