/**
 * Addresses of the two ends of a connection, and their text form.
 */

/**
 * An address of either end. Assignable to platform's `HttpServer.Address`.
 *
 * @since 0.1.0
 * @category models
 */
export type Address = TcpAddress | UnixAddress

/**
 * A TCP endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export interface TcpAddress {
  readonly _tag: "TcpAddress"
  /** An IP address in text form (a host name only where a network accepts names). */
  readonly hostname: string
  /** 1 to 65535; 0 lets a listener choose a free one. */
  readonly port: number
}

/**
 * A Unix domain socket; a named pipe on Windows.
 *
 * @since 0.1.0
 * @category models
 */
export interface UnixAddress {
  readonly _tag: "UnixAddress"
  /** The socket file. Empty for a client without one. */
  readonly path: string
}

/**
 * A TCP address.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tcp = (hostname: string, port: number): TcpAddress => ({ _tag: "TcpAddress", hostname, port })

/**
 * The address of a Unix domain socket.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unix = (path: string): UnixAddress => ({ _tag: "UnixAddress", path })

/**
 * `host:port`, `[v6]:port` or the path: for messages and logs.
 *
 * @since 0.1.0
 * @category accessors
 */
export const formatAddress = (address: Address): string =>
  address._tag === "UnixAddress"
    ? address.path
    : address.hostname.includes(":")
      ? `[${address.hostname}]:${address.port}`
      : `${address.hostname}:${address.port}`
