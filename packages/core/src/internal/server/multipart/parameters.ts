/**
 * Parses the `Content-Type` and `Content-Disposition` of multipart parts, which are values with parameters.
 * Names are UTF-8 (RFC 7578 §5.1).
 *
 * Accepts the spellings that browsers send. Returns `undefined` for malformed input, and never guesses its
 * meaning.
 */

/** A lower-case value, and its parameters by lower-case name. */
export interface Parameterized {
  readonly value: string
  readonly parameters: ReadonlyMap<string, string>
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true })
const latin1 = new TextDecoder("latin1")

/**
 * Decodes the text of a part's fields as UTF-8. Decodes bytes that are not UTF-8 as Latin-1, so that
 * different names stay different instead of containing the same replacement characters.
 */
export const decodeText = (bytes: Uint8Array): string => {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return latin1.decode(bytes)
  }
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const parameter = (quoted: string) =>
  new RegExp(`[ \\t]*(?:;[ \\t]*(?:(${token})[ \\t]*=[ \\t]*(?:"(${quoted})"|([^;"]*)))?|$)`, "y")
// Some clients escape a quote with a backslash. Browsers send a backslash unescaped, even before the closing
// quote. Each of the two spellings has a pattern.
const escaping = parameter('(?:\\\\"|[^"])*')
const plain = parameter('[^"]*')

const readAll = (text: string, from: number, pattern: RegExp): Map<string, string> | undefined => {
  const parameters = new Map<string, string>()
  pattern.lastIndex = from
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text)
    if (found === null) return undefined
    const [, name, quoted, bare = ""] = found
    if (name === undefined) continue
    const value = quoted?.replace(/\\"/g, '"') ?? bare.trim()
    // A repeated parameter is ambiguous, so refuse the value.
    if (parameters.has(name.toLowerCase())) return undefined
    parameters.set(name.toLowerCase(), value)
  }
  return parameters
}

/** Parses a value with parameters. Returns `undefined` if it is malformed. */
export const parseParameters = (text: string): Parameterized | undefined => {
  const end = text.indexOf(";")
  const at = end === -1 ? text.length : end
  const parameters = readAll(text, at, escaping) ?? readAll(text, at, plain)
  return parameters && { value: text.slice(0, at).trim().toLowerCase(), parameters }
}

/**
 * Decodes a name from a browser. Browsers escape only quotes and line breaks (HTML's multipart/form-data
 * encoding).
 */
export const unescapeName = (name: string): string =>
  name.replace(/%(0A|0D|22)/gi, (escaped) => decodeURIComponent(escaped))

/**
 * Decodes an extended value (RFC 8187 §3.2), as in `filename*`. Returns `undefined` for a malformed value or
 * an unknown charset.
 */
export const decodeExtended = (value: string): string | undefined => {
  const [, charset = "", encoded = ""] = /^([^']*)'[^']*'((?:[^%]|%[0-9A-Fa-f]{2})*)$/.exec(value) ?? []
  const decoder = { "utf-8": strictUtf8, "iso-8859-1": latin1 }[charset.toLowerCase()]
  // Non-ASCII characters must be percent-encoded.
  if (decoder === undefined || /[^\x20-\x7e]/.test(encoded)) return undefined
  const bytes = encoded
    .match(/%..|[^%]/g)
    ?.map((part) => (part.length === 1 ? part.charCodeAt(0) : parseInt(part.slice(1), 16)))
  try {
    return decoder.decode(Uint8Array.from(bytes ?? []))
  } catch {
    return undefined
  }
}
