/**
 * Finds the offsets of heads, chunks, body bytes and message ends in one direction of a connection.
 *
 * The parser is paused at every event, so the number of parsed bytes is the exact offset of the event. Never
 * changes or stores bytes.
 */
import type { ResponseParser } from "@httpfx/core/wire"
import {
  Body,
  everyFlag,
  RequestParser,
  type MessageEvents,
  type RequestHead,
  type ResponseHead
} from "@httpfx/core/wire"

/** Callbacks for the parts of messages. Each offset is a number of bytes from the start of the direction. */
export interface Places<H> {
  readonly head: (head: H, start: number, end: number) => void
  /**
   * Called for `length` bytes of content at offset `start`. `before` is the number of content bytes before
   * these bytes.
   */
  readonly data: (start: number, length: number, before: number) => void
  /**
   * Called for each chunk. `number` counts the chunks from 1. `end` is the offset after the line break that
   * ends the chunk.
   */
  readonly chunk: (number: number, end: number) => void
  readonly complete: (end: number) => void
}

type Event<H> =
  | { readonly kind: "head"; readonly head: H }
  | { readonly kind: "data"; readonly length: number }
  | { readonly kind: "complete" }

const huge = 0x7fffffff
// Accept as much as possible, because faults also act on messages that a server would refuse.
const lenient = {
  flags: everyFlag,
  limits: { maxHeaderSize: huge, maxTrailerSize: huge, maxChunkExtensionsSize: huge }
}

/**
 * Returns whether these bytes can begin a request. Bytes from the middle of a message, or of another
 * protocol, cannot begin a request.
 */
export const beginsRequest = (bytes: Uint8Array): boolean => {
  const parser = new RequestParser({ head: () => Body.Read, data: () => {}, complete: () => {} }, lenient)
  parser.execute(bytes)
  return parser.refusal === undefined
}

export class Tracker<H extends RequestHead | ResponseHead> {
  private readonly parser: RequestParser | ResponseParser
  private event: Event<H> | undefined
  private start: number | undefined
  private chunked = false
  private chunks = 0
  private content = 0
  /**
   * Offset of the possible end of a chunk's data. Only the next byte shows whether the chunk has ended there.
   */
  private dataEnd: number | undefined

  constructor(
    makeParser: (events: MessageEvents<H>, options: typeof lenient) => RequestParser | ResponseParser,
    bodyOf: (head: H) => Body,
    private readonly places: Places<H>
  ) {
    const paused = (event: Event<H>): void => {
      this.event = event
      this.parser.pause()
    }
    this.parser = makeParser(
      {
        head: (head) => {
          paused({ kind: "head", head })
          return bodyOf(head)
        },
        data: ({ length }) => paused({ kind: "data", length }),
        complete: () => paused({ kind: "complete" })
      },
      lenient
    )
  }

  /** Whether the parser has failed, so that the message boundaries are unknown. */
  get lost(): boolean {
    return this.parser.refusal !== undefined
  }

  feed(offset: number, bytes: Uint8Array): void {
    const { parser } = this
    let at = 0
    let event: Event<H> | undefined
    do {
      const left = bytes.length - at
      if (left > 0) this.start ??= offset + at
      const read = parser.execute(bytes.subarray(at, this.dataEnd === undefined ? bytes.length : at + 1))
      parser.resume()
      at += read
      event = this.take()
      if (this.dataEnd !== undefined && read > 0 && event?.kind !== "data") {
        this.places.chunk(++this.chunks, this.dataEnd + 2)
        this.dataEnd = undefined
      }
      if (event !== undefined) this.tell(event, offset + at)
    } while (!this.lost && !parser.stopped && (at < bytes.length || event !== undefined))
  }

  private take(): Event<H> | undefined {
    const { event } = this
    this.event = undefined
    return event
  }

  private tell(event: Event<H>, at: number): void {
    switch (event.kind) {
      case "head":
        this.chunked = event.head.chunked
        this.chunks = this.content = 0
        return this.places.head(event.head, this.start ?? at, at)
      case "data":
        this.places.data(at - event.length, event.length, this.content)
        this.content += event.length
        if (this.chunked) this.dataEnd = at
        return
      case "complete":
        this.start = undefined
        return this.places.complete(at)
    }
  }
}
