/**
 * Validates the parts of a head before sending, to prevent request and response splitting (RFC 9110 §5.1,
 * §5.5, RFC 9112 §11.1, §11.2).
 *
 * A string is accepted or rejected as a whole, and never trimmed, escaped or repaired. Every UTF-16 unit is
 * checked, because a valid unit (U+0000-U+00FF) is sent as one byte.
 *
 * @since 0.1.0
 */
import { TOKEN, VALUE } from "./byteClasses.js"

// RFC 9112 §3.2 permits only URI characters. Bytes 0x80-0xFF are also accepted, because Node's client sends
// them (raw UTF-8 in a path).
const TARGET = new Uint8Array(256).fill(1, 0x21, 0x7f).fill(1, 0x80)

const every = (allowed: Uint8Array, text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    // Units above U+00FF have no entry in the table, so they fail this comparison too.
    if (allowed[text.charCodeAt(i)] !== 1) return false
  }
  return true
}

/**
 * Returns whether `text` is a token, such as a method or a field name (RFC 9110 §5.6.2). The empty string is
 * not a token.
 *
 * @since 0.1.0
 * @category validation
 */
export const isToken = (text: string): boolean => text.length > 0 && every(TOKEN, text)

/**
 * Returns whether `text` is a valid field value (RFC 9110 §5.5). A value must not contain control characters
 * except HTAB, or characters above U+00FF. The empty string is valid. Surrounding whitespace is accepted, as
 * in Node, because whitespace cannot split a message and receivers trim it.
 *
 * @since 0.1.0
 * @category validation
 */
export const isFieldValue = (text: string): boolean => every(VALUE, text)

// The Fetch standard forbids only NUL, CR and LF in a header value.
const LOOSE_VALUE = new Uint8Array(256).fill(1)
LOOSE_VALUE[0x00] = LOOSE_VALUE[0x0a] = LOOSE_VALUE[0x0d] = 0

/**
 * Returns whether `text` is a field value under the lenient rule of the Fetch standard. Characters above
 * U+00FF are forbidden, and so are NUL, CR and LF, which could end the field.
 *
 * @since 0.1.0
 * @category validation
 */
export const isLooseFieldValue = (text: string): boolean => every(LOOSE_VALUE, text)

/**
 * Returns whether `text` is a valid reason phrase (RFC 9112 §4). A reason phrase may contain the same
 * characters as a field value.
 *
 * @since 0.1.0
 * @category validation
 */
export const isStatusMessage: (text: string) => boolean = isFieldValue

/**
 * Returns whether `text` can be sent as a request target (RFC 9112 §3.2). A target must not be empty, and
 * must not contain spaces, control characters or characters above U+00FF.
 *
 * @since 0.1.0
 * @category validation
 */
export const isRequestTarget = (text: string): boolean => text.length > 0 && every(TARGET, text)

/**
 * Returns whether `status` can be sent as a status code. A status code must be an integer of three digits
 * (RFC 9110 §15).
 *
 * @since 0.1.0
 * @category validation
 */
export const isStatusCode = (status: number): boolean =>
  Number.isInteger(status) && status >= 100 && status <= 999

/**
 * Returns whether `length` is a valid body length in bytes. A length must be a non-negative safe integer.
 *
 * @since 0.1.0
 * @category validation
 */
export const isContentLength = (length: number): boolean => Number.isSafeInteger(length) && length >= 0

/**
 * Parses a `Content-Length` value, which consists only of digits (RFC 9110 §8.6). Returns -1 if the value is
 * invalid or not a safe integer.
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
