/**
 * A client's use of a proxy: the proxy's address, the fields sent to the proxy, and the tunnel through it.
 *
 * Keeps no connection. A refused tunnel resets its connection, and the response of the proxy never becomes a
 * response of the origin.
 */
import * as Effect from "effect/Effect"
import * as HttpError from "../../../errors/index.js"
import { basic } from "../../../model/credentials.js"
import { origin, readProxy, type Origin } from "../../../pool/index.js"
import { choose, type Proxies, type Proxy } from "../proxies.js"
import { formatAddress } from "../../../model/address.js"
import { type Transport } from "../../../seams/transport.js"
import {
  authorityOf,
  encodeTunnelRequest,
  TunnelResponse,
  type ParserOptions,
  type TunnelOutcome
} from "../../../wire/index.js"
import { keyOf } from "../../options/key.js"

/** A proxy, with the origin of its URL and the fields to send to it. */
export interface ProxyHop {
  readonly _tag: "ProxyHop"
  readonly origin: Origin
  /** Fields for the proxy: name, value, ... */
  readonly headers: ReadonlyArray<string>
  readonly tls: Proxy["tls"]
  /**
   * Part of the key of the proxy's connections. This part contains the credentials and TLS options, so
   * requests that differ in them never share a connection.
   */
  readonly key: string
}

/** Errors of a proxy's URL. */
export type BadProxy = HttpError.InvalidUrl | HttpError.InvalidProtocol

const hopOf = (proxy: Proxy): ProxyHop | BadProxy => {
  const text = String(proxy.url)
  const place = readProxy(text, "curl")
  if (place._tag === "BadProxyUrl") {
    const { protocol } = place
    return protocol === undefined
      ? HttpError.invalidUrl(text)
      : new HttpError.InvalidProtocol({ protocol, expected: "http:" })
  }
  const auth = proxy.auth === undefined ? place.authorization : basic(proxy.auth)
  const headers = [...(proxy.headers ?? [])]
  if (auth !== undefined) headers.push("Proxy-Authorization", auth)
  const at = origin(place.protocol, place.host, place.port)
  return {
    _tag: "ProxyHop",
    origin: at,
    headers,
    tls: proxy.tls,
    key: `${at.key} ${headers.join(" ")}${keyOf(proxy.tls)}`
  }
}

export type ChooseProxy = (origin: Origin) => ProxyHop | BadProxy | undefined

const maxKnown = 512

/** Returns a function that chooses among the proxies and caches the choice per origin. */
export const chooser = (proxies: Proxies): ChooseProxy => {
  const known = new Map<string, ProxyHop | BadProxy | undefined>()
  return (origin) => {
    if (known.has(origin.key)) return known.get(origin.key)
    const proxy = choose(proxies, origin)
    const hop = proxy === undefined ? undefined : hopOf(proxy)
    if (known.size >= maxKnown) known.clear()
    known.set(origin.key, hop)
    return hop
  }
}

type TunnelError =
  | HttpError.ConnectionError
  | HttpError.ParseError
  | HttpError.ProxyRefused
  | HttpError.ProxyAuthenticationRequired

/**
 * Asks a proxy for a tunnel to an origin over a new connection. Resets the connection on failure and
 * interruption.
 */
export const tunnel = (
  transport: Transport,
  hop: ProxyHop,
  to: Origin,
  parser: ParserOptions
): Effect.Effect<Transport, TunnelError> =>
  Effect.async<Transport, TunnelError>((resume) => {
    const target = authorityOf(to)
    const encoded = encodeTunnelRequest(target, hop.headers)
    const address = formatAddress(
      transport.remote ?? { _tag: "TcpAddress", hostname: hop.origin.host, port: hop.origin.port }
    )
    const where = { phase: "connect", written: "none", address } as const
    const fail = (error: TunnelError) => {
      transport.reset()
      resume(Effect.fail(error))
    }
    if (encoded._tag === "Violation") {
      const reason = HttpError.fromViolation(encoded).message
      return fail(new HttpError.ConnectionFailed({ ...where, code: encoded.code, reason }))
    }
    const response = new TunnelResponse(
      (outcome) => {
        if (outcome._tag === "Opened") resume(Effect.succeed(transport))
        else fail(errorOf(outcome, where, target))
      },
      parser,
      "refuse"
    )
    transport.start(response)
    transport.write(encoded.head)
    return Effect.sync(() => {
      response.cancel()
      transport.reset()
    })
  })

const errorOf = (
  outcome: Exclude<TunnelOutcome, { readonly _tag: "Opened" }>,
  where: { readonly phase: "connect"; readonly written: "none"; readonly address: string },
  target: string
): TunnelError => {
  switch (outcome._tag) {
    case "Refused": {
      const { rawHeaders, status, statusMessage } = outcome.head
      const facts = { proxy: where.address, target, status, statusMessage, rawHeaders: [...rawHeaders] }
      return outcome.authenticates
        ? new HttpError.ProxyAuthenticationRequired(facts)
        : new HttpError.ProxyRefused(facts)
    }
    case "BytesBehind": {
      const reason = "bytes behind the answer to CONNECT"
      return new HttpError.ConnectionFailed({ ...where, code: "ERR_HTTPFX_PROXY", reason })
    }
    case "Malformed":
      return HttpError.fromRefusal(outcome.refusal, where)
    case "HangUp":
      return new HttpError.HangUp({ ...where, reason: "the proxy closed the connection" })
    case "Failed":
      return HttpError.fromFault(outcome.fault, where)
  }
}
