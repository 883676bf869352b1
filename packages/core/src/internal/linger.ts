/**
 * Reading what nobody wants, so that an answer arrives: the RST that unread bytes cause would take it away (RFC 9112 §9.6).
 *
 * Two uses: the rest of a request that was answered before it had arrived, after which the connection goes on; and the
 * end of a connection, after our FIN. Both are bounded in bytes and in time. Decides nothing else.
 */
import type { Timers } from "../Timers.js"
import type { Transport } from "../Transport.js"

/** Bytes of a peer that are read and thrown away. */
export const lingerBytes = 262_144
/** Milliseconds without progress after which it has been enough. */
const lingerTime = 5_000

export class Linger {
  private discarded = 0
  private leftToSend = 0
  private tooMuch: (() => void) | undefined
  private cancel: (() => void) | undefined

  constructor(
    private readonly transport: Transport,
    private readonly timers: Timers
  ) {}

  /** The rest of a request. `tooMuch`: it did not end within bytes and time. */
  readOn(tooMuch: () => void): void {
    this.discarded = 0
    this.tooMuch = tooMuch
    this.cancel = this.timers.at(this.timers.now() + lingerTime, tooMuch)
  }

  /** After FIN was sent: reads on as long as our output leaves; then the connection is reset. */
  toTheEnd(): void {
    this.stop()
    this.discarded = 0
    this.wait()
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
    this.cancel?.()
    this.cancel = undefined
  }

  private wait(): void {
    this.leftToSend = this.transport.buffered
    this.cancel = this.timers.at(this.timers.now() + lingerTime, () => {
      if (this.transport.buffered < this.leftToSend) this.wait()
      else this.transport.reset()
    })
  }
}
