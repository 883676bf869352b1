/**
 * The origin of a request, which consists of protocol, host and port (RFC 9110 §4.3.1, §4.3.2).
 *
 * Requests share connections only if their origins are equal. This file never resolves a name and never uses
 * the path of a URL.
 */
import { hostAndPort } from "../model/address.js"

/**
 * The origin of a request.
 *
 * @since 0.1.0
 * @category names
 */
export interface Origin {
  /** The URL's scheme, with its colon. */
  readonly protocol: "http:" | "https:"
  /** A name or an IP address, in lower case. An IPv6 address has no brackets. */
  readonly host: string
  /** The port in the URL, or the {@link defaultPort} of the protocol if the URL has no port. */
  readonly port: number
  /** The origin as one string. The keys of a pool begin with this string. */
  readonly key: string
}

/**
 * The default port of each protocol (RFC 9110 §4.2.1, §4.2.2).
 *
 * @since 0.1.0
 * @category names
 */
export const defaultPort = { "http:": 80, "https:": 443 } as const

/**
 * Creates an origin with its key. Does not normalize its arguments.
 *
 * @since 0.1.0
 * @category names
 */
export const origin = (protocol: Origin["protocol"], host: string, port: number): Origin => ({
  protocol,
  host,
  port,
  key: `${protocol}//${hostAndPort(host, port)}`
})
