/**
 * Proxies, and the choice of one for a request.
 */
import type { TlsOptions } from "../network.js"
import * as Pool from "../../pool/index.js"

/**
 * A proxy: `http://` or `https://` (TLS to the proxy itself), with credentials percent-encoded in the URL. As
 * in curl, the scheme defaults to `http:`, and the port to 1080 for `http:` and 443 for `https:`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proxy {
  /** The proxy's URL, with credentials if needed: `http://user:password@proxy:3128`. */
  readonly url: string | URL
  /** `user:password`, sent as `Proxy-Authorization: Basic`; overrides those of the URL. */
  readonly auth?: string | undefined
  /**
   * Fields for the proxy only (name, value, ...): sent with `CONNECT`, or added to a request that it
   * forwards.
   */
  readonly headers?: ReadonlyArray<string> | undefined
  /** TLS options for a proxy with an `https:` URL. */
  readonly tls?: Omit<TlsOptions, "role"> | undefined
}

/**
 * The proxies of a client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proxies {
  /** For `http:` URLs. */
  readonly http?: string | URL | Proxy | undefined
  /** For `https:` URLs. */
  readonly https?: string | URL | Proxy | undefined
  /**
   * Hosts to reach directly, separated by commas or spaces: `*` (all), a name (matches its subdomains too; a
   * leading dot changes nothing), an IP address, a range (`10.0.0.0/8`); append `:port` for one port only.
   */
  readonly noProxy?: string | undefined
}

/**
 * The proxies in environment variables, as curl reads them: `http_proxy`, `https_proxy`, `all_proxy` for
 * either, `no_proxy`; in upper case too if the lower case is unset. With `REQUEST_METHOD` set, `HTTP_PROXY`
 * is ignored: in a CGI program it may be the `Proxy` field of a request. An empty value means no proxy.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEnvironment = (variables: Readonly<Record<string, string | undefined>>): Proxies => {
  const read = (name: string): string | undefined => {
    const lower = variables[name]
    if (lower !== undefined) return lower === "" ? undefined : lower
    if (name === "http_proxy" && variables.REQUEST_METHOD !== undefined) return undefined
    const upper = variables[name.toUpperCase()]
    return upper === "" ? undefined : upper
  }
  const all = read("all_proxy")
  return { http: read("http_proxy") ?? all, https: read("https_proxy") ?? all, noProxy: read("no_proxy") }
}

/**
 * The destination of a request: `protocol`, `host` and `port` of its URL.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly protocol: "http:" | "https:"
  /** Lower case, an IPv6 address without brackets. */
  readonly host: string
  readonly port: number
}

/**
 * The proxy for a request to this host, if any.
 *
 * @since 0.1.0
 * @category decisions
 */
export const choose = (proxies: Proxies, target: Target): Proxy | undefined => {
  const proxy = target.protocol === "http:" ? proxies.http : proxies.https
  if (proxy === undefined || isDirect(proxies.noProxy ?? "", target)) return undefined
  return typeof proxy === "string" || proxy instanceof URL ? { url: proxy } : proxy
}

/**
 * Whether a host is to be reached directly, as curl reads `NO_PROXY`: a name matches its subdomains too,
 * `10.0.0.0/8` a network, `name:port` one port, `*` every host.
 *
 * @since 0.1.0
 * @category decisions
 */
export const isDirect = (noProxy: string, target: Pick<Target, "host" | "port">): boolean =>
  Pool.isDirect(noProxy, target, "curl")
