/**
 * The client of a request, which proxies may stand in front of.
 */

/**
 * A field with which proxies tell about the client: `Forwarded` (RFC 7239), or one of the customary fields
 * `X-Forwarded-*`, in lower case.
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
   * The IP address, IPv4-mapped addresses as IPv4. `undefined` if the trusted proxies do not tell it
   * (`unknown`, an obfuscated identifier, a malformed value, too many proxies), and for a peer on a Unix
   * domain socket that tells nothing.
   */
  readonly address: string | undefined
  /** The port of the client; `undefined` if it is not known. */
  readonly port: number | undefined
  /** The scheme with which the client sent the request. */
  readonly scheme: "http" | "https"
  /** The host that the client asked for, with its port if one was given. */
  readonly host: string | undefined
}
