/**
 * The name under which connections may stand in for each other: protocol, host and port (RFC 9110 §4.3.1,
 * §4.3.2).
 *
 * Never resolves a name and never looks at a path: two requests share connections exactly if their origins
 * are equal.
 */

/**
 * Where a request goes to. `host` is without brackets and in lower case, as a URL parser leaves it.
 *
 * @since 0.1.0
 * @category names
 */
export interface Origin {
  /** The URL's scheme, with its colon. */
  readonly protocol: "http:" | "https:"
  /** A name or an IP address; IPv6 without brackets. */
  readonly host: string
  /** Never left out: {@link defaultPort} where the URL names none. */
  readonly port: number
  /** The same as one string: the key of the pool. */
  readonly key: string
}

/**
 * Ports that a URL need not name (RFC 9110 §4.2.1, §4.2.2).
 *
 * @since 0.1.0
 * @category names
 */
export const defaultPort = { "http:": 80, "https:": 443 } as const

/**
 * The origin of these three, with its key. Nothing is normalized.
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
