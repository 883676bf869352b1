/**
 * Reads the idle timeout that a server announces in `Keep-Alive` (RFC 2068 §19.7.1.1, still in common use).
 *
 * Ignores `max`: a server announces its last response with `Connection: close`, and counting down would close
 * connections too early.
 */

const timeout = /(?:^|[, \t])timeout[ \t]*=[ \t]*"?(\d{1,9})"?[ \t]*(?:[,;]|$)/i

/**
 * The announced idle timeout in milliseconds; `undefined` if there is none, or it is unreadable.
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
 * The same as Node's agent reads it: only at the beginning of the value, and only in lower case.
 *
 * @since 0.1.0
 * @category hints
 */
export const keepAliveHintAsNode = (value: string): number | undefined => {
  const match = asNode.exec(value)
  return match === null ? undefined : +(match[1] as string) * 1000
}
