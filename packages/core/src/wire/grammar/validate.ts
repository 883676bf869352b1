/**
 * What may stand in a head that we send: the guard against request and response splitting (RFC 9110 §5.1,
 * §5.5, RFC 9112 §11.1, §11.2).
 *
 * Answers yes or no about a whole string; never trims, escapes or repairs. Strings are looked at by UTF-16
 * unit, which is a byte of the wire once the string passed (U+0000-U+00FF, one to one).
 *
 * @since 0.1.0
 */
import { TOKEN, VALUE } from "./byteClasses.js"

// RFC 9112 §3.2 has URI characters only. Node's own client lets U+0080-U+00FF pass (raw UTF-8 in a path), so
// does this; DEL is refused.
const TARGET = new Uint8Array(256).fill(1, 0x21, 0x7f).fill(1, 0x80)

const every = (allowed: Uint8Array, text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    // A unit above U+00FF reads past the table, which is not 1 either.
    if (allowed[text.charCodeAt(i)] !== 1) return false
  }
  return true
}

/**
 * Is this a token: a method, a header name (RFC 9110 §5.6.2)? The empty string is none.
 *
 * @since 0.1.0
 * @category validation
 */
export const isToken = (text: string): boolean => text.length > 0 && every(TOKEN, text)

/**
 * May this be the value of a header field: no control character but HTAB, nothing above U+00FF (RFC 9110
 * §5.5)? The empty string may. Whitespace at the ends passes, as in Node: a receiver cuts it off, and it
 * splits nothing.
 *
 * @since 0.1.0
 * @category validation
 */
export const isFieldValue = (text: string): boolean => every(VALUE, text)

// Fetch standard, header value: no NUL, CR or LF.
const LOOSE_VALUE = new Uint8Array(256).fill(1)
LOOSE_VALUE[0x00] = LOOSE_VALUE[0x0a] = LOOSE_VALUE[0x0d] = 0

/**
 * May this be the value of a field where control characters are let pass: all but NUL, CR and LF, which end
 * it somewhere, and nothing above U+00FF (Fetch standard, header value)?
 *
 * @since 0.1.0
 * @category validation
 */
export const isLooseFieldValue = (text: string): boolean => every(LOOSE_VALUE, text)

/**
 * May this be the reason phrase of a status line (RFC 9112 §4)? The same characters as in a field value.
 *
 * @since 0.1.0
 * @category validation
 */
export const isStatusMessage = isFieldValue

/**
 * May this be a request target: not empty, no space, no control character, nothing above U+00FF (RFC 9112
 * §3.2)?
 *
 * @since 0.1.0
 * @category validation
 */
export const isRequestTarget = (text: string): boolean => text.length > 0 && every(TARGET, text)

/**
 * Is this a status code that can be sent: an integer of three digits (RFC 9110 §15)?
 *
 * @since 0.1.0
 * @category validation
 */
export const isStatusCode = (status: number): boolean =>
  Number.isInteger(status) && status >= 100 && status <= 999

/**
 * Can a body have so many bytes: a whole number, not negative, that is counted exactly?
 *
 * @since 0.1.0
 * @category validation
 */
export const isContentLength = (length: number): boolean => Number.isSafeInteger(length) && length >= 0

/**
 * The number of a `Content-Length` value (RFC 9110 §8.6: digits only), or -1 when it is none that can be
 * counted exactly.
 *
 * @since 0.1.0
 * @category validation
 */
export const parseContentLength = (text: string): number => {
  if (text.length === 0) return -1
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return -1
    length = length * 10 + digit
    if (length > Number.MAX_SAFE_INTEGER) return -1
  }
  return length
}
