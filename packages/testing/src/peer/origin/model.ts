/**
 * The types of an origin's stubs and their replies. Part of `Origin`.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * A request received by an origin.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  /** 1 for the first. */
  readonly number: number
  /** Milliseconds on the clock under which the origin was made. */
  readonly time: number
  /**
   * Number of its connection to this origin, from 1; shows whether connections are reused.
   */
  readonly connection: number
  /** The method. */
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** Names in lower case; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, without its framing. */
  readonly bytes: Uint8Array
  /** The body as UTF-8. */
  readonly text: string
  /** The name of the stub that matched; `undefined`: none. */
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
 * As `Matcher`; a predicate is also called if the field or parameter is missing.
 *
 * @since 0.1.0
 * @category models
 */
export type FieldMatcher = string | RegExp | ((value: string | undefined) => boolean)

/**
 * A connection ended before a complete response; made by `Origin.reset` and `Origin.hangUp`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionFault {
  readonly _tag: "ConnectionFault"
  /** `reset`: the client sees RST; `end`: it sees FIN. */
  readonly by: "reset" | "end"
  /** The response that is broken off. `undefined`: no byte is sent. */
  readonly response: HttpServerResponse.HttpServerResponse | undefined
  /** Bytes sent before, head included. `undefined`: the head. */
  readonly afterBytes: number | undefined
}

/**
 * The result of a call: a response, or an end of the connection.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer = HttpServerResponse.HttpServerResponse | ConnectionFault

/**
 * The reply of a stub: a response or an end of the connection, an effect of one (`Effect.never`: no response
 * at all), or a function from the call to either.
 *
 * @since 0.1.0
 * @category models
 */
export type Reply =
  | Answer
  | Effect.Effect<Answer, never, HttpServerRequest.HttpServerRequest | Scope.Scope>
  | ((call: Call) => Answer | Effect.Effect<Answer, never, HttpServerRequest.HttpServerRequest | Scope.Scope>)

/**
 * A stub: matches requests and replies. Omitted properties match any. Predicates are called only if
 * everything before them matches, in the order method, path, query, headers, body, json, when. If one throws,
 * the request fails, which is reported as a handler's failure.
 *
 * @since 0.1.0
 * @category models
 */
export interface Route {
  /** Name for failures and history. Default: method and path. */
  readonly name?: string | undefined
  /** The method. Default: any. */
  readonly method?: Matcher | undefined
  /** The path without its query; a text with `?` is compared with path and query. */
  readonly path?: Matcher | undefined
  /** Query parameters by name; others are ignored. */
  readonly query?: Readonly<Record<string, FieldMatcher>> | undefined
  /** Fields by name, in any case; others are ignored. */
  readonly headers?: Readonly<Record<string, FieldMatcher>> | undefined
  /** The body as text. */
  readonly body?: Matcher | undefined
  /** The body as JSON, with keys in any order, or a predicate on it; other bodies do not match. */
  readonly json?: unknown
  /** A predicate of the whole call. */
  readonly when?: ((call: Call) => boolean) | undefined
  /** One reply for every call, or a sequence: the last one repeats. */
  readonly reply: Reply | readonly [Reply, ...Array<Reply>]
  /** The number of calls it matches. Default: unlimited. */
  readonly times?: number | undefined
  /** `true`: it need not be called. Default `false`. */
  readonly optional?: boolean | undefined
}
