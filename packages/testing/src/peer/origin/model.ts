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
  /** Number of the call among the calls of this origin, from 1. */
  readonly number: number
  /** Time of the call in milliseconds, on the clock with which the origin was created. */
  readonly time: number
  /**
   * Number of the connection on which the call arrived, from 1. Calls with equal numbers used the same
   * connection.
   */
  readonly connection: number
  /** The method. */
  readonly method: string
  /** The request target as sent: path and query. */
  readonly target: string
  /** The header fields by name in lower case. The values of repeated fields are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, without its framing. */
  readonly bytes: Uint8Array
  /** The body, decoded as UTF-8. */
  readonly text: string
  /** The name of the stub that matched. `undefined` if no stub matched. */
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
 * Like {@link Matcher}. If the field or parameter is missing, a predicate is still called, with `undefined`.
 *
 * @since 0.1.0
 * @category models
 */
export type FieldMatcher = string | RegExp | ((value: string | undefined) => boolean)

/**
 * A reply that ends the connection before the response is complete. `Origin.reset` and `Origin.hangUp` create
 * such replies.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionFault {
  readonly _tag: "ConnectionFault"
  /** The way in which the connection ends. With `reset` the client sees RST. With `end` it sees FIN. */
  readonly by: "reset" | "end"
  /** The response that is cut off. `undefined` if nothing is sent. */
  readonly response: HttpServerResponse.HttpServerResponse | undefined
  /**
   * Number of bytes of the response that are sent, including the head. `undefined` if only the head is sent.
   */
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
 * The reply of a stub. It is an `Answer` (a response or the end of the connection) or an effect that returns
 * an `Answer`. A function gets the call and returns an `Answer` or such an effect. If the reply is
 * `Effect.never`, the origin never responds.
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
 * are checked in the order method, path, query, headers, body, json, when. A predicate is called only if all
 * properties before it match. If a predicate throws, the request fails, and the failure is reported as a
 * failure of a handler.
 *
 * @since 0.1.0
 * @category models
 */
export interface Route {
  /** Name of the stub in failures and in `Call.stub`. Default: the method and the path. */
  readonly name?: string | undefined
  /** The method. */
  readonly method?: Matcher | undefined
  /** The path without its query. A string that contains `?` is compared with the path and the query. */
  readonly path?: Matcher | undefined
  /** Query parameters by name. Parameters that are not listed are ignored. */
  readonly query?: Readonly<Record<string, FieldMatcher>> | undefined
  /** Header fields by name (case-insensitive). Fields that are not listed are ignored. */
  readonly headers?: Readonly<Record<string, FieldMatcher>> | undefined
  /** The body as text. */
  readonly body?: Matcher | undefined
  /**
   * A JSON value that must equal the body, with keys in any order, or a predicate for the JSON value of the
   * body. Bodies that are not JSON do not match.
   */
  readonly json?: unknown
  /** A predicate for the whole call. */
  readonly when?: ((call: Call) => boolean) | undefined
  /** One reply for all calls, or a sequence of replies. The last reply of a sequence is repeated. */
  readonly reply: Reply | readonly [Reply, ...Array<Reply>]
  /**
   * Maximum number of calls that the stub matches, and the number of calls that `assertAllCalled` expects. By
   * default the stub matches any number of calls.
   */
  readonly times?: number | undefined
  /** Whether `assertAllCalled` accepts that the stub was never called. Default `false`. */
  readonly optional?: boolean | undefined
}
