/**
 * The addresses of a connection's two ends, and the text form of an address.
 */

/**
 * The address of one end of a connection. Assignable to `HttpServer.Address` of `@effect/platform`.
 *
 * @since 0.1.0
 * @category models
 */
export type Address = TcpAddress | UnixAddress

/**
 * The address of a TCP endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export interface TcpAddress {
  readonly _tag: "TcpAddress"
  /** An IP address in text form. A host name is possible only if the network accepts names. */
  readonly hostname: string
  /** The port, from 1 to 65535. A listener may use 0, and the system then chooses a free port. */
  readonly port: number
}

/**
 * The address of a Unix domain socket, or, on Windows, of a named pipe.
 *
 * @since 0.1.0
 * @category models
 */
export interface UnixAddress {
  readonly _tag: "UnixAddress"
  /**
   * The path of the socket file. The path of a client's end is empty, because a client has no socket file.
   */
  readonly path: string
}

/**
 * Creates a TCP address.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tcp = (hostname: string, port: number): TcpAddress => ({ _tag: "TcpAddress", hostname, port })

/**
 * Creates the address of a Unix domain socket.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unix = (path: string): UnixAddress => ({ _tag: "UnixAddress", path })

/**
 * Formats an address for messages and logs. The result is `host:port`, `[v6]:port` or the path of the socket.
 *
 * @since 0.1.0
 * @category accessors
 */
export const formatAddress = (address: Address): string =>
  address._tag === "UnixAddress" ? address.path : hostAndPort(plainHost(address.hostname), address.port)

const mapped = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i

/**
 * Converts an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) to the IPv4 address, and returns all other hosts
 * unchanged. A dual-stack socket reports IPv4 clients by mapped addresses.
 */
export const plainHost = (host: string): string => {
  const match = mapped.exec(host)
  if (match === null) return host
  const [, dotted, high = "", low = ""] = match
  if (dotted !== undefined) return dotted
  const [h, l] = [parseInt(high, 16), parseInt(low, 16)]
  return `${h >> 8}.${h & 255}.${l >> 8}.${l & 255}`
}

/** Joins a host and a port with a colon, and puts an IPv6 address in brackets. */
export const hostAndPort = (host: string, port: number | string): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`
