/**
 * Exchanges with a real service, kept as a plain JSON value, and the service again from that value.
 *
 * Recording is a stub of an origin that asks the real one through a network of its own; replaying is a stub
 * without any. Bodies are kept byte by byte; secrets are not kept: what is in `Authorization`,
 * `Proxy-Authorization`, `Cookie` and `Set-Cookie` is replaced before it is stored.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Client from "@httpfx/core/Client"
import type { Network } from "@httpfx/core/Network"
import * as Origin from "./Origin.js"

/**
 * Text where the bytes are UTF-8, else base64. `encoding` says which, `data` is the text.
 *
 * @since 0.1.0
 * @category models
 */
export const Body = Schema.Struct({ encoding: Schema.Literal("utf8", "base64"), data: Schema.String })

const Fields = Schema.Array(Schema.Tuple(Schema.String, Schema.String))

/**
 * A request and its answer, as they are kept.
 *
 * @since 0.1.0
 * @category models
 */
export const Exchange = Schema.Struct({
  /** What was asked. Values of fields that may be secrets are replaced. */
  request: Schema.Struct({ method: Schema.String, target: Schema.String, headers: Fields, body: Body }),
  /** What was answered, likewise. */
  response: Schema.Struct({ status: Schema.Number, headers: Fields, body: Body })
})

/**
 * A request and its answer, as they are kept.
 *
 * @since 0.1.0
 * @category models
 */
export type Exchange = typeof Exchange.Type

/**
 * What is written to a fixture: plain JSON, the same for the same exchanges.
 *
 * @since 0.1.0
 * @category models
 */
export const Recording = Schema.Struct({
  /** The version of this format. */
  version: Schema.Literal(1),
  /** The service that was recorded. */
  target: Schema.String,
  /** In the order in which the answers came. */
  exchanges: Schema.Array(Exchange)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Recording = typeof Recording.Type

/**
 * What is recorded, through which network, and what is not kept.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Origin.Options {
  /** The real service: `https://api.stripe.com`. */
  readonly target: string
  /** How it is reached: `NodeNetwork.layer`. */
  readonly network: Layer.Layer<Network>
  /** Further fields whose values are not kept. */
  readonly redact?: ReadonlyArray<string> | undefined
  /**
   * Changes an exchange before it is kept: for secrets in targets and bodies. What the client gets stays as
   * it is.
   */
  readonly edit?: ((exchange: Exchange) => Exchange) | undefined
}

/**
 * A recording under way: an origin that passes on what it is asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorder {
  /** Where the client under test asks, instead of the real service. */
  readonly url: string
  /** What was recorded so far, in the order in which the answers came. */
  readonly recording: Effect.Effect<Recording>
}

const redacted = "[redacted]"
const secret = ["authorization", "proxy-authorization", "cookie", "set-cookie"]
// Of the connection and not of the message (RFC 9110 §7.6.1), or made anew for each.
const notKept = new Set([
  "connection",
  "content-length",
  "date",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

const encode = (bytes: Uint8Array): typeof Body.Type => {
  try {
    const data = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    return { encoding: "utf8", data }
  } catch {
    return { encoding: "base64", data: Encoding.encodeBase64(bytes) }
  }
}

const decode = ({ data, encoding }: typeof Body.Type): Uint8Array =>
  encoding === "utf8" ? new TextEncoder().encode(data) : Either.getOrThrow(Encoding.decodeBase64(data))

const pairs = (raw: ReadonlyArray<string>): ReadonlyArray<readonly [string, string]> => {
  const found: Array<readonly [string, string]> = []
  for (let index = 0; index + 1 < raw.length; index += 2) found.push([raw[index]!, raw[index + 1]!])
  return found
}

const kept = (fields: ReadonlyArray<readonly [string, string]>) =>
  fields.filter(([name]) => !notKept.has(name.toLowerCase()))

const hide = (fields: ReadonlyArray<readonly [string, string]>, names: ReadonlyArray<string>) =>
  fields.map(([name, value]) => [name, names.includes(name.toLowerCase()) ? redacted : value] as const)

const responseOf = ({
  body,
  headers,
  status
}: Exchange["response"]): HttpServerResponse.HttpServerResponse => {
  const fields = headers.filter(([, value]) => value !== redacted)
  const cookies = fields.filter(([name]) => name.toLowerCase() === "set-cookie").map(([, value]) => value)
  const record: Record<string, string> = {}
  for (const [name, value] of fields) {
    const key = name.toLowerCase()
    if (key !== "set-cookie") record[key] = key in record ? `${record[key]}, ${value}` : value
  }
  return HttpServerResponse.uint8Array(decode(body), {
    status,
    headers: record,
    ...(record["content-type"] === undefined ? {} : { contentType: record["content-type"] }),
    cookies: Cookies.fromSetCookie(cookies)
  })
}

/**
 * An origin that asks the real service and keeps what was said. A failure to reach it is answered with 502.
 *
 * @since 0.1.0
 * @category constructors
 */
export const record = (options: Options): Effect.Effect<Recorder, ServeError, Network | Scope.Scope> =>
  Effect.gen(function* () {
    const outside = yield* Layer.build(options.network)
    const client = yield* Effect.provide(Effect.orDie(Client.make()), outside)
    const exchanges: Array<Exchange> = []
    const names = [...secret, ...(options.redact ?? []).map((name) => name.toLowerCase())]
    const base = options.target.replace(/\/$/, "")

    const ask = (call: Origin.Call) =>
      Effect.gen(function* () {
        const sent = kept(Object.entries(call.headers))
        const answer = yield* client.request({
          method: call.method,
          url: base + call.target,
          headers: sent.flat(),
          ...(call.bytes.length === 0 ? {} : { body: call.bytes })
        })
        const response = {
          status: answer.status,
          headers: kept(pairs(answer.rawHeaders)),
          body: encode(yield* answer.bytes)
        }
        const exchange: Exchange = {
          request: {
            method: call.method,
            target: call.target,
            headers: hide(sent, names),
            body: encode(call.bytes)
          },
          response: { ...response, headers: hide(response.headers, names) }
        }
        exchanges.push(options.edit?.(exchange) ?? exchange)
        return responseOf(response)
      }).pipe(
        Effect.catchAll((error) =>
          Effect.succeed(HttpServerResponse.text(`${base}: ${error.message}\n`, { status: 502 }))
        )
      )

    const origin = yield* Origin.make(options, { name: "the real service", optional: true, reply: ask })
    return {
      url: origin.url,
      recording: Effect.sync(() => ({ version: 1, target: base, exchanges: [...exchanges] }))
    }
  })

/**
 * The recorded service: each request is answered as the one with the same method, target and body was, in the
 * order of the recording, and the last answer again from then on. Others are unmatched.
 *
 * @since 0.1.0
 * @category constructors
 */
export const replay = (
  options: Origin.Options,
  recording: Recording
): Effect.Effect<Origin.Origin, ServeError, Network | Scope.Scope> =>
  Effect.suspend(() => {
    const groups = new Map<string, Array<Exchange>>()
    for (const exchange of recording.exchanges) {
      const { body, method, target } = exchange.request
      const key = JSON.stringify([method, target, body])
      groups.set(key, [...(groups.get(key) ?? []), exchange])
    }
    const routes = Array.from(groups.values(), ([first, ...rest]): Origin.Route => {
      const { body, method, target } = first!.request
      return {
        name: `recorded ${method} ${target}`,
        method,
        // A target without a query must have none.
        path: target.includes("?")
          ? target
          : new RegExp(`^${target.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`),
        body: new TextDecoder().decode(decode(body)),
        reply: [responseOf(first!.response), ...rest.map(({ response }) => responseOf(response))]
      }
    })
    return Origin.make(options, ...routes)
  })
