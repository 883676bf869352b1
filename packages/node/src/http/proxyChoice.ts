/**
 * Proxies of an environment (`proxyEnv`): which one the requests of a protocol take, and which hosts take none.
 *
 * Never reads the process's environment by itself.
 */
import { isIPv4 } from "node:net"
import { codedTypeError } from "./errors.js"

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
  return { url, authorization: authorizationOf(url), bypassed: bypassOf(read(env, "NO_PROXY") ?? "") }
}

const addressNumber = (address: string): number =>
  address.split(".").reduce((number, part) => number * 256 + Number(part), 0)

/** Does one entry of `NO_PROXY` name this host? */
const matches = (entry: string, host: string, port: number): boolean => {
  if (entry === "*") return true
  const range = /^([\d.]+)-([\d.]+)$/.exec(entry)
  if (range !== null && isIPv4(range[1]!) && isIPv4(range[2]!)) {
    if (!isIPv4(host)) return false
    const number = addressNumber(host)
    return number >= addressNumber(range[1]!) && number <= addressNumber(range[2]!)
  }
  const withPort = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry)
  if (withPort !== null && Number(withPort[2]) !== port) return false
  const name = (withPort?.[1] ?? entry).replace(/^\[|\]$/g, "").replace(/^\*/, "")
  return name.startsWith(".") ? host.endsWith(name) || host === name.slice(1) : host === name
}

const bypassOf = (list: string): Proxy["bypassed"] => {
  const entries = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
  return (host, port) => {
    const bare = host.toLowerCase().replace(/^\[|\]$/g, "")
    return entries.some((entry) => matches(entry, bare, port))
  }
}
