/**
 * Formats raw bytes as text. Escapes and shortens texts, and compares two texts around their first
 * difference. All texts have one character per byte (U+0000-U+00FF).
 */

/**
 * Converts bytes to text with one character per byte. `TextDecoder("latin1")` cannot do this, because it
 * decodes windows-1252, which differs from 0x80 to 0x9F.
 */
export const textOf = (bytes: Uint8Array): string => {
  let text = ""
  for (let from = 0; from < bytes.length; from += 8192)
    text += String.fromCharCode(...bytes.subarray(from, from + 8192))
  return text
}

/** Converts text to bytes, with one byte per character. Only the low 8 bits of a character are used. */
export const bytesOf = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index)
  return bytes
}

const names: Readonly<Record<string, string>> = { "\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\" }

/** Escapes backslashes, and all characters other than printable ASCII. */
export const escape = (text: string): string =>
  text.replace(
    /[^\x20-\x5b\x5d-\x7e]/g,
    (char) => names[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`
  )

/** Escapes a text. If the text is longer than `limit` characters, its middle is omitted. */
export const excerpt = (text: string, limit = 400): string => {
  if (text.length <= limit) return escape(text)
  const half = limit >> 1
  return `${escape(text.slice(0, half))} ... ${text.length - 2 * half} bytes ... ${escape(text.slice(-half))}`
}

/**
 * Returns the offset of the first difference. If one text is a prefix of the other, returns the length of the
 * prefix.
 */
export const firstDifference = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  let index = 0
  while (index < length && a.charCodeAt(index) === b.charCodeAt(index)) index++
  return index
}

const linesOf = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.split(/(?<=\n)/))

const context = 3
const width = 96

/**
 * Aligns expected (`-`) and received (`+`) text, and marks the first different byte. `start` is the offset of
 * both texts in all received bytes. If the received text ends at the difference, `ended` is printed in place
 * of a received byte.
 */
export const compare = (
  expected: string,
  received: string,
  { ended, start = 0 }: { readonly start?: number; readonly ended: string }
): string => {
  const at = firstDifference(expected, received)
  const lineStart = at === 0 ? 0 : expected.lastIndexOf("\n", at - 1) + 1
  const common = linesOf(expected.slice(0, lineStart)).slice(-context)
  const column = escape(expected.slice(lineStart, at)).length
  // If the line is long, shows only the part around the difference.
  const from = column > width - 20 ? column - (width - 40) : 0
  const show = (line: string) => {
    const text = escape(line)
    return (
      (from > 0 ? "..." : "") + text.slice(from, from + width) + (text.length > from + width ? "..." : "")
    )
  }
  const [wanted = "", ...wantedRest] = linesOf(expected.slice(lineStart))
  const [got = "", ...gotRest] = linesOf(received.slice(lineStart))
  const byte = (text: string) =>
    at < text.length ? `0x${text.charCodeAt(at).toString(16).padStart(2, "0")}` : ended
  const mark = `${" ".repeat(column - from + (from > 0 ? 3 : 0))}^ offset ${start + at}`
  const facts =
    at < expected.length ? `expected ${byte(expected)}, received ${byte(received)}` : "surplus bytes"
  const rest = (sign: string, lines: ReadonlyArray<string>) => [
    ...lines.slice(0, context).map((line) => `  ${sign} ${excerpt(line, width)}`),
    ...(lines.length > context ? [`  ${sign} ... ${lines.length - context} more lines`] : [])
  ]
  return [
    ...common.map((line) => `    ${excerpt(line, width)}`),
    `  - ${show(wanted)}`,
    `  + ${show(got)}`,
    `    ${mark}: ${facts}`,
    ...rest("-", wantedRest),
    ...rest("+", gotRest)
  ].join("\n")
}
