/**
 * A proxy ready to be used: where it listens, what is sent to it besides, and the tunnel through it (RFC 9110
 * §9.3.6).
 *
 * Keeps no connection. A tunnel that is refused leaves none, and nothing that came with a refusal is taken
 * for an answer of the origin.
 */
import * as Effect from "effect/Effect"
import * as HttpError from "../../../HttpError.js"
import { origin, type Origin } from "../../../pool/index.js"
import { choose, type Proxies, type Proxy } from "../../../Proxy.js"
import { formatAddress, type Fault, type Transport } from "../../../Transport.js"
import {
  Body,
  encodeRequestHead,
  ResponseParser,
  type ParserOptions,
  type ResponseHead
} from "../../../wire/index.js"
import { basic, credentialsOf } from "../target.js"
import { keyOf } from "../../options/key.js"

/** A proxy, resolved to what a request needs of it. */
export interface ProxyHop {
  readonly _tag: "ProxyHop"
  readonly origin: Origin
  /** Fields for the proxy, flat. */
  readonly headers: ReadonlyArray<string>
  readonly tls: Proxy["tls"]
  /** In the key of connections through it: two with other credentials, or other TLS, are others. */
  readonly key: string
}

/** Curl's: a proxy without a port listens here. */
const defaultPorts = { "http:": 1080, "https:": 443 } as const

/** A URL that cannot be a proxy's. */
export type BadProxy = HttpError.InvalidUrl | HttpError.InvalidProtocol

const hopOf = (proxy: Proxy): ProxyHop | BadProxy => {
  const text = String(proxy.url)
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  let url: URL
  try {
    url = new URL(absolute)
  } catch {
    return HttpError.invalidUrl(text)
  }
  const { protocol } = url
  if (protocol !== "http:" && protocol !== "https:") {
    return new HttpError.InvalidProtocol({ protocol, expected: "http:" })
  }
  // A URL does not keep the port that is its scheme's own.
  const written = /^[^/]*\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(absolute)
  const port = url.port === "" ? Number(written?.[1] ?? defaultPorts[protocol]) : Number(url.port)
  const auth = proxy.auth === undefined ? credentialsOf(url) : basic(proxy.auth)
  const headers = [...(proxy.headers ?? [])]
  if (auth !== undefined) headers.push("Proxy-Authorization", auth)
  const at = origin(protocol, url.hostname.replace(/^\[|\]$/g, ""), port)
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

/** The choice among proxies, remembered per origin. */
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

const authorityOf = ({ host, port }: Origin): string => `${host.includes(":") ? `[${host}]` : host}:${port}`

type TunnelError =
  | HttpError.ConnectionError
  | HttpError.ParseError
  | HttpError.ProxyRefused
  | HttpError.ProxyAuthenticationRequired

/**
 * Asks a proxy, over a fresh connection to it, for a tunnel to an origin. On failure and interruption it is
 * reset.
 */
export const tunnel = (
  transport: Transport,
  hop: ProxyHop,
  to: Origin,
  parser: ParserOptions
): Effect.Effect<Transport, TunnelError> =>
  Effect.async<Transport, TunnelError>((resume) => {
    const authority = authorityOf(to)
    const encoded = encodeRequestHead({
      method: "CONNECT",
      target: authority,
      headers: hop.headers,
      host: authority,
      body: "none",
      keepAlive: true
    })
    let over = false
    const finish = (result: Effect.Effect<Transport, TunnelError>) => {
      if (over) return
      over = true
      resume(result)
    }
    const fail = (error: TunnelError) => {
      if (over) return
      transport.reset()
      finish(Effect.fail(error))
    }
    const address = formatAddress(
      transport.remote ?? { _tag: "TcpAddress", hostname: hop.origin.host, port: hop.origin.port }
    )
    const where = { phase: "connect", written: "none", address } as const
    const hangUp = () => fail(new HttpError.HangUp({ ...where, reason: "the proxy closed the connection" }))
    if (encoded._tag === "Violation") {
      const reason = HttpError.fromViolation(encoded).message
      fail(new HttpError.ConnectionFailed({ ...where, code: encoded.code, reason }))
      return
    }
    let answer: ResponseHead | undefined
    const responses = new ResponseParser(
      {
        head(head: ResponseHead) {
          if (head.status < 200) return Body.Read
          answer = head
          return Body.Stop
        },
        data() {},
        complete() {}
      },
      parser
    )
    transport.start({
      data(chunk) {
        if (over) return
        const used = responses.execute(chunk)
        if (answer !== undefined) {
          const { rawHeaders, status, statusMessage } = answer
          const facts = {
            proxy: address,
            target: authority,
            status,
            statusMessage,
            rawHeaders: [...rawHeaders]
          }
          if (status === 407) return fail(new HttpError.ProxyAuthenticationRequired(facts))
          if (status >= 300) return fail(new HttpError.ProxyRefused(facts))
          if (used === chunk.length) return finish(Effect.succeed(transport))
          // The other end of a tunnel has nothing to say before we do.
          const reason = "bytes behind the answer to CONNECT"
          fail(new HttpError.ConnectionFailed({ ...where, code: "ERR_HTTPFX_PROXY", reason }))
        } else if (responses.refusal !== undefined) fail(HttpError.fromRefusal(responses.refusal, where))
      },
      end: hangUp,
      drain() {},
      error: (fault: Fault) => fail(HttpError.fromFault(fault, where)),
      close: hangUp
    })
    transport.write(encoded.head)
    return Effect.sync(() => {
      over = true
      transport.reset()
    })
  })
