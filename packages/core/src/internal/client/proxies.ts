/**
 * Proxies, and the choice of a proxy for a request.
 */
import type { TlsOptions } from "../network.js"
import * as Pool from "../../pool/index.js"

/**
 * A proxy. The scheme of its URL is `http:`, or `https:` for TLS to the proxy itself. Credentials in the URL
 * are percent-encoded. As in curl, the default scheme is `http:`. The default port is 1080 for `http:` and
 * 443 for `https:`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proxy {
  /** The proxy's URL, with credentials if needed: `http://user:password@proxy:3128`. */
  readonly url: string | URL
  /** `user:password`, sent as `Proxy-Authorization: Basic`. Overrides the credentials of the URL. */
  readonly auth?: string | undefined
  /**
   * Fields for the proxy (name, value, ...). They are sent with `CONNECT`, or added to a request that the
   * proxy forwards.
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
  /** The proxy for `http:` URLs. */
  readonly http?: string | URL | Proxy | undefined
  /** The proxy for `https:` URLs. */
  readonly https?: string | URL | Proxy | undefined
  /**
   * Hosts that are reached without a proxy, separated by commas or spaces. An entry is `*` (all hosts), a
   * name, an IP address, or a range (`10.0.0.0/8`). A name also matches its subdomains, and may begin with a
   * dot. `:port` after an entry limits the entry to this port.
   */
  readonly noProxy?: string | undefined
}

/**
 * Reads the proxies from environment variables, as curl does: `http_proxy`, `https_proxy`, `all_proxy` for a
 * scheme without its own variable, and `no_proxy`. The upper-case name is read if the lower-case variable is
 * unset. `HTTP_PROXY` is ignored if `REQUEST_METHOD` is set, because in a CGI program `HTTP_PROXY` may
 * contain the `Proxy` field of a request. An empty value means no proxy.
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
  /** The host in lower case. An IPv6 address has no brackets. */
  readonly host: string
  readonly port: number
}

/**
 * Returns the proxy for a request to this host. Returns `undefined` if the request connects directly.
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
 * Returns whether a host is reached without a proxy, by curl's rules for `NO_PROXY`. A name also matches its
 * subdomains, `10.0.0.0/8` matches a network, `name:port` matches one port, and `*` matches every host.
 *
 * @since 0.1.0
 * @category decisions
 */
export const isDirect = (noProxy: string, target: Pick<Target, "host" | "port">): boolean =>
  Pool.isDirect(noProxy, target, "curl")
