/**
 * Prints a recording as text. Each line shows sender, time and bytes. For snapshots, placeholders replace
 * values that differ from run to run. If bytes are left out, their number is printed.
 */
import { formatAddress, type Address } from "@httpfx/core/Transport"
import { parse, type Piece } from "./parse.js"
import type { Recording, TapEvent } from "./transport.js"
import { hideSecrets, type FindSecrets } from "./secrets.js"
import { escape, excerpt, textOf } from "./wireText.js"

export interface PrintOptions {
  /** Time from which the printed times are counted. */
  readonly origin: number
  readonly times: boolean
  /** Maximum number of characters printed for each piece of a body. */
  readonly bodyLimit: number
  readonly stable: boolean
  readonly redact: ReadonlyArray<readonly [pattern: RegExp, replacement: string]>
  /** Finds the secrets to redact, even secrets that span segments. Default: nothing is redacted. */
  readonly secrets?: FindSecrets | undefined
}

// The system assigns the ports from this number on, so they differ from run to run.
const firstEphemeral = 32768

/**
 * Placeholders for values that differ from run to run. Equal values get the same placeholder in all
 * recordings.
 */
export class Placeholders {
  private readonly known = new Map<string, string>()
  private readonly counts = new Map<string, number>()

  of(kind: string, value: string): string {
    const key = `${kind} ${value}`
    let name = this.known.get(key)
    if (name === undefined) {
      const count = (this.counts.get(kind) ?? 0) + 1
      this.counts.set(kind, count)
      this.known.set(key, (name = `<${kind}-${count}>`))
    }
    return name
  }

  /**
   * Replaces values in the fields of a head. These values are Date (RFC 9110 §6.6.1), W3C trace context, B3,
   * multipart boundaries, and ports in URLs and Host.
   */
  head(text: string): string {
    return text
      .replace(/^(date:[ \t]*)[^\r\n]*/gim, "$1<date>")
      .replace(
        /^(traceparent:[ \t]*\w\w-)(\w{32})-(\w{16})/gim,
        (_, name: string, trace: string, span: string) =>
          `${name}${this.of("trace", trace)}-${this.of("span", span)}`
      )
      .replace(
        /^(b3:[ \t]*)(\w{16,32})-(\w{16})((?:-\w)?)((?:-\w{16})?)/gim,
        (_, name: string, trace: string, span: string, flag: string, parent: string) =>
          `${name}${this.of("trace", trace)}-${this.of("span", span)}${flag}${
            parent === "" ? "" : `-${this.of("span", parent.slice(1))}`
          }`
      )
      .replace(
        /^(x-b3-(trace|span|parentspan)id:[ \t]*)(\w+)/gim,
        (_, name: string, kind: string, id: string) =>
          `${name}${this.of(kind.toLowerCase() === "trace" ? "trace" : "span", id)}`
      )
      .replace(
        /^(content-type:[ \t]*multipart\/[^\r\n]*?boundary=)("?)([^"\r\n;]+)("?)/gim,
        (_, before: string, open: string, boundary: string, close: string) =>
          `${before}${open}${this.of("boundary", boundary)}${close}`
      )
      .replace(
        /^((?:host|location|origin|referer):[^\r\n]*?):(\d{5})(?=[/\r\n]|$)/gim,
        (all, before, port) => (Number(port) < firstEphemeral ? (all as string) : `${before as string}:*`)
      )
  }

  body(text: string): string {
    let replaced = text
    for (const [key, name] of this.known) {
      if (key.startsWith("boundary ")) replaced = replaced.replaceAll(key.slice("boundary ".length), name)
    }
    return replaced
  }
}

const portless = (address: Address): string => {
  const text = formatAddress(address)
  return address._tag === "TcpAddress" && address.port >= firstEphemeral ? text.replace(/\d+$/, "*") : text
}

const addressOf = (address: Address | undefined, stable: boolean) =>
  address === undefined ? "?" : stable ? portless(address) : formatAddress(address)

interface Merged {
  readonly piece: Piece
  size: number
  text: string
}

/**
 * Merges adjacent pieces of the same kind, sender and time, because readers do not need the boundaries of
 * segments.
 */
const merge = (pieces: ReadonlyArray<Piece>, show: (piece: Piece) => string): Array<Merged> => {
  const merged: Array<Merged> = []
  for (const piece of pieces) {
    const last = merged.at(-1)
    const { at, bytes, from, kind } = piece
    if (last !== undefined && last.piece.kind === kind && last.piece.from === from && last.piece.at === at) {
      last.text += show(piece)
      last.size += bytes.length
    } else merged.push({ piece, size: bytes.length, text: show(piece) })
  }
  return merged
}

interface Line {
  readonly event: number
  readonly at: number
  readonly arrow: string
  readonly text: string
}

const noteOf = (event: TapEvent): string | undefined => {
  switch (event._tag) {
    case "Bytes":
    case "Close":
      return undefined
    case "End":
      return "[FIN]"
    case "Reset":
      return "[RST]"
    case "Skipped":
      return `[${event.bytes} bytes more]`
    case "Fault":
      return `[${event.fault.message}]`
    case "Secured":
      return "[inside TLS from here]"
  }
}

const arrows = { client: ">", server: "<" } as const

const pieceLines = (
  { piece: { at, event, from, kind }, size, text }: Merged,
  names: Placeholders,
  { bodyLimit, redact, stable }: PrintOptions
): Array<Line> => {
  const arrow = arrows[from]
  let shown = text
  if (stable) shown = kind === "head" ? names.head(text) : names.body(text)
  for (const [pattern, replacement] of redact) shown = shown.replace(pattern, replacement)
  if (kind === "body" || kind === "raw") {
    return [{ at, event, arrow, text: `(${size} bytes) ${excerpt(shown, bodyLimit)}` }]
  }
  return shown.split(/(?<=\n)/).map((line) => ({ at, event, arrow, text: escape(line) }))
}

/** Prints the recording. Each line of a head and each piece of a body has its own line. */
export const printRecording = (recording: Recording, names: Placeholders, options: PrintOptions): string => {
  const { client, events, id, server, side } = recording
  const { pieces, refusals } = parse(recording)
  const notes: Array<Line> = refusals.map(({ event, from, refusal }) => {
    const text = `[not HTTP: ${refusal.code}: ${refusal.reason}]`
    return { at: events[event]!.at, event, arrow: arrows[from], text }
  })
  events.forEach((event, index) => {
    const text = noteOf(event)
    const arrow = "from" in event ? arrows[event.from] : "*"
    if (text !== undefined) notes.push({ at: event.at, event: index, arrow, text })
  })
  const { secrets } = options
  const hidden = secrets === undefined ? undefined : hideSecrets(pieces, events, secrets)
  const show = (piece: Piece) => hidden?.get(piece) ?? textOf(piece.bytes)
  const lines = [...merge(pieces, show).flatMap((piece) => pieceLines(piece, names, options)), ...notes]
  lines.sort((a, b) => a.event - b.event)
  const { stable } = options
  const ends = `${addressOf(client, stable)} > ${addressOf(server, stable)}`
  const text = [`connection ${id}: ${ends} (${side}'s end)`]
  let last: number | undefined
  for (const { arrow, at, text: line } of lines) {
    const time = at === last ? "" : `+${at - options.origin} ms`
    last = at
    text.push(`${options.times ? time.padEnd(12) : " "} ${arrow} ${line}`)
  }
  return text.join("\n")
}
