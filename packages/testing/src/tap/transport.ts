/**
 * A transport that records the events at one end of a connection.
 *
 * Every call and callback is passed on immediately and unchanged. Chunks are recorded without a copy, because
 * a chunk must not be changed after its write or read (Transport.ts). Never parses the bytes.
 */
import type { Timers } from "@httpfx/core/Timers"
import {
  ForwardingTransport,
  type Address,
  type Fault,
  type Transport,
  type TransportHandlers
} from "@httpfx/core/Transport"

/**
 * One of the two ends of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export type Side = "client" | "server"

/**
 * An event at the recorded end. `at` is the time in milliseconds since the epoch. `from` is the sender, and
 * `data` contains its bytes. `fault` is the error that this end reported. `bytes` is the number of bytes that
 * were not stored.
 *
 * @since 0.1.0
 * @category models
 */
export type TapEvent =
  | { readonly _tag: "Bytes"; readonly at: number; readonly from: Side; readonly data: string | Uint8Array }
  /**
   * Bytes that were counted but not stored, because the limit (`Options.limit` of the wiretap) was reached.
   */
  | { readonly _tag: "Skipped"; readonly at: number; readonly from: Side; readonly bytes: number }
  /** This end sent or read FIN. */
  | { readonly _tag: "End"; readonly at: number; readonly from: Side }
  /** This end reset the connection. */
  | { readonly _tag: "Reset"; readonly at: number; readonly from: Side }
  /** The connection failed at this end. */
  | { readonly _tag: "Fault"; readonly at: number; readonly fault: Fault }
  | { readonly _tag: "Close"; readonly at: number }
  /** The TLS handshake is complete. Later bytes are recorded decrypted. */
  | { readonly _tag: "Secured"; readonly at: number }

/**
 * The recording of a connection at one of its ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recording {
  /** Number of the recording, from 1. Each side has its own numbers. */
  readonly id: number
  /** The end that was recorded. */
  readonly side: Side
  /** Address of the end that connected. */
  readonly client: Address | undefined
  /** Address of the end that accepted the connection. */
  readonly server: Address | undefined
  /** Time at which the connection was opened, in milliseconds since the epoch. */
  readonly opened: number
  /** The events. The oldest is the first. The list grows while the connection is open. */
  readonly events: Array<TapEvent>
}

/** A recording with its free space. `room` is the number of bytes of each sender that may still be stored. */
export interface Kept extends Recording {
  /**
   * Difference between the wall time and the monotonic time when the connection was opened, in milliseconds.
   */
  readonly ahead: number
  readonly room: { client: number; server: number }
}

export class TapTransport extends ForwardingTransport {
  private readonly peer: Side

  constructor(
    inner: Transport,
    readonly recording: Kept,
    private readonly timers: Timers
  ) {
    super(inner)
    this.peer = recording.side === "client" ? "server" : "client"
  }

  /** The transport that is recorded. */
  get inner(): Transport {
    return this.below
  }

  override start(handlers: TransportHandlers): void {
    const { events } = this.recording
    const from = this.peer
    const now = () => this.now()
    super.start({
      data: (chunk) => {
        this.passed(from, chunk)
        handlers.data(chunk)
      },
      end() {
        events.push({ _tag: "End", at: now(), from })
        handlers.end()
      },
      drain: () => handlers.drain(),
      error(fault) {
        events.push({ _tag: "Fault", at: now(), fault })
        handlers.error(fault)
      },
      close() {
        events.push({ _tag: "Close", at: now() })
        handlers.close()
      }
    })
  }

  override write(data: string | Uint8Array, body?: Uint8Array): boolean {
    if (this.writable) {
      this.passed(this.recording.side, data)
      if (body !== undefined) this.passed(this.recording.side, body)
    }
    return super.write(data, body)
  }

  override end(): void {
    if (this.writable) this.record("End")
    super.end()
  }

  override reset(): void {
    this.gaveUp()
    super.reset()
  }

  override abandon(): void {
    this.gaveUp()
    super.abandon()
  }

  // Returns the wall time of the opening plus the monotonic time since then, so that later events never have
  // earlier times.
  private now(): number {
    return Math.round(this.timers.now() + this.recording.ahead)
  }

  private passed(from: Side, data: string | Uint8Array): void {
    const { length } = data
    if (length === 0) return
    const { events, room } = this.recording
    const at = this.now()
    const kept = Math.min(room[from], length)
    room[from] -= kept
    if (kept === length) return void events.push({ _tag: "Bytes", at, from, data })
    if (kept > 0) events.push({ _tag: "Bytes", at, from, data: data.slice(0, kept) })
    const last = events.at(-1)
    const bytes = length - kept
    if (last?._tag === "Skipped" && last.from === from)
      events[events.length - 1] = { ...last, bytes: last.bytes + bytes }
    else events.push({ _tag: "Skipped", at, from, bytes })
  }

  private gaveUp(): void {
    const last = this.recording.events.at(-1)?._tag
    if (last !== "Close" && last !== "Reset") this.record("Reset")
  }

  private record(_tag: "End" | "Reset"): void {
    const { events, side } = this.recording
    events.push({ _tag, at: this.now(), from: side })
  }
}
