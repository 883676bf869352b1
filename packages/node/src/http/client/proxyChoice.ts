/**
 * Proxies of an environment (`proxyEnv`): which one the requests of a protocol take, and which hosts take
 * none.
 *
 * Never reads the process's environment by itself.
 */
import { isDirect } from "@httpfx/core/pool"
import { codedTypeError } from "../own/errors.js"

export type ProxyEnv = { readonly [name: string]: string | undefined }

/** The proxy of one protocol. */
export interface Proxy {
  readonly url: URL
  /** Value of `Proxy-Authorization`, from the user and password of the proxy's URL. */
  readonly authorization: string | undefined
  readonly bypassed: (host: string, port: number) => boolean
}

/** The name in lower case wins, as everywhere. */
const read = (env: ProxyEnv, name: string): string | undefined => env[name.toLowerCase()] ?? env[name]

const authorizationOf = (url: URL): string | undefined => {
  if (url.username === "" && url.password === "") return undefined
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return `Basic ${Buffer.from(pair).toString("base64")}`
}

/** The proxy for requests of a protocol (`http:` or `https:`), if the environment names one. */
export const proxyOf = (env: ProxyEnv | undefined, protocol: string): Proxy | undefined => {
  if (env === undefined) return undefined
  const given = read(env, protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY")
  if (given === undefined || given === "") return undefined
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw codedTypeError("ERR_PROXY_INVALID_CONFIG", `Invalid proxy URL: ${given}`)
  }
  const noProxy = read(env, "NO_PROXY") ?? ""
  return {
    url,
    authorization: authorizationOf(url),
    bypassed: (host, port) => isDirect(noProxy, { host, port }, "node")
  }
}
