/**
 * Parses the URL of a proxy, in the syntax of curl or of Node. The result has the proxy's address and
 * credentials.
 */
import { credentialsOf } from "../model/credentials.js"
import { defaultPort } from "./origin.js"

/**
 * The syntax of a proxy's URL. In `curl` syntax the scheme is optional and defaults to `http:`, and the
 * default port of `http:` is 1080. In `node` syntax the text is a standard URL.
 *
 * @since 0.1.0
 * @category proxies
 */
export type ProxyReading = "curl" | "node"

/**
 * The address of a proxy, and the credentials to send to it.
 *
 * @since 0.1.0
 * @category proxies
 */
export interface ProxyPlace {
  readonly _tag: "ProxyPlace"
  /** The protocol of the connection to the proxy. `https:` means TLS to the proxy. */
  readonly protocol: "http:" | "https:"
  /** The proxy's host. An IPv6 address has no brackets. */
  readonly host: string
  /** The port in the URL, or the default port of the protocol in the chosen syntax. */
  readonly port: number
  /**
   * The value of `Proxy-Authorization` for the user and password in the URL; `undefined` if the URL has
   * neither.
   */
  readonly authorization: string | undefined
}

/**
 * The result for a text that is not the URL of a proxy. `protocol` is set if the text is a URL, but its
 * protocol is not supported.
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
 * Parses the URL of a proxy.
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
  // `URL` drops a port that is the default of the URL's scheme, so read this port from the text.
  const written = /^[^/]*\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(absolute)
  const port = url.port === "" ? Number(written?.[1] ?? defaultPorts[reading][protocol]) : Number(url.port)
  const host = url.hostname.replace(/^\[|\]$/g, "")
  return { _tag: "ProxyPlace", protocol, host, port, authorization: credentialsOf(url) }
}
