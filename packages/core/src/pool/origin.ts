/**
 * The name under which connections may stand in for each other: protocol, host and port (RFC 9110 §4.3.1, §4.3.2).
 *
 * Never resolves a name and never looks at a path: two requests share connections exactly if their origins are equal.
 */

/** Where a request goes to. `host` is without brackets and in lower case, as a URL parser leaves it. */
export interface Origin {
  readonly protocol: "http:" | "https:"
  readonly host: string
  readonly port: number
  /** The same as one string: the key of the pool. */
  readonly key: string
}

/** Ports that a URL need not name (RFC 9110 §4.2.1, §4.2.2). */
export const defaultPort = { "http:": 80, "https:": 443 } as const

export const origin = (protocol: Origin["protocol"], host: string, port: number): Origin => ({
  protocol,
  host,
  port,
  key: `${protocol}//${host}:${port}`
})
