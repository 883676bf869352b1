/**
 * Validates and prints the user's fields, and interprets the fields that determine framing and reuse.
 *
 * Keeps the order, names, case and values of fields, and never adds a field. Omits only the fields in
 * `leaveOut` of `scanFields`, and repeated equal `Content-Length` fields.
 */
import {
  fieldConflict,
  invalidChar,
  invalidToken,
  invalidValue,
  type FieldsViolation
} from "../../model/violation.js"
import { listElements, trimBlanks } from "../grammar/lists.js"
import { Spellings } from "./spelling.js"
import { isFieldValue, isToken, parseContentLength } from "../grammar/validate.js"

/**
 * The fields that the head encoders interpret or add. Each field is a bit, so a set of fields is a number.
 * Each field also needs a line in `knownNames`.
 */
export const Known = {
  ContentLength: 1,
  TransferEncoding: 2,
  Connection: 4,
  KeepAlive: 8,
  Date: 16,
  Host: 32,
  Trailer: 64
} as const

const knownNames = new Map<string, number>([
  ["content-length", Known.ContentLength],
  ["transfer-encoding", Known.TransferEncoding],
  ["connection", Known.Connection],
  ["keep-alive", Known.KeepAlive],
  ["date", Known.Date],
  ["host", Known.Host],
  ["trailer", Known.Trailer]
])

const spellings = new Spellings((lower) => knownNames.get(lower) ?? 0)

/**
 * The result of the last scan. All scans share this record, which is safe because encoding a head is
 * synchronous and keeps no reference to the record.
 */
export const found = {
  /** The printed field lines, each with its CRLF. */
  text: "",
  /** The set of `Known` fields that are present. */
  seen: 0,
  /** The value of `Content-Length`, or -1 if this field is absent. */
  contentLength: -1,
  /** Whether the last transfer coding is `chunked`. */
  chunkedLast: false,
  /** Whether there is a transfer coding that is not `chunked`. */
  otherCoding: false,
  /** Whether `Connection` has the option `close`. */
  close: false,
  /** Whether `Connection` has the option `keep-alive`. */
  keepAlive: false
}

const connectionOptions = (value: string): void => {
  for (const option of listElements(value)) {
    const name = option.toLowerCase()
    if (name === "close") found.close = true
    else if (name === "keep-alive") found.keepAlive = true
  }
}

// `chunked` may occur at most once, and only as the last coding (RFC 9112 §6.1).
const transferCodings = (value: string): FieldsViolation | undefined => {
  for (const coding of listElements(value)) {
    const name = trimBlanks(coding.split(";", 1)[0]!).toLowerCase()
    if (!isToken(name)) return fieldConflict("Transfer-Encoding", "Malformed")
    if (found.chunkedLast) return fieldConflict("Transfer-Encoding", "ChunkedNotLast")
    if (name === "chunked") found.chunkedLast = true
    else found.otherCoding = true
  }
  return undefined
}

const understand = (known: number, value: string): FieldsViolation | undefined => {
  switch (known) {
    case Known.ContentLength: {
      const length = parseContentLength(value)
      if (length < 0) return fieldConflict("Content-Length", "Malformed")
      if (found.contentLength >= 0 && found.contentLength !== length) {
        return fieldConflict("Content-Length", "Repeated")
      }
      found.contentLength = length
      return undefined
    }
    case Known.TransferEncoding:
      return transferCodings(value)
    case Known.Connection:
      connectionOptions(value)
      return undefined
    default:
      return undefined
  }
}

/**
 * Validates, interprets and prints fields, given as a flat list of names and values. The result is in
 * `found`. The fields in `leaveOut` (bits of `Known`) are validated and interpreted, but not printed.
 */
export const scanFields = (fields: ReadonlyArray<string>, leaveOut: number): FieldsViolation | undefined => {
  let text = ""
  let seen = 0
  found.contentLength = -1
  found.chunkedLast = false
  found.otherCoding = false
  found.close = false
  found.keepAlive = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!
    const value = fields[i + 1]
    const spelling = spellings.of(name)
    if (!spelling.valid) return invalidToken("Header name", name)
    if (value === undefined) return invalidValue(name, value)
    let line: string
    if (spelling.value === value) line = spelling.line
    else {
      if (!isFieldValue(value)) return invalidChar("header content", name)
      line = name + ": " + value + "\r\n"
      spelling.keep(value, line)
    }
    const known = spelling.meaning
    if (known !== 0) {
      const repeated = (seen & known) !== 0
      seen |= known
      const refused = understand(known, value)
      if (refused !== undefined) return refused
      // A server responds 400 to a request with two Host fields (RFC 9112 §3.2), so refuse to send it.
      if (repeated && known === Known.Host) return fieldConflict("Host", "Repeated")
      if ((known & leaveOut) !== 0 || (repeated && known === Known.ContentLength)) continue
    }
    text += line
  }
  // RFC 9112 §6.2 forbids `Content-Length` and `Transfer-Encoding` in one message.
  if (found.contentLength >= 0 && (seen & Known.TransferEncoding) !== 0) {
    return fieldConflict("Content-Length", "BesideTransferEncoding")
  }
  found.text = text
  found.seen = seen
  return undefined
}

/**
 * Prints a field that the encoder adds. The value is validated like the user's values, because the caller
 * gives some of these values, such as the host.
 */
export const ownField = (name: string, value: string): string | FieldsViolation =>
  isFieldValue(value) ? `${name}: ${value}\r\n` : invalidChar("header content", name)
