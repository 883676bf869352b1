/**
 * What a server announces in `Keep-Alive` (RFC 2068 §19.7.1.1, still sent everywhere): how long it keeps an
 * idle connection.
 *
 * `max` is not read: how many more requests a server takes is said by `Connection: close` on the last, and
 * servers that count down would have their connections thrown away early.
 */

const timeout = /(?:^|[, \t])timeout[ \t]*=[ \t]*"?(\d{1,9})"?[ \t]*(?:[,;]|$)/i

/**
 * Milliseconds; `undefined` where nothing is announced, or nothing that can be read.
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
 * The same as Node's agent reads it: only at the beginning, and with a small `t`.
 *
 * @since 0.1.0
 * @category hints
 */
export const keepAliveHintAsNode = (value: string): number | undefined => {
  const match = asNode.exec(value)
  return match === null ? undefined : +(match[1] as string) * 1000
}
