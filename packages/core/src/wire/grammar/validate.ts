/**
 * Validates the parts of a head that we send, against request and response splitting (RFC 9110 §5.1, §5.5,
 * RFC 9112 §11.1, §11.2).
 *
 * Accepts or rejects a whole string; never trims, escapes or repairs it. Checks UTF-16 units: a valid unit
 * (U+0000-U+00FF) is sent as one byte.
 *
 * @since 0.1.0
 */
import { TOKEN, VALUE } from "./byteClasses.js"

// RFC 9112 §3.2 permits only URI characters. Node's client also sends U+0080-U+00FF (raw UTF-8 in a path), so
// these are accepted; DEL is not.
const TARGET = new Uint8Array(256).fill(1, 0x21, 0x7f).fill(1, 0x80)

const every = (allowed: Uint8Array, text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    // The entry of a unit above U+00FF is `undefined`, which is not 1 either.
    if (allowed[text.charCodeAt(i)] !== 1) return false
  }
  return true
}

/**
 * Checks whether `text` is a token, such as a method or a field name (RFC 9110 §5.6.2). The empty string is
 * not a token.
 *
 * @since 0.1.0
 * @category validation
 */
export const isToken = (text: string): boolean => text.length > 0 && every(TOKEN, text)

/**
 * Checks whether `text` is a valid field value: no control character except HTAB, nothing above U+00FF (RFC
 * 9110 §5.5). The empty string is valid. Surrounding whitespace is accepted, as in Node, because a receiver
 * trims it and it cannot split a message.
 *
 * @since 0.1.0
 * @category validation
 */
export const isFieldValue = (text: string): boolean => every(VALUE, text)

// Fetch standard, header value: no NUL, CR or LF.
const LOOSE_VALUE = new Uint8Array(256).fill(1)
LOOSE_VALUE[0x00] = LOOSE_VALUE[0x0a] = LOOSE_VALUE[0x0d] = 0

/**
 * Checks whether `text` is a field value under the lenient rule: nothing above U+00FF, and no NUL, CR or LF,
 * which could end the field (Fetch standard, header value).
 *
 * @since 0.1.0
 * @category validation
 */
export const isLooseFieldValue = (text: string): boolean => every(LOOSE_VALUE, text)

/**
 * Checks whether `text` is a valid reason phrase (RFC 9112 §4): the same characters as in a field value.
 *
 * @since 0.1.0
 * @category validation
 */
export const isStatusMessage: (text: string) => boolean = isFieldValue

/**
 * Checks whether `text` is a request target that can be sent: not empty, no space, no control character,
 * nothing above U+00FF (RFC 9112 §3.2).
 *
 * @since 0.1.0
 * @category validation
 */
export const isRequestTarget = (text: string): boolean => text.length > 0 && every(TARGET, text)

/**
 * Checks whether `status` is a status code that can be sent: an integer of three digits (RFC 9110 §15).
 *
 * @since 0.1.0
 * @category validation
 */
export const isStatusCode = (status: number): boolean =>
  Number.isInteger(status) && status >= 100 && status <= 999

/**
 * Checks whether `length` is a possible body length in bytes: a non-negative safe integer.
 *
 * @since 0.1.0
 * @category validation
 */
export const isContentLength = (length: number): boolean => Number.isSafeInteger(length) && length >= 0

/**
 * Parses a `Content-Length` value (RFC 9110 §8.6: digits only). Returns -1 if the value is invalid or not a
 * safe integer.
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
