/**
 * Reads the proxy variables of an environment (`proxyEnv`). They determine the proxy of each protocol, and
 * the hosts that bypass the proxy.
 *
 * Never reads `process.env`; the caller passes the environment.
 */
import { isDirect, readProxy, type ProxyPlace } from "@httpfx/core/pool"
import { codedTypeError } from "../own/errors.js"

export type ProxyEnv = { readonly [name: string]: string | undefined }

/** The proxy for requests of one protocol. */
export interface Proxy extends ProxyPlace {
  /** Host and port as written in the URL of the proxy. */
  readonly shown: string
  readonly bypassed: (host: string, port: number) => boolean
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
  if (place._tag === "BadProxyUrl") {
    throw codedTypeError("ERR_PROXY_INVALID_CONFIG", `Invalid proxy URL: ${given}`)
  }
  const noProxy = read(env, "NO_PROXY") ?? ""
  return {
    ...place,
    shown: new URL(given).host,
    bypassed: (host, port) => isDirect(noProxy, { host, port }, "node")
  }
}
