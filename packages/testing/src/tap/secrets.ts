/**
 * Finds secrets in the bytes of one sender. Secrets are the values of header fields, and the user and the
 * password in URLs. A secret may span segments.
 *
 * After bytes that were not stored, the rest of the line counts as a secret, because the name of the field
 * may be missing. Never changes recorded bytes.
 */
import type { Piece } from "./parse.js"
import type { Side, TapEvent } from "./transport.js"
import { textOf } from "./wireText.js"

/** Start and end of a range of bytes, as offsets in all bytes of one sender. */
type Range = readonly [from: number, to: number]

/** Finds the secrets in a text. The text begins at the start of a message. */
export type FindSecrets = (text: string) => Array<Range>

const escaped = (name: string) => name.replace(/[.*+?^$|(){}[\]\\]/g, "\\$&")

// A value continues on lines that begin with white space (RFC 9112 §5.2).
const valueLines = "[^\\r\\n]*(?:(?:\\r\\n|\\r|\\n)[ \\t]+[^\\r\\n]*)*"

/** Creates a finder for the values of these fields, and for the user and the password in URLs. */
export const secretsOf = (names: ReadonlyArray<string>): FindSecrets => {
  const fields =
    names.length === 0
      ? undefined
      : new RegExp(`^([ \\t]*(?:${names.map(escaped).join("|")})[ \\t]*: ?)(${valueLines})`, "gim")
  return (text) => {
    const found: Array<Range> = []
    const add = (pattern: RegExp) => {
      for (const { 0: all, 1: before = "", index } of text.matchAll(pattern))
        if (all.length > before.length) found.push([index + before.length, index + all.length])
    }
    if (fields !== undefined) add(fields)
    add(/(\/\/)[^\s/?#"<>]*(?=@)/g)
    add(/^(CONNECT )[^\s/?#"<>]*(?=@)/gm)
    return found
  }
}

const placeholder = "<redacted>"

// Matches the rest of the line that follows skipped bytes.
const unknownLine = new RegExp(`^${valueLines}`)

/** Returns the text of each piece, with placeholders in place of secrets. */
export const hideSecrets = (
  pieces: ReadonlyArray<Piece>,
  events: ReadonlyArray<TapEvent>,
  find: FindSecrets
): Map<Piece, string> => {
  const shown = new Map<Piece, string>()
  for (const side of ["client", "server"] as const) hideOf(side, pieces, events, find, shown)
  return shown
}

const hideOf = (
  side: Side,
  pieces: ReadonlyArray<Piece>,
  events: ReadonlyArray<TapEvent>,
  find: FindSecrets,
  shown: Map<Piece, string>
): void => {
  const own = pieces
    .filter(({ from }) => from === side)
    .map((piece) => ({ piece, text: textOf(piece.bytes) }))
  const text = own.map(({ text }) => text).join("")
  const ranges = find(text)
  let offset = 0
  let before = -1
  for (const { piece, text: part } of own) {
    const skipped = events
      .slice(before + 1, piece.event)
      .some((event) => event._tag === "Skipped" && event.from === side)
    if (skipped) ranges.push([offset, offset + unknownLine.exec(text.slice(offset))![0].length])
    before = piece.event
    offset += part.length
  }
  ranges.sort((a, b) => a[0] - b[0])
  offset = 0
  for (const { piece, text: part } of own) {
    shown.set(piece, without(part, offset, ranges))
    offset += part.length
  }
}

const without = (part: string, offset: number, ranges: ReadonlyArray<Range>): string => {
  let text = ""
  let at = 0
  for (const [start, end] of ranges) {
    const from = Math.max(start - offset, at)
    const to = Math.min(end - offset, part.length)
    if (to <= from) continue
    text += part.slice(at, from) + placeholder
    at = to
  }
  return text + part.slice(at)
}
