/**
 * Records the events of the parser for a stream as lines: every head and end of a message with its number of
 * consumed bytes, the text of the body, and the ending. The numbers are known because the parser is paused in
 * the callbacks.
 */
import {
  Body,
  type Flags,
  type Head,
  type Limits,
  type Refusal,
  RequestParser,
  ResponseParser
} from "@httpfx/core/wire"
import { escape } from "./text.js"

/**
 * The replies to heads: always the same reply, `stop` only if the head has an upgrade, or read and skip
 * alternately.
 */
export type Answers = "read" | "skip" | "stop" | "turns" | "stop-all"

export interface Setup {
  readonly role: "request" | "response"
  readonly answers: Answers
  readonly flags: Flags
  readonly limits: Partial<Limits>
}

export interface Run {
  readonly lines: ReadonlyArray<string>
  readonly refusal: Refusal | undefined
  /** Number of bytes consumed when the last message was complete; 0 if no message was complete. */
  readonly completeAt: number
  /** Whether the end of the stream has completed the last message. */
  readonly completedByEnd: boolean
}

const answer = (answers: Answers, upgrade: boolean, index: number): number => {
  switch (answers) {
    case "read":
      return Body.Read
    case "skip":
      return Body.Skip
    case "stop":
      return upgrade ? Body.Stop : Body.Read
    case "stop-all":
      return Body.Stop
    case "turns":
      return index % 2 === 0 ? Body.Read : Body.Skip
  }
}

const fields = (raw: ReadonlyArray<string>): string => {
  let lines = ""
  for (let k = 0; k < raw.length; k += 2) lines += `\n  ${escape(raw[k]!)}: ${escape(raw[k + 1]!)}`.trimEnd()
  return lines
}

const facts = (head: Head): string =>
  (head.keepAlive ? " keep-alive" : " close") +
  (head.upgrade ? " upgrade" : "") +
  (head.contentLength === undefined ? "" : ` length=${head.contentLength}`) +
  (head.chunked ? " chunked" : "")

const version = (head: Head): string => `${head.versionMajor}.${head.versionMinor}`

const showRefusal = (refusal: Refusal): string =>
  `refused ${refusal.code} @${refusal.offset} status=${refusal.status}` +
  (refusal.flag === undefined ? "" : ` flag=${refusal.flag}`)

/**
 * Parses a stream in chunks that end at `cuts`. With `plain`, the chunks are Uint8Arrays instead of Buffers,
 * and `parser.rest()` is called after each chunk. With `ends`, the stream ends after the last chunk.
 */
export const run = (
  setup: Setup,
  bytes: Uint8Array,
  cuts: ReadonlyArray<number>,
  plain = false,
  ends = true
): Run => {
  const lines: Array<string> = []
  let data: string | undefined
  let open: ((at: number) => string) | undefined
  let heads = 0
  let completeAt = 0
  let completedByEnd = false
  const flushData = (): void => {
    if (data !== undefined) lines.push(`data "${escape(data)}"`)
    data = undefined
  }
  const event = (show: (at: number) => string): void => {
    flushData()
    open = show
    parser.pause()
  }
  const rest = {
    data: (slice: Uint8Array): void => {
      data = (data ?? "") + Buffer.from(slice).toString("latin1")
    },
    complete: (raw: ReadonlyArray<string>): void => event((at) => `complete @${at}${fields(raw)}`)
  }
  const head = (h: Head, start: string): number => {
    event((at) => `head @${at} ${start}${facts(h)}${fields(h.rawHeaders)}`)
    return answer(setup.answers, h.upgrade, heads++)
  }
  const parser =
    setup.role === "request"
      ? new RequestParser(
          { head: (h) => head(h, `${h.method} "${escape(h.target)}" HTTP/${version(h)}`), ...rest },
          setup
        )
      : new ResponseParser(
          { head: (h) => head(h, `HTTP/${version(h)} ${h.status} "${escape(h.statusMessage)}"`), ...rest },
          setup
        )
  const settle = (at: number): void => {
    if (open === undefined) return
    const line = open(at)
    open = undefined
    if (line.startsWith("complete")) completeAt = at
    lines.push(line)
    parser.resume()
  }
  const ending = (): string => {
    let from = 0
    for (const to of cuts) {
      for (;;) {
        const part = bytes.subarray(from, to)
        from += parser.execute(plain ? new Uint8Array(part) : part)
        const wasPaused = parser.paused
        settle(from)
        if (parser.refusal !== undefined) return showRefusal(parser.refusal)
        if (parser.stopped) return `stopped @${from}`
        // `rest` may be called in any state, and must not change the following events.
        if (plain) parser.rest()
        if (!wasPaused) break
      }
      if (from !== to) throw new Error(`${from} bytes taken of ${to}, without a reason`)
    }
    if (!ends) return `open ${parser.phase}`
    const refusal = parser.finish()
    completedByEnd = open !== undefined
    settle(from)
    return refusal === undefined ? `end ${parser.phase}` : showRefusal(refusal)
  }
  const last = ending()
  flushData()
  lines.push(last)
  return {
    lines: lines.flatMap((line) => line.split("\n")),
    refusal: parser.refusal,
    completeAt,
    completedByEnd
  }
}

const overflow = /^(refused HPE_(?:HEADER|CHUNK_EXTENSIONS)_OVERFLOW) @(\d+)(.*)$/

/** Returns whether the stream was refused because a text was too long. */
export const overflows = (lines: ReadonlyArray<string>): boolean => overflow.test(lines.at(-1)!)

const refused = /^refused \S+ @(\d+)/

/**
 * Returns `lines` with the refusal of the whole stream, if the refusal in `lines` is an overflow at or before
 * the same position.
 *
 * As in Node's parser, a text is counted at its end or at the end of its chunk. With smaller chunks, an
 * overflow is therefore found earlier, possibly before another fault in the same text.
 */
export const settled = (
  lines: ReadonlyArray<string>,
  whole: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const at = overflow.exec(lines.at(-1)!)?.[2]
  const place = refused.exec(whole.at(-1)!)?.[1]
  if (at === undefined || place === undefined || Number(at) > Number(place)) return lines
  return [...lines.slice(0, -1), whole.at(-1)!]
}
