/**
 * The origin of a request: protocol, host and port (RFC 9110 §4.3.1, §4.3.2).
 *
 * Requests share connections only if their origins are equal. Never resolves a name and never uses the path
 * of a URL.
 */

/**
 * The origin of a request. `host` is in lower case and without brackets.
 *
 * @since 0.1.0
 * @category names
 */
export interface Origin {
  /** The URL's scheme, with its colon. */
  readonly protocol: "http:" | "https:"
  /** A name or an IP address; IPv6 without brackets. */
  readonly host: string
  /** The port; {@link defaultPort} if the URL has none. */
  readonly port: number
  /** The origin as one string: the key of the pool. */
  readonly key: string
}

/**
 * Default ports of URLs (RFC 9110 §4.2.1, §4.2.2).
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
  key: `${protocol}//${host}:${port}`
})
