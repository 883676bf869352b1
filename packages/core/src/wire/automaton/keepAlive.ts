/**
 * How long a server keeps a connection: its idle time, announced and real, and how many requests it serves.
 *
 * Values only: never reads a clock, sets no timer.
 *
 * @since 0.1.0
 */

/**
 * Milliseconds that a connection may stay without a request after an answer, where a server says nothing
 * else. Source: Node's `server.keepAliveTimeout`.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const defaultKeepAliveTimeout = 5_000

/**
 * Milliseconds that it lives longer than was announced, where a server says nothing else. Source: Node's
 * `server.keepAliveTimeoutBuffer`.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const defaultKeepAliveTimeoutBuffer = 1_000

/**
 * Milliseconds after which an idle connection is closed; 0: never. The end that was announced is the client's
 * to obey first: what it sends in the last moment still arrives. A `buffer` that is negative, infinite or no
 * number counts as the default.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const idleLimit = (keepAliveTimeout: number, buffer: number): number =>
  keepAliveTimeout === 0
    ? 0
    : keepAliveTimeout + (buffer >= 0 && buffer < Infinity ? buffer : defaultKeepAliveTimeoutBuffer)

/**
 * Where the `count`th request of a connection stands against `maxRequestsPerSocket` (0, or no number: no
 * limit): `last` is served, and its response ends the connection; `exceeded` gets 503.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const requestQuota = (max: number, count: number): "open" | "last" | "exceeded" =>
  !(max > 0) || count < max ? "open" : count === max ? "last" : "exceeded"

/**
 * The lines with which a head says that its connection goes on, and for how long: whole seconds of `timeout`
 * (ms; 0: not said), and how many requests it may have (`max`; 0: not said).
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const keepAliveLines = (timeout: number, max: number): string => {
  if (timeout === 0) return "Connection: keep-alive\r\n"
  const limit = max > 0 ? `, max=${max}` : ""
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(timeout / 1000)}${limit}\r\n`
}
