/**
 * Reading what nobody wants, so that an answer arrives: the RST that unread bytes cause would take it away
 * (RFC 9112 §9.6).
 *
 * Two uses: the rest of a request that was answered before it had arrived, after which the connection goes
 * on; and the end of a connection, after our FIN. Both are bounded in bytes and in time. Decides nothing
 * else.
 */
import type { Timers } from "../../seams/timers.js"
import { formatAddress } from "../../model/address.js"
import type { Closings } from "../../seams/closings.js"
import { abandon, type Transport } from "../../seams/transport.js"

/** Bytes of a peer that are read and thrown away. */
export const lingerBytes = 262_144
/** Milliseconds after which it has been enough. */
const lingerTime = 5_000
/**
 * The same for a connection that has been idle until its server went away: its answers have long arrived. A
 * client that never looks at an idle connection, as browsers do, must not hold up the end of a program.
 */
export const idleLingerTime = 500

/** The server that owns the connection. */
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
  /** After `end`: when to look next, and how often (ms); 0 before. */
  private due = 0
  private period = 0

  constructor(
    private readonly transport: Transport,
    private readonly server: LingerServer,
    /** How long output may wait for a peer that takes none of it, ms; 0: without limit. */
    private readonly patience: number
  ) {}

  /** The rest of a request. `tooMuch`: it did not end within bytes and time. */
  readOn(tooMuch: () => void): void {
    this.discarded = 0
    this.tooMuch = tooMuch
    const { timers } = this.server
    this.cancel = timers.at(timers.now() + lingerTime, tooMuch)
  }

  /**
   * After `end`: reads on as long as our output leaves, and a while longer. Then the connection is left to
   * the system, which may have much of the answer still to send.
   */
  toTheEnd(time = lingerTime): void {
    this.stop()
    this.discarded = 0
    this.leftToSend = this.transport.buffered
    this.movedAt = this.server.timers.now()
    this.period = time
    this.wait()
  }

  /** The server drains, so its shutdown now waits for this connection. */
  drains(): void {
    if (this.period === 0) return
    this.cancel?.()
    this.arm()
  }

  /** So many bytes came that nobody wants. */
  discard(bytes: number): void {
    this.discarded += bytes
    if (this.discarded <= lingerBytes) return
    if (this.tooMuch !== undefined) this.tooMuch()
    else if (this.transport.buffered > 0) this.transport.pause()
    else this.transport.reset()
  }

  /** Lets go of the timer. */
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
      this.cancel = timers.at(this.due, () => this.look(false))
      return
    }
    const { remote } = this.transport
    const peer = remote === undefined ? "a client" : formatAddress(remote)
    const bound = { name: `${peer}: has not closed its side (${this.period} ms)`, loses: this.loses }
    this.cancel = closings.at(timers, this.due, bound, this.look)
  }

  private readonly loses = (): string | undefined => {
    const { buffered } = this.transport
    return buffered === 0 ? undefined : `${buffered} bytes that it has not taken`
  }

  // `forced`: the clock stands still, so a peer that has not read the rest never will.
  private readonly look = (forced: boolean): void => {
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
