/**
 * Reads and discards input so that a response arrives: if a connection is closed with unread input, the
 * system sends RST, and RST destroys the response (RFC 9112 §9.6).
 *
 * There are two uses: discarding the rest of a request whose response is already complete, so that the
 * connection can be reused; and lingering after our FIN. Both are bounded in bytes and time.
 */
import type { Timers } from "../../seams/timers.js"
import { formatAddress } from "../../model/address.js"
import type { Closings } from "../../seams/closings.js"
import { abandon, type Transport } from "../../seams/transport.js"

/** Maximum number of bytes read and discarded. */
export const lingerBytes = 262_144
/** Maximum linger after our FIN, ms. */
const lingerTime = 5_000
/**
 * Maximum linger of a connection that was idle when its server closed, ms. Its responses have long arrived,
 * and clients that do not read from idle connections, such as browsers, must not delay the end of the
 * process.
 */
export const idleLingerTime = 500

/** The server of the connection. */
export interface LingerServer {
  readonly timers: Timers
  readonly closings: Closings
  readonly draining: boolean
}

export class Linger {
  private discarded = 0
  private leftToSend = 0
  private movedAt = 0
  private tooMuch: (() => void) | undefined
  private cancel: (() => void) | undefined
  /** Time of the next check and interval of checks, ms; both are 0 until `toTheEnd` is called. */
  private due = 0
  private period = 0

  constructor(
    private readonly transport: Transport,
    private readonly server: LingerServer,
    /** How long buffered output may wait for a peer that reads nothing, ms; 0: no limit. */
    private readonly patience: number
  ) {}

  /**
   * Starts to discard the rest of a request. Calls `tooMuch` if the rest exceeds `lingerBytes` or takes
   * longer than `lingerTime`.
   */
  readOn(tooMuch: () => void): void {
    this.discarded = 0
    this.tooMuch = tooMuch
    const { timers } = this.server
    this.cancel = timers.at(timers.now() + lingerTime, tooMuch)
  }

  /**
   * Lingers after our FIN: reads while buffered output is being sent, and for `time` ms longer. Then abandons
   * the connection to the system, which may still have much of the response to send.
   */
  toTheEnd(time = lingerTime): void {
    this.stop()
    this.discarded = 0
    this.leftToSend = this.transport.buffered
    this.movedAt = this.server.timers.now()
    this.period = time
    this.wait()
  }

  /** Called when the server drains: sets the timer again, so that the shutdown waits for this connection. */
  drains(): void {
    if (this.period === 0) return
    this.cancel?.()
    this.arm()
  }

  /**
   * Counts discarded bytes. Beyond `lingerBytes`, calls `tooMuch`; while lingering, pauses the transport if
   * output waits, and resets it otherwise.
   */
  discard(bytes: number): void {
    this.discarded += bytes
    if (this.discarded <= lingerBytes) return
    if (this.tooMuch !== undefined) this.tooMuch()
    else if (this.transport.buffered > 0) this.transport.pause()
    else this.transport.reset()
  }

  /** Cancels the timer. */
  stop(): void {
    this.tooMuch = undefined
    this.period = 0
    this.cancel?.()
    this.cancel = undefined
  }

  private wait(): void {
    this.due = this.server.timers.now() + this.period
    this.arm()
  }

  private arm(): void {
    const { closings, draining, timers } = this.server
    if (!draining) {
      this.cancel = timers.at(this.due, () => this.check(false))
      return
    }
    const { remote } = this.transport
    const peer = remote === undefined ? "a client" : formatAddress(remote)
    const bound = { name: `${peer}: has not closed its side (${this.period} ms)`, loses: this.loses }
    this.cancel = closings.at(timers, this.due, bound, this.check)
  }

  private readonly loses = (): string | undefined => {
    const { buffered } = this.transport
    return buffered === 0 ? undefined : `${buffered} unsent bytes`
  }

  // `forced`: the virtual clock does not advance, so a peer that has not read the rest will never read it.
  private readonly check = (forced: boolean): void => {
    const { transport } = this
    const now = this.server.timers.now()
    const left = transport.buffered
    if (left < this.leftToSend) this.movedAt = now
    else if (left === 0) return abandon(transport)
    else if (forced || (this.patience > 0 && now - this.movedAt >= this.patience)) return transport.reset()
    this.leftToSend = left
    this.wait()
  }
}
