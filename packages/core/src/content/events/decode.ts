/**
 * Parses an event stream (HTML standard §9.2.6): it takes bytes and returns messages. It searches for line
 * ends in bytes, not in text, so that limits are exact and chunks may split a character.
 *
 * Buffers at most one unfinished line and the data of one event, each up to its limit.
 */
import { EventTooLarge } from "../../HttpError.js"

/**
 * A message of an event stream. Its members are named as in the DOM's `MessageEvent`, except `event`, which
 * is `type` there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message {
  /** The type of the event. Default `message`. */
  readonly event: string
  /** The lines of the event's data, joined by line feeds. */
  readonly data: string
  /**
   * The last id that the stream set, with this event or with an earlier one. Empty if the stream set no id.
   */
  readonly lastEventId: string
}

/** Maximum sizes in bytes. Line ends do not count. */
export interface DecodeLimits {
  readonly maxLineSize: number
  readonly maxEventSize: number
}

const LF = 10
const CR = 13
const COLON = 58
const bom = [0xef, 0xbb, 0xbf]

// We remove the byte order mark at the start of the stream. At the start of a later line it is a normal
// character.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const empty = new Uint8Array(0)

// The capacity, in bytes, up to which the line buffer is reused. A larger buffer is dropped after its line.
const maxKept = 65_536

export class EventDecoder {
  /** The reconnection time that the stream has set, ms. */
  retry: number | undefined = undefined
  /** Holds the beginning of a line whose end has not arrived, in its first `restSize` bytes. */
  private rest = empty
  private restSize = 0
  private afterCarriageReturn = false
  private atStart = true
  private event = ""
  private data: Array<string> = []
  private dataSize = 0
  private id: string

  constructor(
    private readonly limits: DecodeLimits,
    /** The last event id that the stream had set before this response began. */
    public lastEventId = ""
  ) {
    this.id = lastEventId
  }

  /** Parses `bytes`, and appends each message that becomes complete to `into`. */
  push(bytes: Uint8Array, into: Array<Message>): EventTooLarge | undefined {
    let start = 0
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!
      if (byte !== LF && byte !== CR) {
        this.afterCarriageReturn = false
        continue
      }
      if (byte === LF && this.afterCarriageReturn) {
        this.afterCarriageReturn = false
        start = i + 1
        continue
      }
      this.afterCarriageReturn = byte === CR
      const tooLarge = this.lineEnd(bytes, start, i, into)
      if (tooLarge !== undefined) return tooLarge
      start = i + 1
    }
    return start === bytes.length ? undefined : this.keep(bytes, start, bytes.length)
  }

  /** Copies the beginning of a line, because a view of it would hold the whole chunk in memory. */
  private keep(bytes: Uint8Array, start: number, end: number): EventTooLarge | undefined {
    const size = this.restSize + end - start
    const { maxLineSize } = this.limits
    if (size > maxLineSize) return new EventTooLarge({ option: "maxLineSize", limit: maxLineSize })
    if (size > this.rest.length) {
      const larger = new Uint8Array(Math.min(Math.max(2 * this.rest.length, size), maxLineSize))
      larger.set(this.rest.subarray(0, this.restSize))
      this.rest = larger
    }
    this.rest.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.restSize)
    this.restSize = size
    return undefined
  }

  private lineEnd(bytes: Uint8Array, start: number, end: number, into: Array<Message>) {
    if (this.restSize === 0) {
      const { maxLineSize } = this.limits
      if (end - start > maxLineSize) return new EventTooLarge({ option: "maxLineSize", limit: maxLineSize })
      return this.line(bytes.subarray(start, end), into)
    }
    const tooLarge = this.keep(bytes, start, end)
    if (tooLarge !== undefined) return tooLarge
    const line = this.rest.subarray(0, this.restSize)
    this.restSize = 0
    if (this.rest.length > maxKept) this.rest = empty
    return this.line(line, into)
  }

  private line(line: Uint8Array, into: Array<Message>): EventTooLarge | undefined {
    if (this.atStart) {
      this.atStart = false
      if (bom.every((byte, i) => line[i] === byte)) return this.line(line.subarray(3), into)
    }
    if (line.length === 0) {
      this.dispatch(into)
      return undefined
    }
    const colon = line.indexOf(COLON)
    if (colon === 0) return undefined
    const name = decoder.decode(colon < 0 ? line : line.subarray(0, colon))
    const from = colon < 0 ? line.length : line[colon + 1] === 32 ? colon + 2 : colon + 1
    return this.field(name, line.subarray(from))
  }

  private field(name: string, value: Uint8Array): EventTooLarge | undefined {
    if (name === "data") {
      // Count the line feed that joins lines, so that the number of empty lines is limited, too.
      this.dataSize += value.length + 1
      const { maxEventSize } = this.limits
      if (this.dataSize - 1 > maxEventSize)
        return new EventTooLarge({ option: "maxEventSize", limit: maxEventSize })
      this.data.push(decoder.decode(value))
    } else if (name === "event") {
      this.event = decoder.decode(value)
    } else if (name === "id") {
      if (!value.includes(0)) this.id = decoder.decode(value)
    } else if (name === "retry" && value.length > 0 && value.every((byte) => byte >= 48 && byte <= 57)) {
      this.retry = Number(decoder.decode(value))
    }
    return undefined
  }

  private dispatch(into: Array<Message>): void {
    const { data, event, id } = this
    this.lastEventId = id
    this.event = ""
    if (data.length === 0) return
    this.data = []
    this.dataSize = 0
    into.push({ event: event === "" ? "message" : event, data: data.join("\n"), lastEventId: id })
  }
}
