/**
 * The escapes of the vectors (packages/core/test/vectors/README.md). Converts bytes to printable text and
 * back.
 */

const named: ReadonlyMap<string, string> = new Map([
  ["r", "\r"],
  ["n", "\n"],
  ["t", "\t"],
  ["\\", "\\"],
  ['"', '"']
])

// Minimum length of a run of equal characters that is written as a repetition.
const LONG_RUN = 24

const showCode = (code: number): string => {
  if (code === 13) return "\\r"
  if (code === 10) return "\\n"
  if (code === 9) return "\\t"
  if (code === 92) return "\\\\"
  if (code >= 0x20 && code < 0x7f) return String.fromCharCode(code)
  return `\\x${code.toString(16).padStart(2, "0")}`
}

/** Escapes a text of U+0000-U+00FF. */
export const escape = (text: string): string => {
  let shown = ""
  for (let i = 0; i < text.length;) {
    let end = i + 1
    while (end < text.length && text[end] === text[i]) end++
    const one = showCode(text.charCodeAt(i))
    shown += end - i >= LONG_RUN ? `\\{${one}*${end - i}}` : one.repeat(end - i)
    i = end
  }
  return shown
}

/** Returns the text that an escaped text stands for. Line breaks in the escaped text are ignored. */
export const unescape = (shown: string): string => {
  let text = ""
  for (let i = 0; i < shown.length;) {
    const c = shown[i]!
    if (c === "\n") {
      i++
    } else if (c !== "\\") {
      text += c
      i++
    } else if (shown[i + 1] === "x") {
      const code = shown.slice(i + 2, i + 4)
      if (!/^[0-9a-f]{2}$/.test(code)) throw new Error(`no byte: \\x${code}`)
      text += String.fromCharCode(Number.parseInt(code, 16))
      i += 4
    } else if (shown[i + 1] === "{") {
      const end = shown.indexOf("}", i)
      const [, what, times] = /^(.+)\*(\d+)$/s.exec(shown.slice(i + 2, end)) ?? []
      if (what === undefined) throw new Error(`no repetition: ${shown.slice(i, i + 20)}`)
      text += unescape(what).repeat(Number(times))
      i = end + 1
    } else {
      const plain = named.get(shown[i + 1] ?? "")
      if (plain === undefined) throw new Error(`no escape: ${shown.slice(i, i + 2)}`)
      text += plain
      i += 2
    }
  }
  return text
}
