/**
 * Which requests go through a proxy, and through which: as data, from options or from the variables that curl
 * reads.
 *
 * For `http:` the proxy gets the request itself (RFC 9112 §3.2.2), for `https:` and upgrades a tunnel
 * (`CONNECT`, RFC 9110 §9.3.6). Decides by name and port alone; resolves nothing and connects nothing.
 * Proxies that speak SOCKS are refused: each request that one is named for fails with `InvalidProtocol`.
 *
 * @since 0.1.0
 */
import type { TlsOptions } from "./Network.js"
import * as Pool from "./pool/index.js"

/**
 * A proxy: `http://` or `https://` (TLS to the proxy itself), credentials in the URL percent-encoded. As in
 * curl, the scheme may be left out (`http:`), and a port that is left out is 1080 for `http:` and 443 for
 * `https:`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proxy {
  /** Where the proxy is, and its credentials where it wants some: `http://user:password@proxy:3128`. */
  readonly url: string | URL
  /** `user:password`, sent as `Proxy-Authorization: Basic`; beats those of the URL. */
  readonly auth?: string | undefined
  /** Fields for the proxy alone, flat: sent with `CONNECT`, or beside a request that it forwards. */
  readonly headers?: ReadonlyArray<string> | undefined
  /** For a proxy with an `https:` URL. */
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
   * Hosts that are reached directly, separated by commas or spaces: `*` (all), a name (it and its subdomains;
   * a leading dot changes nothing), an IP address, a range (`10.0.0.0/8`), each with `:port` where only that
   * port is meant.
   */
  readonly noProxy?: string | undefined
}

/**
 * The proxies that environment variables name, as curl reads them: `http_proxy`, `https_proxy`, `all_proxy`
 * for either, `no_proxy`; each also in upper case, where the lower case is not set. `HTTP_PROXY` does not
 * count beside `REQUEST_METHOD`: there it may be the `Proxy` field of a request to a CGI program. An empty
 * value is none.
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
 * Where a request goes: `protocol`, `host` and `port` of its URL.
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
 * Whether a host is among those that are reached directly, as curl reads `NO_PROXY`: a name stands for its
 * subdomains too, `10.0.0.0/8` for a network, `name:port` for one port, `*` for every host.
 *
 * @since 0.1.0
 * @category decisions
 */
export const isDirect = (noProxy: string, target: Pick<Target, "host" | "port">): boolean =>
  Pool.isDirect(noProxy, target, "curl")
