/**
 * One scripted end of a connection. It records received bytes with their times, and sends bytes on command.
 *
 * Uses only our transports and not our parsers, so that a bug of a parser cannot hide itself.
 */
import * as Effect from "effect/Effect"
import type { Transport } from "@httpfx/core/Transport"

/** A received message: its head, its body without framing, and the time of its last byte. */
export interface Message {
  readonly head: string
  readonly body: string
  readonly at: number
}

const lengthIn = /\r\ncontent-length: *(\d+)\r\n/i
const chunkedIn = /\r\ntransfer-encoding: *chunked\r\n/i

/**
 * Returns the body at the start of `text`, and the number of its characters. Returns `undefined` if the body
 * is incomplete.
 */
const bodyOf = (head: string, text: string): readonly [body: string, taken: number] | undefined => {
  if (chunkedIn.test(head)) {
    let body = ""
    let at = 0
    for (;;) {
      const line = text.indexOf("\r\n", at)
      if (line < 0) return undefined
      const size = parseInt(text.slice(at, line), 16)
      const end = line + 2 + size + 2
      if (size === 0) {
        // If a chunked body has trailers, an empty line ends them.
        const last = text.indexOf("\r\n\r\n", line)
        return last < 0 ? undefined : [body, last + 4]
      }
      if (text.length < end) return undefined
      body += text.slice(line + 2, line + 2 + size)
      at = end
    }
  }
  const length = Number(lengthIn.exec(head)?.[1] ?? 0)
  return text.length < length ? undefined : [text.slice(0, length), length]
}

export class Wire {
  /** The received bytes that are not consumed yet, with one character per byte. */
  text = ""
  /** The numbers of received and of sent bytes. */
  received = 0
  sent = 0
  /** Time at which the last byte was received, ms. */
  lastAt = 0
  /** Time of FIN or of the end of the connection, ms. */
  endedAt: number | undefined = undefined
  /** Code of the failure that ended the connection. */
  failed: string | undefined = undefined
  private readonly waiting = new Set<() => void>()

  constructor(
    readonly transport: Transport,
    private readonly now: () => number
  ) {
    transport.start({
      data: (chunk) => {
        this.text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1")
        this.received += chunk.length
        this.lastAt = now()
        this.changed()
      },
      end: () => this.over(),
      drain: () => {},
      error: ({ code }) => {
        this.failed = code
        this.over()
      },
      close: () => this.over()
    })
  }

  get ended(): boolean {
    return this.endedAt !== undefined
  }

  private over(): void {
    this.endedAt ??= this.now()
    this.changed()
  }

  private changed(): void {
    for (const look of [...this.waiting]) look()
  }

  /** Sends bytes, or a text with one character per byte. */
  send(data: string | Uint8Array): void {
    this.sent += data.length
    this.transport.write(typeof data === "string" ? Buffer.from(data, "latin1") : data)
  }

  /** Waits until the condition holds. It is checked whenever bytes arrive and when the connection ends. */
  until(holds: () => boolean): Effect.Effect<void> {
    return Effect.async((resume) => {
      const look = () => {
        if (!holds()) return
        this.waiting.delete(look)
        resume(Effect.void)
      }
      this.waiting.add(look)
      look()
      return Effect.sync(() => this.waiting.delete(look))
    })
  }

  /** Waits for this many bytes and consumes them. Returns fewer bytes if the connection ends. */
  take(length: number): Effect.Effect<string> {
    return Effect.map(
      this.until(() => this.text.length >= length || this.ended),
      () => this.cut(length)
    )
  }

  /** Waits for the next head. `undefined` if the connection ends first. */
  get head(): Effect.Effect<string | undefined> {
    return Effect.map(
      this.until(() => this.text.includes("\r\n\r\n") || this.ended),
      () => {
        const end = this.text.indexOf("\r\n\r\n")
        return end < 0 ? undefined : this.cut(end + 4)
      }
    )
  }

  /** Waits for the next complete message. `undefined` if the connection ends first. */
  get message(): Effect.Effect<Message | undefined> {
    return Effect.flatMap(this.head, (head) => {
      if (head === undefined) return Effect.succeed(undefined)
      const whole = () => bodyOf(head, this.text)
      return Effect.map(
        this.until(() => whole() !== undefined || this.ended),
        () => {
          const found = whole()
          if (found === undefined) return undefined
          this.cut(found[1])
          return { head, body: found[0], at: this.lastAt }
        }
      )
    })
  }

  private cut(length: number): string {
    const taken = this.text.slice(0, length)
    this.text = this.text.slice(length)
    return taken
  }
}
