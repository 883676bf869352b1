/**
 * Reads the proxy variables of an environment (`proxyEnv`). They determine the proxy of each protocol, and
 * the hosts that bypass the proxy.
 *
 * Never reads `process.env`; the caller passes the environment.
 */
import { isDirect, readProxy, type ProxyPlace } from "@httpfx/core/pool"
import { codedError } from "../own/errors.js"

export type ProxyEnv = { readonly [name: string]: string | undefined }

/** The proxy for requests of one protocol. */
export interface Proxy extends ProxyPlace {
  /** The URL of the proxy without its credentials, for messages. */
  readonly shown: string
  readonly bypassed: (host: string, port: number) => boolean
}

/**
 * Masks the credentials in the value of a proxy variable, for messages. If the value is not a URL, masks
 * everything up to the last `@`.
 */
const withoutCredentials = (text: string): string => {
  if (!URL.canParse(text)) return text.replace(/^.*@/s, "***@")
  const url = new URL(text)
  url.username = url.password = ""
  return url.href
}

/** Reads a variable. The lower-case name has precedence, as in curl. */
const read = (env: ProxyEnv, name: string): string | undefined => env[name.toLowerCase()] ?? env[name]

/**
 * Returns the proxy for requests of a protocol (`http:` or `https:`). Returns `undefined` if the environment
 * sets no proxy for the protocol.
 */
export const proxyOf = (env: ProxyEnv | undefined, protocol: string): Proxy | undefined => {
  if (env === undefined) return undefined
  const given = read(env, protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY")
  if (given === undefined || given === "") return undefined
  const place = readProxy(given, "node")
  const shown = withoutCredentials(given)
  // `URL` removes line breaks silently, so a value with line breaks would become a different URL.
  if (place._tag === "BadProxyUrl" || /[\r\n]/.test(given)) {
    throw codedError("ERR_PROXY_INVALID_CONFIG", `Invalid proxy URL: ${shown}`)
  }
  const noProxy = read(env, "NO_PROXY") ?? ""
  return {
    ...place,
    shown,
    bypassed: (host, port) => isDirect(noProxy, { host, port }, "node")
  }
}
