/**
 * The public types of `Origin`: stubs, calls and replies.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * A request that an origin has received.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  /** Number of the call on this origin, from 1. */
  readonly number: number
  /** Time of the call in milliseconds, on the clock with which the origin was created. */
  readonly time: number
  /** Number of the call's connection to this origin, from 1. Calls with equal numbers reused a connection. */
  readonly connection: number
  /** The method. */
  readonly method: string
  /** The target as sent: path and query. */
  readonly target: string
  /** The header fields by name in lower case. The values of repeated fields are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, without its framing. */
  readonly bytes: Uint8Array
  /** The body, decoded as UTF-8. */
  readonly text: string
  /** The name of the stub that matched; `undefined` if no stub matched. */
  readonly stub: string | undefined
}

/**
 * An exact value, a pattern, or a predicate.
 *
 * @since 0.1.0
 * @category models
 */
export type Matcher = string | RegExp | ((value: string) => boolean)

/**
 * Matches like `Matcher`, but a predicate is also called, with `undefined`, if the field or parameter is
 * missing.
 *
 * @since 0.1.0
 * @category models
 */
export type FieldMatcher = string | RegExp | ((value: string | undefined) => boolean)

/**
 * A reply that ends the connection before the response is complete. Created by `Origin.reset` and
 * `Origin.hangUp`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionFault {
  readonly _tag: "ConnectionFault"
  /** How the connection ends. With `reset` the client sees RST, with `end` the client sees FIN. */
  readonly by: "reset" | "end"
  /** The response that is cut off; `undefined` if no byte is sent. */
  readonly response: HttpServerResponse.HttpServerResponse | undefined
  /** Number of bytes of the response that are sent, head included; `undefined` for only the head. */
  readonly afterBytes: number | undefined
}

/**
 * The result of a call: a response, or the end of the connection.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer = HttpServerResponse.HttpServerResponse | ConnectionFault

/**
 * The reply of a stub: an `Answer` (a response or the end of the connection), an effect that returns an
 * `Answer`, or a function from the call to an `Answer` or such an effect. With `Effect.never` the origin
 * never responds.
 *
 * @since 0.1.0
 * @category models
 */
export type Reply =
  | Answer
  | Effect.Effect<Answer, never, HttpServerRequest.HttpServerRequest | Scope.Scope>
  | ((call: Call) => Answer | Effect.Effect<Answer, never, HttpServerRequest.HttpServerRequest | Scope.Scope>)

/**
 * A stub, which matches requests and replies to them. An omitted property matches every request. Properties
 * are checked in the order method, path, query, headers, body, json, when, and a predicate is called only if
 * all properties before it match. If a predicate throws, the request fails, which is reported as a handler's
 * failure.
 *
 * @since 0.1.0
 * @category models
 */
export interface Route {
  /** Name of the stub in failures and in `Call.stub`. Default: method and path. */
  readonly name?: string | undefined
  /** The method. */
  readonly method?: Matcher | undefined
  /** The path without its query. A string that contains `?` is compared with path and query. */
  readonly path?: Matcher | undefined
  /** Query parameters by name. Other parameters are ignored. */
  readonly query?: Readonly<Record<string, FieldMatcher>> | undefined
  /** Header fields by name (case-insensitive). Other fields are ignored. */
  readonly headers?: Readonly<Record<string, FieldMatcher>> | undefined
  /** The body as text. */
  readonly body?: Matcher | undefined
  /**
   * A JSON value that the body must equal, with keys in any order, or a predicate on the body's JSON value.
   * Bodies that are not JSON do not match.
   */
  readonly json?: unknown
  /** A predicate on the whole call. */
  readonly when?: ((call: Call) => boolean) | undefined
  /** One reply for all calls, or a sequence of replies whose last reply is repeated. */
  readonly reply: Reply | readonly [Reply, ...Array<Reply>]
  /** Maximum number of calls that the stub matches. Default: unlimited. */
  readonly times?: number | undefined
  /** Whether `assertAllCalled` accepts that the stub was never called. Default `false`. */
  readonly optional?: boolean | undefined
}
