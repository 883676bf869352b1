/**
 * Reads the idle timeout that a server announces in `Keep-Alive` (RFC 2068 §19.7.1.1, still in common use).
 *
 * Ignores `max`, the announced number of further requests. `max` is not needed, because the server announces
 * its last response with `Connection: close`. A client that counts down from `max` could close connections
 * too early.
 */

const timeout = /(?:^|[, \t])timeout[ \t]*=[ \t]*"?(\d{1,9})"?[ \t]*(?:[,;]|$)/i

/**
 * Returns the idle timeout that a `Keep-Alive` value announces, in milliseconds. Returns `undefined` if the
 * value has no valid timeout.
 *
 * @since 0.1.0
 * @category hints
 */
export const keepAliveHint = (value: string | undefined): number | undefined => {
  if (value === undefined) return undefined
  const match = timeout.exec(value)
  return match === null ? undefined : +(match[1] as string) * 1000
}

const asNode = /^timeout=(\d+)/

/**
 * Returns the idle timeout (ms) that Node's agent finds in a `Keep-Alive` value. Node's agent reads `timeout`
 * only at the beginning of the value and only in lower case.
 *
 * @since 0.1.0
 * @category hints
 */
export const keepAliveHintAsNode = (value: string): number | undefined => {
  const match = asNode.exec(value)
  return match === null ? undefined : +(match[1] as string) * 1000
}
