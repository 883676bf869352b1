/**
 * Bytes as a script writes them down: digits, characters, lines.
 *
 * Nothing here looks at what the bytes say.
 */
import { bytesOf, textOf } from "../tap/wireText.js"

/**
 * Bytes from their hexadecimal digits; blanks are skipped. Throws where there is something else.
 *
 * @since 0.1.0
 * @category bytes
 */
export const hex = (digits: string): Uint8Array => {
  const plain = digits.replace(/\s+/g, "")
  if (!/^([0-9a-f]{2})*$/i.test(plain)) throw new Error(`no pairs of hexadecimal digits: ${digits}`)
  return Uint8Array.from(plain.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/**
 * A character per byte, as it goes over the wire.
 *
 * @since 0.1.0
 * @category bytes
 */
export const latin1 = (data: string | Uint8Array): Uint8Array =>
  typeof data === "string" ? bytesOf(data) : data

/**
 * The bytes of UTF-8, as text of a character per byte: for bodies.
 *
 * @since 0.1.0
 * @category bytes
 */
export const utf8 = (data: string): string => textOf(new TextEncoder().encode(data))

/**
 * A template of several lines as it goes over the wire: line feeds become CRLF, the common indentation goes,
 * and so do the break after the opening backtick and the blanks before the closing one.
 *
 * @example
 * import { RawPeer } from "@httpfx/testing"
 *
 * RawPeer.wire`
 *   GET / HTTP/1.1
 *   Host: test
 *
 * ` // "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
 *
 * @since 0.1.0
 * @category bytes
 */
export const wire = (strings: TemplateStringsArray, ...values: ReadonlyArray<string | number>): string => {
  const parts = strings.map((part) => part.split(/(?<!\r)\n/))
  // The text before a value is not blank although it may look so.
  const starts = parts.flatMap((lines, index) =>
    lines
      .slice(1)
      .filter((line, at) => line.trim() !== "" || (at === lines.length - 2 && index < values.length))
  )
  const indent = Math.min(...starts.map((line) => line.length - line.trimStart().length))
  const out = parts.map((lines) => lines.map((line, at) => (at > 0 ? line.slice(indent) : line)).join("\r\n"))
  const text = out.reduce((all, part, index) => `${all}${values[index - 1]}${part}`)
  return text.replace(/^\r\n/, "").replace(/\r\n[ \t]*$/, "\r\n")
}
