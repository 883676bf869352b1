/**
 * Conditional requests and range requests (RFC 9110 §13 and §14): 304, 412, 206 and 416.
 *
 * File responses (`HttpServerResponse.file`) need nothing of this module: a server answers their
 * preconditions and ranges by itself. For other responses with an `ETag` or a `Last-Modified`, add
 * {@link middleware}. Handlers that change a resource call {@link check} before the change.
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
import { integer, refuse, type Checks } from "./internal/options/checks.js"

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
   * Maximum number of ranges in a request. A request with more ranges gets the whole representation. 0: no
   * ranges. Default 32.
   */
  readonly maxRanges?: number | undefined
}

const checks: Checks<Options> = { maxRanges: integer(0) }

/**
 * The validators of a representation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Validators {
  /** The entity tag as the `ETag` field has it: in quotes, and with `W/` if it is weak. */
  readonly etag?: string | undefined
  /** The time of the last change. Fractions of a second are dropped, because the field has none. */
  readonly lastModified?: Date | undefined
}

/**
 * Makes the response to a request from the response of a handler. Only 200 to GET and HEAD changes: 304 or
 * 412 if a precondition is false, 206 or 416 for a range of a body in memory or of a {@link response}. A
 * second call changes nothing more.
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
 * Answers preconditions for all responses with an `ETag` or a `Last-Modified`, and ranges of those whose body
 * is in memory. Adds no `ETag`. The handler runs in any case; a body that the client has is not sent. For an
 * app, a route, a router or a server. With an invalid option the first request fails: its handler dies with
 * `InvalidOption`.
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
  const refusal = refuse(options, checks)
  if (refusal !== undefined) return () => Effect.die(refusal)
  const append = HttpApp.appendPreResponseHandler((request, response) => respond(request, response, options))
  return (app) => Effect.zipRight(append, app)
}

/**
 * Makes a response with a body of which any range can be read, such as an object of an object store. Servers
 * of this package answer its ranges and preconditions; on other servers and in web handlers
 * {@link middleware} does. Headers should contain `etag` or `last-modified`, so that a client can resume a
 * download safely.
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
 * Whether the server is to answer preconditions and ranges of this response by itself: a file, or a
 * {@link response}. A middleware that changes the bytes of bodies calls {@link respond} for it first, because
 * ranges are of the bytes before the change.
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
 * Call it before a change, in the same transaction as the change. For GET and HEAD it saves the making of a
 * body that the client has.
 *
 * Errors: `PreconditionFailed`, which an app answers with 412, or with 304 for GET and HEAD.
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
