/**
 * Notations for bytes in scripts: hexadecimal digits, characters, lines.
 *
 * Never interprets the bytes.
 */
import { bytesOf, textOf } from "../tap/wireText.js"

/**
 * Bytes from hexadecimal digits; blanks are skipped. Throws on anything else.
 *
 * @since 0.1.0
 * @category bytes
 */
export const hex = (digits: string): Uint8Array => {
  const plain = digits.replace(/\s+/g, "")
  if (!/^([0-9a-f]{2})*$/i.test(plain)) throw new Error(`not pairs of hexadecimal digits: ${digits}`)
  return Uint8Array.from(plain.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/**
 * Bytes of a text with one character per byte.
 *
 * @since 0.1.0
 * @category bytes
 */
export const latin1 = (data: string | Uint8Array): Uint8Array =>
  typeof data === "string" ? bytesOf(data) : data

/**
 * The UTF-8 bytes of a text, as a text with one character per byte: for bodies.
 *
 * @since 0.1.0
 * @category bytes
 */
export const utf8 = (data: string): string => textOf(new TextEncoder().encode(data))

/**
 * A multi-line template as sent on the wire: line feeds become CRLF; the common indentation is removed, and
 * so are the break after the opening backtick and the blanks before the closing one.
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
  // Text before a value is not blank, although it may look so.
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
