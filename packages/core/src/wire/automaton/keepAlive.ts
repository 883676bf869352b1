/**
 * Computes how long a server keeps a connection open. The rules cover the announced and the actual idle
 * timeout, and the maximum number of requests.
 *
 * The functions are pure, and neither read a clock nor set a timer.
 *
 * @since 0.1.0
 */

/**
 * The default idle timeout after a response, ms. Source: Node's `server.keepAliveTimeout`.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const defaultKeepAliveTimeout = 5_000

/**
 * The default time by which the actual idle timeout exceeds the announced timeout, ms. Source: Node's
 * `server.keepAliveTimeoutBuffer`.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const defaultKeepAliveTimeoutBuffer = 1_000

/**
 * Returns the actual idle timeout of a connection, ms. 0 means no timeout. The actual timeout exceeds the
 * announced timeout by `buffer`, so that a request sent at the last moment arrives before the server closes
 * the connection. A `buffer` that is negative, infinite or not a number counts as the default.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const idleLimit = (keepAliveTimeout: number, buffer: number): number =>
  keepAliveTimeout === 0
    ? 0
    : keepAliveTimeout + (buffer >= 0 && buffer < Infinity ? buffer : defaultKeepAliveTimeoutBuffer)

/**
 * Compares the number of a request on its connection (`count`) with `maxRequestsPerSocket` (`max`; 0 or `NaN`
 * means no limit).
 *
 * - `open`: the request is served
 * - `last`: the request is served, and its response closes the connection
 * - `exceeded`: the request gets 503
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const requestQuota = (max: number, count: number): "open" | "last" | "exceeded" =>
  !(max > 0) || count < max ? "open" : count === max ? "last" : "exceeded"

/**
 * Returns the field lines that announce a persistent connection. `timeout` is the idle timeout in ms, which
 * is announced in whole seconds. `max` is the maximum number of requests. If `timeout` is 0, neither value is
 * announced. If only `max` is 0, only `timeout` is announced.
 *
 * @since 0.1.0
 * @category keep-alive
 */
export const keepAliveLines = (timeout: number, max: number): string => {
  if (timeout === 0) return "Connection: keep-alive\r\n"
  const limit = max > 0 ? `, max=${max}` : ""
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(timeout / 1000)}${limit}\r\n`
}
