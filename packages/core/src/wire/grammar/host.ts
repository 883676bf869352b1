/**
 * Validates `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2, §3.2.3). The value of `Host` and the
 * authority of a target have this form.
 *
 * Never resolves, lowercases or decodes a host.
 */
import { REG_NAME } from "./byteClasses.js"

// A local copy is faster, because JavaScript engines read an imported binding at every use but treat a local
// binding as constant.
const regName = REG_NAME

/**
 * Reads a host name without percent signs, and its port, from the index `i` on. Returns the index after both,
 * which is at most `n`. {@link isHost} checks IP literals and percent-encoded names.
 */
export const endOfPlainHost = (bytes: Uint8Array, i: number, n: number): number => {
  while (i < n && regName[bytes[i]!] !== 0) i++
  if (i < n && bytes[i] === 58) {
    i++
    let c: number
    while (i < n && (c = bytes[i]!) >= 48 && c <= 57) i++
  }
  return i
}

// The groups of the expression are the IP literal, the name and the port.
const parts = /^(?:\[([^\]]*)\]|((?:[\w.~!$&'()*+,;=-]|%[\dA-Fa-f]{2})*))(?::(\d*))?$/
const future = /^v[\dA-Fa-f]+\.[\w.~!$&'()*+,;=:-]+$/i
const group = /^[\dA-Fa-f]{1,4}$/
const ipv4 = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/

/**
 * Returns the number of 16-bit groups in a part of an IPv6 address. A final IPv4 address counts as two
 * groups. Returns -1 if a group is invalid.
 */
const piecesOf = (text: string, mayEndInIpv4: boolean): number => {
  if (text === "") return 0
  const groups = text.split(":")
  const last = groups.length - 1
  const endsInIpv4 = mayEndInIpv4 && ipv4.test(groups[last]!)
  const hexadecimal = endsInIpv4 ? groups.slice(0, last) : groups
  if (!hexadecimal.every((one) => group.test(one))) return -1
  return endsInIpv4 ? last + 2 : last + 1
}

const isIpv6 = (text: string): boolean => {
  // An IPv6 address has at most 45 characters.
  if (text.length > 45) return false
  const gap = text.indexOf("::")
  if (gap < 0) return piecesOf(text, true) === 8
  const before = piecesOf(text.slice(0, gap), false)
  const behind = piecesOf(text.slice(gap + 2), true)
  return before >= 0 && behind >= 0 && before + behind < 8
}

const check = (text: string, named: boolean, port: boolean): boolean => {
  const found = parts.exec(text)
  if (found === null) return false
  const [, literal, name] = found
  if (literal !== undefined ? !isIpv6(literal) && !future.test(literal) : named && name === "") return false
  // CONNECT needs a valid port (RFC 9110 §9.3.6). A missing port fails too, because `Number` returns NaN for
  // it.
  return !port || (found[3] !== "" && Number(found[3]) <= 65535)
}

/**
 * Returns whether `text` is a valid `Host` value, which has the form `uri-host [ ":" port ]` (RFC 9110 §7.2).
 * The empty string is valid.
 *
 * @since 0.1.0
 * @category validation
 */
export const isHost = (text: string): boolean => check(text, false, false)

/**
 * Returns whether a request lacks the `Host` that its version requires (RFC 9112 §3.2). By default a server
 * refuses such a request with 400.
 *
 * @since 0.1.0
 * @category validation
 */
export const lacksHost = (versionMajor: number, versionMinor: number, hasHost: boolean): boolean =>
  versionMajor === 1 && versionMinor === 1 && !hasHost

/**
 * Returns whether `text` is a valid authority of an `http` URI. Its host must not be empty (RFC 9110 §4.2.1).
 */
export const isAuthority = (text: string): boolean => check(text, true, false)

/** Returns whether `text` is a valid target of CONNECT. Its port is required (RFC 9112 §3.2.3). */
export const isHostAndPort = (text: string): boolean => check(text, true, true)
