/**
 * Byte classes of the grammar, one 256-entry table per production, and the known methods.
 *
 * Contains only tables. Never reads input, and never decides the meaning of a violation.
 */

const table = (...parts: ReadonlyArray<string | readonly [number, number]>): Uint8Array => {
  const bytes = new Uint8Array(256)
  for (const part of parts) {
    if (typeof part === "string") {
      for (let i = 0; i < part.length; i++) bytes[part.charCodeAt(i)] = 1
    } else {
      bytes.fill(1, part[0], part[1] + 1)
    }
  }
  return bytes
}

const DIGITS = "0123456789"
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const ALPHANUMERIC = DIGITS + LETTERS

/** `tchar` (RFC 9110 §5.6.2): field names, methods, names and values of chunk extensions. */
export const TOKEN = table(ALPHANUMERIC, "!#$%&'*+-.^_`|~")

/** Bytes of a field value: `HTAB`, `SP`, `VCHAR`, `obs-text` (RFC 9110 §5.5). */
export const VALUE = table("\t", [0x20, 0x7e], [0x80, 0xff])

/**
 * {@link VALUE} without the comma: an element of a `Connection` or `Transfer-Encoding` list as Node reads it.
 */
export const ELEMENT = table("\t", [0x20, 0x2b], [0x2d, 0x7e], [0x80, 0xff])

/** `qdtext` (RFC 9110 §5.6.4): inside the quotes of a chunk extension value. */
export const QDTEXT = table("\t ", "!", [0x23, 0x5b], [0x5d, 0x7e], [0x80, 0xff])

/** `ALPHA` (RFC 5234 §B.1): the scheme of an absolute-form target as Node reads it. */
export const ALPHA = table(LETTERS)

/** Path of a target as Node's parser accepts it: every `VCHAR` except `#` and `?`. */
export const LOOSE_PATH = table([0x21, 0x22], [0x24, 0x3e], [0x40, 0x7e])

/** Query of a target as Node's parser accepts it. */
export const LOOSE_QUERY = table([0x21, 0x22], [0x24, 0x7e])

const UNRESERVED = ALPHANUMERIC + "-._~"
const SUB_DELIMS = "!$&'()*+,;="
const PCHAR = UNRESERVED + SUB_DELIMS + "%:@"

/** `pchar` and `/` (RFC 3986 §3.3): path of a target. Digits after a percent sign are not checked. */
export const PATH = table(PCHAR, "/")

/** `pchar`, `/` and `?` (RFC 3986 §3.4): query of a target. */
export const QUERY = table(PCHAR, "/?")

/** {@link PATH} and the characters that the URL standard does not percent-encode in a path. */
export const URL_PATH = table(PCHAR, "/", "[]^|")

/** {@link QUERY} and the characters that the URL standard does not percent-encode in a query of `http:`. */
export const URL_QUERY = table(PCHAR, "/?", "[]^|", "\\`{}")

/** `reg-name` (RFC 3986 §3.2.2) without percent-encoded octets. */
export const REG_NAME = table(UNRESERVED, SUB_DELIMS)

/**
 * The authority of a target as Node's parser accepts it: `unreserved`, `sub-delims`, `%`, `:` and brackets.
 */
export const AUTHORITY = table(UNRESERVED, SUB_DELIMS, "%:[]")

/** The value of a hexadecimal digit, 255 for every other byte (`chunk-size`, RFC 9112 §7.1). */
export const HEX = new Uint8Array(256).fill(255)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  HEX[digit.charCodeAt(0)] = value
  HEX[digit.toUpperCase().charCodeAt(0)] = value
}

/**
 * Methods of HTTP requests, as in Node's parser. The last method starts the HTTP/2 preface (RFC 9113 §3.4).
 */
export const httpMethods: ReadonlyArray<string> = (
  "DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND " +
  "UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK " +
  "UNLINK SOURCE QUERY PRI"
).split(" ")

/** Methods of RTSP requests (RFC 2326), which Node's parser reads with the same request line. */
export const rtspMethods: ReadonlyArray<string> =
  "OPTIONS DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH GET POST".split(
    " "
  )

/** Kinds of method prefix: incomplete; complete, but also the start of a longer method; complete. */
export const MethodPrefix = { Begun: 0, MayEnd: 1, Whole: 2 } as const

/** Every prefix of every known method, with its {@link MethodPrefix}. */
export const methodPrefixes: ReadonlyMap<string, number> = (() => {
  const all = [...new Set([...httpMethods, ...rtspMethods])]
  const prefixes = new Map<string, number>()
  for (const method of all) {
    for (let end = 1; end < method.length; end++) prefixes.set(method.slice(0, end), MethodPrefix.Begun)
  }
  for (const method of all) {
    const continued = prefixes.has(method)
    prefixes.set(method, continued ? MethodPrefix.MayEnd : MethodPrefix.Whole)
  }
  return prefixes
})()
