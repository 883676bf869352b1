/**
 * Encodes 103 Early Hints (RFC 8297), which contain links that the client may load before the final response.
 *
 * Links are validated against the grammar of RFC 8288 §3. The automaton decides whether hints are legal at
 * the current point of the exchange.
 *
 * @since 0.1.0
 */
import { encodeInformational } from "./encodeResponse.js"
import { isFieldValue, isToken } from "../grammar/validate.js"
import type { Violation } from "../../model/violation.js"

const skipBlanks = (text: string, at: number): number => {
  while (text[at] === " " || text[at] === "\t") at++
  return at
}

// Returns the index after the quoted-string at `start` (RFC 9110 §5.6.4), or 0 if the closing quote is
// missing.
const quotedEnd = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return at + 1
    if (text[at] === "\\") at++
  }
  return 0
}

// Returns the index after the token or unquoted value at `at`.
const wordEnd = (text: string, at: number): number => {
  while (at < text.length && !' \t;="'.includes(text[at]!)) at++
  return at
}

/**
 * Returns whether `text` is one valid link. A link is `<target>`, followed by parameters. Each parameter has
 * the form `; name=value`.
 *
 * @since 0.1.0
 * @category validation
 */
export const isLink = (text: string): boolean => {
  if (text[0] !== "<" || !isFieldValue(text)) return false
  const close = text.indexOf(">")
  if (close < 0) return false
  let at = skipBlanks(text, close + 1)
  while (at < text.length) {
    if (text[at] !== ";") return false
    const start = skipBlanks(text, at + 1)
    const end = wordEnd(text, start)
    if (!isToken(text.slice(start, end))) return false
    at = skipBlanks(text, end)
    if (text[at] !== "=") continue
    at = skipBlanks(text, at + 1)
    const valueEnd = text[at] === '"' ? quotedEnd(text, at) : wordEnd(text, at)
    if (valueEnd <= at) return false
    at = skipBlanks(text, valueEnd)
  }
  return true
}

/**
 * Encodes the head of a 103 response. Returns the empty string if there is no link, so that nothing is sent,
 * as in Node. `headers` is a flat list of names and values.
 *
 * Violations: ERR_INVALID_ARG_VALUE (an invalid link), and the violations of `encodeInformational`.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodeEarlyHints = (
  links: string | ReadonlyArray<string>,
  headers: ReadonlyArray<string> = []
): string | Violation => {
  const list = typeof links === "string" ? [links] : links
  if (list.length === 0) return ""
  for (const value of list) {
    if (!isLink(value)) return { _tag: "Violation", code: "ERR_INVALID_ARG_VALUE", what: "hints", value }
  }
  return encodeInformational(103, ["Link", list.join(", "), ...headers])
}
