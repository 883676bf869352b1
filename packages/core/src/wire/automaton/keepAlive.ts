/**
 * How long a server keeps a connection: the announced and the actual idle timeout, and the number of
 * requests.
 *
 * Pure functions: no clock, no timer.
 *
 * @since 0.1.0
 */

/**
 * Default of the idle timeout after a response, ms. Source: Node's `server.keepAliveTimeout`.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const defaultKeepAliveTimeout = 5_000

/**
 * Default of the time by which the actual idle timeout exceeds the announced timeout, ms. Source: Node's
 * `server.keepAliveTimeoutBuffer`.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const defaultKeepAliveTimeoutBuffer = 1_000

/**
 * Returns the actual idle timeout of a connection, ms; 0: no timeout. The actual timeout exceeds the
 * announced timeout by `buffer`, so that a request sent at the last moment still arrives in time. A `buffer`
 * that is negative, infinite or not a number counts as the default.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const idleLimit = (keepAliveTimeout: number, buffer: number): number =>
  keepAliveTimeout === 0
    ? 0
    : keepAliveTimeout + (buffer >= 0 && buffer < Infinity ? buffer : defaultKeepAliveTimeoutBuffer)

/**
 * Compares the `count`th request of a connection with `maxRequestsPerSocket` (0 or `NaN`: no limit): `last`
 * is served, and its response closes the connection; `exceeded` gets 503.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const requestQuota = (max: number, count: number): "open" | "last" | "exceeded" =>
  !(max > 0) || count < max ? "open" : count === max ? "last" : "exceeded"

/**
 * Returns the header lines that announce a persistent connection: its idle `timeout` in whole seconds (given
 * in ms; 0: not announced), and its number of requests (`max`; 0: not announced).
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const keepAliveLines = (timeout: number, max: number): string => {
  if (timeout === 0) return "Connection: keep-alive\r\n"
  const limit = max > 0 ? `, max=${max}` : ""
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(timeout / 1000)}${limit}\r\n`
}
