/**
 * The tables of the head encoders: methods, reason phrases and status lines.
 *
 * This file contains data, and makes no decision about a message.
 *
 * @since 0.1.0
 */
import { httpMethods } from "../grammar/byteClasses.js"
import { invalidStatus, type Violation } from "../../model/violation.js"
import { isStatusCode, isStatusMessage } from "../grammar/validate.js"

/**
 * The methods of Node's `http.METHODS`, in the same order. Any other token may be sent too (RFC 9110 §16.1).
 * `PRI` is missing, because it starts the HTTP/2 preface and is not a method.
 *
 * @since 0.1.0
 * @category tables
 */
export const METHODS: ReadonlyArray<string> = httpMethods.filter((method) => method !== "PRI").sort()

/**
 * The reason phrases by status code, as in Node's `http.STATUS_CODES` (IANA HTTP Status Code Registry).
 *
 * @since 0.1.0
 * @category tables
 */
export const STATUS_CODES: { readonly [status: number]: string | undefined } = {
  100: "Continue",
  101: "Switching Protocols",
  102: "Processing",
  103: "Early Hints",
  200: "OK",
  201: "Created",
  202: "Accepted",
  203: "Non-Authoritative Information",
  204: "No Content",
  205: "Reset Content",
  206: "Partial Content",
  207: "Multi-Status",
  208: "Already Reported",
  226: "IM Used",
  300: "Multiple Choices",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  305: "Use Proxy",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  407: "Proxy Authentication Required",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Payload Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  418: "I'm a Teapot",
  421: "Misdirected Request",
  422: "Unprocessable Entity",
  423: "Locked",
  424: "Failed Dependency",
  425: "Too Early",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  506: "Variant Also Negotiates",
  507: "Insufficient Storage",
  508: "Loop Detected",
  509: "Bandwidth Limit Exceeded",
  510: "Not Extended",
  511: "Network Authentication Required"
}

const lines: Array<string | undefined> = new Array(1000).fill(undefined)

/**
 * Returns the status line with its CRLF (RFC 9112 §4). The default phrase is the phrase in `STATUS_CODES`, or
 * `unknown` for a status that is not in this table, as in Node. The version is always 1.1, even if the peer's
 * version is 1.0 (RFC 9110 §2.5).
 *
 * Violations: ERR_HTTP_INVALID_STATUS_CODE, ERR_INVALID_CHAR.
 *
 * @since 0.1.0
 * @category encoding
 */
export const statusLine = (status: number, phrase: string | undefined): string | Violation => {
  if (!isStatusCode(status)) return invalidStatus(status)
  if (phrase === undefined) {
    return (lines[status] ??= `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}\r\n`)
  }
  return isStatusMessage(phrase)
    ? `HTTP/1.1 ${status} ${phrase}\r\n`
    : { _tag: "Violation", code: "ERR_INVALID_CHAR", what: "statusMessage" }
}
