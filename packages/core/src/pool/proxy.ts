/**
 * A proxy as its URL tells: where it listens, and what it is told of its user; as curl reads such URLs and as
 * Node does.
 */
import { credentialsOf } from "../model/credentials.js"
import { defaultPort } from "./origin.js"

/**
 * Who reads the URL. `curl`: the scheme may be left out (`http:`), and `http:` without a port means 1080.
 * `node`: a URL like any other.
 *
 * @since 0.1.0
 * @category proxies
 */
export type ProxyReading = "curl" | "node"

/**
 * Where a proxy listens, and what it is told of its user.
 *
 * @since 0.1.0
 * @category proxies
 */
export interface ProxyPlace {
  readonly _tag: "ProxyPlace"
  /** `https:`: TLS to the proxy itself. */
  readonly protocol: "http:" | "https:"
  /** An IPv6 address without brackets. */
  readonly host: string
  /** That of its URL, or the one that the reading has for its protocol. */
  readonly port: number
  /** Value of `Proxy-Authorization`, from the user and the password in the URL. */
  readonly authorization: string | undefined
}

/**
 * A text that is no proxy's URL. `protocol`: it is one of a protocol that no proxy here speaks.
 *
 * @since 0.1.0
 * @category proxies
 */
export interface BadProxyUrl {
  readonly _tag: "BadProxyUrl"
  readonly protocol: string | undefined
}

const defaultPorts = { curl: { "http:": 1080, "https:": 443 }, node: defaultPort } as const

/**
 * Reads a proxy's URL.
 *
 * @since 0.1.0
 * @category proxies
 */
export const readProxy = (text: string, reading: ProxyReading): ProxyPlace | BadProxyUrl => {
  const isWhole = reading === "node" || /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
  const absolute = isWhole ? text : `http://${text}`
  let url: URL
  try {
    url = new URL(absolute)
  } catch {
    return { _tag: "BadProxyUrl", protocol: undefined }
  }
  const { protocol } = url
  if (protocol !== "http:" && protocol !== "https:") return { _tag: "BadProxyUrl", protocol }
  // A URL does not keep the port that is its scheme's own.
  const written = /^[^/]*\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(absolute)
  const port = url.port === "" ? Number(written?.[1] ?? defaultPorts[reading][protocol]) : Number(url.port)
  const host = url.hostname.replace(/^\[|\]$/g, "")
  return { _tag: "ProxyPlace", protocol, host, port, authorization: credentialsOf(url) }
}
