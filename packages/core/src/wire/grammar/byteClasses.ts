/**
 * The byte classes of the grammar, and the known methods. Each class is a table of 256 entries, in which 1
 * means that the byte belongs to the class.
 *
 * This file contains only tables, and never decides how to treat an invalid byte.
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

/**
 * The bytes of a token (`tchar`, RFC 9110 §5.6.2). Field names, methods, and names and values of chunk
 * extensions are tokens.
 */
export const TOKEN = table(ALPHANUMERIC, "!#$%&'*+-.^_`|~")

/** The bytes of a field value: `HTAB`, `SP`, `VCHAR` and `obs-text` (RFC 9110 §5.5). */
export const VALUE = table("\t", [0x20, 0x7e], [0x80, 0xff])

/**
 * The bytes of {@link VALUE} without the comma. Node accepts them in an element of a `Connection` or
 * `Transfer-Encoding` list.
 */
export const ELEMENT = table("\t", [0x20, 0x2b], [0x2d, 0x7e], [0x80, 0xff])

/** The bytes between the quotes of a chunk extension's value (`qdtext`, RFC 9110 §5.6.4). */
export const QDTEXT = table("\t ", "!", [0x23, 0x5b], [0x5d, 0x7e], [0x80, 0xff])

/**
 * The letters (`ALPHA`, RFC 5234 §B.1). Node accepts only letters in the scheme of an absolute-form target.
 */
export const ALPHA = table(LETTERS)

/**
 * The bytes that Node's parser accepts in the path of a target. These bytes are every `VCHAR` except `#` and
 * `?`.
 */
export const LOOSE_PATH = table([0x21, 0x22], [0x24, 0x3e], [0x40, 0x7e])

/**
 * The bytes that Node's parser accepts in the query of a target. These bytes are every `VCHAR` except `#`.
 */
export const LOOSE_QUERY = table([0x21, 0x22], [0x24, 0x7e])

const UNRESERVED = ALPHANUMERIC + "-._~"
const SUB_DELIMS = "!$&'()*+,;="
const PCHAR = UNRESERVED + SUB_DELIMS + "%:@"

/**
 * The bytes of a target's path, which are `pchar` and `/` (RFC 3986 §3.3). The digits after a percent sign
 * are not checked.
 */
export const PATH = table(PCHAR, "/")

/** The bytes of a target's query, which are `pchar`, `/` and `?` (RFC 3986 §3.4). */
export const QUERY = table(PCHAR, "/?")

/** The bytes of {@link PATH}, and the characters that the URL standard does not percent-encode in a path. */
export const URL_PATH = table(PCHAR, "/", "[]^|")

/**
 * The bytes of {@link QUERY}, and the characters that the URL standard does not percent-encode in the query
 * of an `http:` URL.
 */
export const URL_QUERY = table(PCHAR, "/?", "[]^|", "\\`{}")

/** The bytes of a host name (`reg-name`, RFC 3986 §3.2.2) without percent-encoded octets. */
export const REG_NAME = table(UNRESERVED, SUB_DELIMS)

/**
 * The bytes that Node's parser accepts in the authority of a target. These bytes are `unreserved`,
 * `sub-delims`, `%`, `:` and brackets.
 */
export const AUTHORITY = table(UNRESERVED, SUB_DELIMS, "%:[]")

/** The values of hexadecimal digits (`chunk-size`, RFC 9112 §7.1). The entry of every other byte is 255. */
export const HEX = new Uint8Array(256).fill(255)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  HEX[digit.charCodeAt(0)] = value
  HEX[digit.toUpperCase().charCodeAt(0)] = value
}

/**
 * The methods of HTTP requests that Node's parser knows. The last method, `PRI`, starts the HTTP/2 preface
 * (RFC 9113 §3.4).
 */
export const httpMethods: ReadonlyArray<string> = (
  "DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND " +
  "UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK " +
  "UNLINK SOURCE QUERY PRI"
).split(" ")

/**
 * The methods of RTSP requests (RFC 2326). Node's parser accepts them in a request line whose version begins
 * with `RTSP/`.
 */
export const rtspMethods: ReadonlyArray<string> =
  "OPTIONS DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH GET POST".split(
    " "
  )

/**
 * The kinds of prefixes of known methods. `Begun` is incomplete, `Whole` is a complete method, and `MayEnd`
 * is a complete method that also starts a longer method.
 */
export const MethodPrefix = { Begun: 0, MayEnd: 1, Whole: 2 } as const

/** Every prefix of every known method, with its kind ({@link MethodPrefix}). */
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
