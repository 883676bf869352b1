/** Facts about the client of a request. Proxies may stand between the client and the server. */

/**
 * The name, in lower case, of a header field by which a proxy describes the client: `Forwarded` (RFC 7239) or
 * one of the `X-Forwarded-*` fields.
 *
 * @since 0.1.0
 * @category models
 */
export type ForwardedField =
  "forwarded" | "x-forwarded-for" | "x-forwarded-proto" | "x-forwarded-host" | "x-forwarded-port"

/**
 * The client of a request, behind the proxies that the server trusts (`ServerOptions.trustedProxies`).
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientFacts {
  /**
   * The client's IP address. An IPv4-mapped IPv6 address is given as IPv4. `undefined` if a trusted proxy
   * reports no valid address (`unknown`, an obfuscated identifier, a malformed value), if the request passed
   * too many proxies, or if the peer uses a Unix domain socket and sends no forwarding field.
   */
  readonly address: string | undefined
  /** The port of the client; `undefined` if it is not known. */
  readonly port: number | undefined
  /** The scheme with which the client sent the request. */
  readonly scheme: "http" | "https"
  /** The host that the client asked for, with its port if one was given. */
  readonly host: string | undefined
}
