/**
 * The stubs of an origin and what they answer, as values. Part of `Origin`.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * A request as an origin got it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  /** 1 for the first. */
  readonly number: number
  /** Milliseconds of the clock under which the origin was made. */
  readonly time: number
  /**
   * Which connection to this origin it came on, 1 for the first: whether connections are reused shows here.
   */
  readonly connection: number
  /** Its method. */
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** Names in lower case; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, without its framing. */
  readonly bytes: Uint8Array
  /** The body as UTF-8. */
  readonly text: string
  /** The name of the stub that answered; `undefined`: none did. */
  readonly stub: string | undefined
}

/**
 * A whole value, what it has to match, or a predicate of it.
 *
 * @since 0.1.0
 * @category models
 */
export type Matcher = string | RegExp | ((value: string) => boolean)

/**
 * As `Matcher`; a predicate is also asked where there is no such field or parameter.
 *
 * @since 0.1.0
 * @category models
 */
export type FieldMatcher = string | RegExp | ((value: string | undefined) => boolean)

/**
 * An end of the connection in place of a whole response: `Origin.reset` and `Origin.hangUp` make them.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionFault {
  readonly _tag: "ConnectionFault"
  /** `reset`: the client sees RST; `end`: it sees FIN. */
  readonly by: "reset" | "end"
  /** The response that is broken off. `undefined`: nothing is sent. */
  readonly response: HttpServerResponse.HttpServerResponse | undefined
  /** Bytes that are sent before, head included. `undefined`: the head. */
  readonly afterBytes: number | undefined
}

/**
 * What comes of a call: a response, or an end of the connection.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer = HttpServerResponse.HttpServerResponse | ConnectionFault

/**
 * What a stub answers: a response or an end of the connection, an effect of one (`Effect.never`: no answer at
 * all), or either made from the call.
 *
 * @since 0.1.0
 * @category models
 */
export type Reply =
  | Answer
  | Effect.Effect<Answer, never, HttpServerRequest.HttpServerRequest | Scope.Scope>
  | ((call: Call) => Answer | Effect.Effect<Answer, never, HttpServerRequest.HttpServerRequest | Scope.Scope>)

/**
 * Which requests a stub answers, and with what. What is not said is not looked at. A predicate is asked when
 * all before it fits, in the order method, path, query, headers, body, json, when. One that throws makes the
 * request fail, which is told as a handler's failure.
 *
 * @since 0.1.0
 * @category models
 */
export interface Route {
  /** For failures and history. Default: method and path. */
  readonly name?: string | undefined
  /** The method. Default: any. */
  readonly method?: Matcher | undefined
  /** The path without its query; a text with `?` is compared with path and query. */
  readonly path?: Matcher | undefined
  /** Parameters of the query by name; further ones do not matter. */
  readonly query?: Readonly<Record<string, FieldMatcher>> | undefined
  /** Fields by name, in any case; further ones do not matter. */
  readonly headers?: Readonly<Record<string, FieldMatcher>> | undefined
  /** The body as text. */
  readonly body?: Matcher | undefined
  /** The body as JSON, in any order of keys, or a predicate of it; what is no JSON fits neither. */
  readonly json?: unknown
  /** A predicate of the whole call. */
  readonly when?: ((call: Call) => boolean) | undefined
  /** One for every call, or a sequence: the first, the second, and from then on the last. */
  readonly reply: Reply | readonly [Reply, ...Array<Reply>]
  /** How many calls it answers; then it fits none. Default: any number. */
  readonly times?: number | undefined
  /** `true`: that it is never called is no fault. Default `false`. */
  readonly optional?: boolean | undefined
}
