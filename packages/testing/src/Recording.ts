/**
 * Records exchanges with a real service as a JSON value, and replays them.
 *
 * The recorder is an origin whose stub forwards requests to the real service through another network. The
 * replay is an origin whose stubs reply with the recorded responses. Bodies are stored unchanged. The values
 * of `Authorization`, `Proxy-Authorization`, `Cookie` and `Set-Cookie` are redacted before they are stored.
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
 * A body, stored as text in `data`. The `encoding` is `utf8` if the body is valid UTF-8, and otherwise
 * `base64`.
 *
 * @since 0.1.0
 * @category models
 */
export const Body = Schema.Struct({ encoding: Schema.Literal("utf8", "base64"), data: Schema.String })

const Fields = Schema.Array(Schema.Tuple(Schema.String, Schema.String))

/**
 * A recorded request and its response.
 *
 * @since 0.1.0
 * @category models
 */
export const Exchange = Schema.Struct({
  /** The request, with the values of secret fields redacted. */
  request: Schema.Struct({ method: Schema.String, target: Schema.String, headers: Fields, body: Body }),
  /** The response, with the values of secret fields redacted. */
  response: Schema.Struct({ status: Schema.Number, headers: Fields, body: Body })
})

/**
 * A recorded request and its response.
 *
 * @since 0.1.0
 * @category models
 */
export type Exchange = typeof Exchange.Type

/**
 * The content of a fixture file. It is plain JSON without times or ids, so equal exchanges give equal JSON.
 *
 * @since 0.1.0
 * @category models
 */
export const Recording = Schema.Struct({
  /** The version of this format. */
  version: Schema.Literal(1),
  /** The URL of the recorded service. */
  target: Schema.String,
  /** The exchanges, in the order in which their responses arrived. */
  exchanges: Schema.Array(Exchange)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Recording = typeof Recording.Type

/**
 * Options of a recording: the real service, the network through which it is reached, and the redaction.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Origin.Options {
  /** The URL of the real service, such as `https://api.stripe.com`. */
  readonly target: string
  /** The network through which the real service is reached, such as `NodeNetwork.layer`. */
  readonly network: Layer.Layer<Network>
  /** Names of further fields whose values are redacted. */
  readonly redact?: ReadonlyArray<string> | undefined
  /**
   * Changes an exchange before it is stored, for example to remove secrets from targets and bodies. The
   * client still receives the original response.
   */
  readonly edit?: ((exchange: Exchange) => Exchange) | undefined
}

/**
 * A recording in progress. It is an origin that forwards requests to the real service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorder {
  /** The URL of the origin. The client under test uses this URL in place of the real service's URL. */
  readonly url: string
  /** The exchanges so far, in the order in which their responses arrived. */
  readonly recording: Effect.Effect<Recording>
}

const redacted = "[redacted]"
const secret = ["authorization", "proxy-authorization", "cookie", "set-cookie"]
// Fields that are not recorded. They apply to one connection only (RFC 9110 §7.6.1), or server and client
// generate them anew for each message.
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
 * Starts an origin that forwards requests to the real service and records the exchanges. If a request to the
 * service fails, the origin sends 502.
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
 * Starts an origin that replays a recording. A request gets the response of the recorded request with the
 * same method, target and body. Repeated requests get their responses in the recorded order. After the last
 * recorded response, this response is repeated. A request that was not recorded matches no stub.
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
        // Use a pattern, because a string without a query also matches targets with a query.
        path: target.includes("?")
          ? target
          : new RegExp(`^${target.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`),
        body: new TextDecoder().decode(decode(body)),
        reply: [responseOf(first!.response), ...rest.map(({ response }) => responseOf(response))]
      }
    })
    return Origin.make(options, ...routes)
  })
