/** Runs our parser on a case. */
import { type Flags, type Head, type Refusal, RequestParser, ResponseParser } from "@httpfx/core/wire"
import { answer, type Case, type Ending, Log, type Outcome } from "./outcome.js"

export interface OurOutcome extends Outcome {
  readonly refusal: Refusal | undefined
}

/** Parses a case with our parser. The chunks are Buffers, or Uint8Arrays if `plain` is `true`. */
export const runOurs = (input: Case, flags: Flags, plain = false): OurOutcome => {
  const log = new Log()
  const seen = (head: Head, start: string): number => {
    const result = answer(input.answering, head.upgrade, log.heads)
    log.head({
      _tag: "Head",
      start,
      version: `${head.versionMajor}.${head.versionMinor}`,
      rawHeaders: head.rawHeaders,
      upgrade: head.upgrade,
      keepAlive: head.keepAlive
    })
    return result
  }
  const rest = {
    data: (slice: Uint8Array) => log.data(Buffer.from(slice).toString("latin1")),
    complete: (rawTrailers: ReadonlyArray<string>) => log.complete(rawTrailers)
  }
  const limits = { maxHeaderSize: input.maxHeaderSize, maxHeaderCount: 0 }
  const parser =
    input.role === "request"
      ? new RequestParser(
          { head: (head) => seen(head, `${head.method} ${head.target}`), ...rest },
          { flags, limits }
        )
      : new ResponseParser(
          { head: (head) => seen(head, `${head.status} ${head.statusMessage}`), ...rest },
          { flags, limits }
        )
  const ending = feed(parser, input, plain)
  return { events: log.events, ending, refusal: parser.refusal }
}

const feed = (parser: RequestParser | ResponseParser, input: Case, plain: boolean): Ending => {
  let from = 0
  for (const to of input.cuts) {
    const piece = input.bytes.subarray(from, to)
    const consumed = parser.execute(plain ? new Uint8Array(piece) : piece)
    if (parser.refusal !== undefined) return refused(parser.refusal, from)
    if (parser.stopped) return { _tag: "Stopped", consumed: from + consumed }
    if (consumed !== piece.length) throw new Error(`consumed ${consumed} of ${piece.length} without a reason`)
    from = to
  }
  const refusal = parser.finish()
  return refusal === undefined ? { _tag: "Open", silent: false } : refused(refusal, from)
}

const refused = (refusal: Refusal, from: number): Ending => {
  if (refusal.offset !== from + refusal.bytesParsed) {
    throw new Error(`offset ${refusal.offset} is not ${from} + ${refusal.bytesParsed}`)
  }
  return { _tag: "Refused", code: refusal.code, reason: refusal.reason, offset: refusal.offset }
}
