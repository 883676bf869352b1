/**
 * Gives each request an id, and shows the id in log lines, the span, the outcome and the response.
 *
 * Never uses a client's id that is not well-formed, because other characters could forge parts of a log line
 * or a field.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpApp from "@effect/platform/HttpApp"
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as ExchangeOutcome from "../ExchangeOutcome.js"
import { boolean, other, refuseUnknown, type Complete } from "../internal/options/checks.js"

/**
 * The options of the middleware: the source of ids, and the field that shows them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the request and response field that carries the id. Default `X-Request-Id`. */
  readonly field?: string | undefined
  /**
   * Whether the id of a client is used: a well-formed id in `field`, otherwise the trace id of `traceparent`.
   * If `false`, every request gets a new id. Default `true`.
   */
  readonly trust?: boolean | undefined
  /** Makes an id. Default: 32 hexadecimal digits, from Effect's `Random`. */
  readonly make?: Effect.Effect<string> | undefined
}

const currentId = globalValue("@httpfx/core/RequestId", () => FiberRef.unsafeMake(Option.none<string>()))

export const current: Effect.Effect<Option.Option<string>> = FiberRef.get(currentId)

// The pattern excludes spaces and quotes, so an id needs no escaping in any log.
const wellFormed = /^[\w.~:+/=@-]{1,128}$/

export const isWellFormed = (id: string): boolean => wellFormed.test(id)

// Trace Context §3.2: later versions may add fields. The version `ff` and ids of only zeros are invalid.
const traceparent = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/

const traceIdOf = (value: string): string | undefined => {
  const match = traceparent.exec(value)
  return match === null || (match[1] === "00" && match[3] !== undefined) ? undefined : match[2]
}

const randomWord = Effect.map(Random.nextIntBetween(0, 0x1_0000_0000), (word) =>
  word.toString(16).padStart(8, "0")
)
const random = Effect.map(Effect.all([randomWord, randomWord, randomWord, randomWord]), (words) =>
  words.join("")
)

const token = /^[!#$%&'*+.^_`|~\w-]+$/

const checks: Complete<Options> = {
  field: other("the name of a field", (field) => typeof field === "string" && token.test(field)),
  trust: boolean,
  make: other("an effect", Effect.isEffect)
}

export const middleware = (
  options: Options = {}
): (<E, R>(
  app: HttpApp.HttpApp<HttpServerResponse.HttpServerResponse, E, R>
) => HttpApp.HttpApp<HttpServerResponse.HttpServerResponse, E, R>) => {
  const error = refuseUnknown(options, checks)
  if (error !== undefined) return () => Effect.die(error)
  const { field = "X-Request-Id", make = random, trust = true } = options
  const name = field.toLowerCase()
  const received = ({ headers }: HttpServerRequest): string | undefined => {
    const given = headers[name]
    if (given !== undefined && isWellFormed(given)) return given
    return headers["traceparent"] === undefined ? undefined : traceIdOf(headers["traceparent"])
  }
  return (app) =>
    Effect.flatMap(HttpServerRequest, (request) =>
      Effect.flatMap(idOf(trust ? received(request) : undefined, make), (id) => identified(app, id, name))
    )
}

const idOf = (received: string | undefined, make: Effect.Effect<string>): Effect.Effect<string> =>
  received === undefined ? make : Effect.succeed(received)

const identified = <A, E, R>(app: Effect.Effect<A, E, R>, id: string, name: string) => {
  const show = Effect.all(
    [
      HttpApp.appendPreResponseHandler((_, response) =>
        Effect.succeed(
          Headers.has(response.headers, name) ? response : HttpServerResponse.setHeader(response, name, id)
        )
      ),
      Effect.ignore(Effect.annotateCurrentSpan("request.id", id)),
      ExchangeOutcome.annotate("requestId", id)
    ],
    { discard: true }
  )
  return Effect.zipRight(show, app).pipe(
    Effect.annotateLogs("requestId", id),
    Effect.locally(currentId, Option.some(id))
  )
}
