/**
 * Notations for bytes in scripts: hexadecimal digits, texts and multi-line templates.
 */
import { bytesOf, textOf } from "../tap/wireText.js"

/**
 * Converts pairs of hexadecimal digits to bytes. Ignores white space, and throws on all other characters.
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
 * Converts a text with one character per byte to bytes.
 *
 * @since 0.1.0
 * @category bytes
 */
export const latin1 = (data: string | Uint8Array): Uint8Array =>
  typeof data === "string" ? bytesOf(data) : data

/**
 * Encodes a text as UTF-8, and returns the bytes as a text with one character per byte. Use `utf8` for
 * bodies.
 *
 * @since 0.1.0
 * @category bytes
 */
export const utf8 = (data: string): string => textOf(new TextEncoder().encode(data))

/**
 * Converts a multi-line template to the text of a message. Line feeds become CRLF. The common indentation is
 * removed. The line break after the opening backtick and the white space before the closing backtick are
 * removed too.
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
  // White space directly before an interpolated value is the start of a line with text.
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
