/**
 * Extracts the path and query for the router, and the host, from a request target (RFC 9112 §3.2).
 *
 * The parser has already validated the target. This file never decodes or normalises the target.
 */

const slash = 47

// Returns the range of the authority within a target in absolute-form. Returns `undefined` for the other
// forms.
const authority = (target: string): readonly [from: number, to: number] | undefined => {
  if (target.charCodeAt(0) === slash) return undefined
  const scheme = target.indexOf("://")
  if (scheme <= 0) return undefined
  const rest = target.slice(scheme + 3)
  const length = rest.search(/[/?#]/)
  return [scheme + 3, length < 0 ? target.length : scheme + 3 + length]
}

/**
 * Returns the path and query of a target in absolute-form, which every server must accept (RFC 9112 §3.2.2).
 * Returns targets in other forms unchanged.
 */
export const originForm = (target: string): string => {
  const found = authority(target)
  if (found === undefined) return target
  const path = target.slice(found[1])
  return path.charCodeAt(0) === slash ? path : `/${path}`
}

/** Returns the host of a target in absolute-form, which overrides the field `Host` (RFC 9112 §3.2.2). */
export const targetHost = (target: string): string | undefined => {
  const found = authority(target)
  if (found === undefined) return undefined
  const whole = target.slice(found[0], found[1])
  return whole.slice(whole.lastIndexOf("@") + 1)
}
