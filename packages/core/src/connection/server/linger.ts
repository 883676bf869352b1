/**
 * Reads and discards input, so that the response reaches the client. If a connection is closed with unread
 * input, the system sends RST, and RST destroys the response (RFC 9112 §9.6).
 *
 * There are two uses. If the response is complete before the request, the rest of the request is discarded,
 * so that the connection can be reused. After our FIN, the connection lingers. Both uses are bounded in bytes
 * and time.
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
 * Maximum linger of a connection that was idle when its server closed, ms. The limit is short, because all
 * responses have arrived. A client that does not read from idle connections, such as a browser, must not
 * delay the end of the process.
 */
export const idleLingerTime = 500

/** The members of the server that lingering needs. */
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
  /** Time (ms) of the next check after our FIN; 0 if we have not sent FIN. */
  private due = 0
  /** Interval (ms) of the checks after our FIN; 0 if we have not sent FIN. */
  private period = 0

  constructor(
    private readonly transport: Transport,
    private readonly server: LingerServer,
    /** Time (ms) that buffered output may wait for a peer that reads nothing; 0 means no limit. */
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
   * Lingers after our FIN. Reads while buffered output is being sent, and for `time` ms longer. Then leaves
   * the connection to the operating system, which may still be sending the response.
   */
  toTheEnd(time = lingerTime): void {
    this.stop()
    this.discarded = 0
    this.leftToSend = this.transport.buffered
    this.movedAt = this.server.timers.now()
    this.period = time
    this.wait()
  }

  /** Sets the timer again when the server drains, so that the shutdown waits for this connection. */
  drains(): void {
    if (this.period === 0) return
    this.cancel?.()
    this.arm()
  }

  /**
   * Counts discarded bytes, and acts if their number exceeds `lingerBytes`. Before our FIN, calls the
   * callback that `readOn` got. After our FIN, pauses the transport if output waits, otherwise resets the
   * transport.
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

  // `forced` states whether the check runs early, because a virtual clock stands still. If `forced` is
  // `true`, the peer will never read the rest of the output.
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
