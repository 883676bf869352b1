/**
 * What a connection has received and cannot use yet, and the holding back of a peer that sends more than
 * that.
 *
 * Bounds what one connection keeps: past the look-ahead the transport is paused, and TCP holds the peer back.
 * Parses nothing, and never resumes a transport for one reason while another still holds it.
 */
import type { Transport } from "../../seams/transport.js"
import { Slices } from "./slices.js"

/** The body that arrives has more than its reader has asked for. */
export const forBody = 1
/** More has come of the requests that follow than may wait. */
export const forQueue = 2

/** Of a body that has arrived. */
interface UnreadBody {
  /** Bytes that nobody has read. */
  readonly waiting: number
  /** Calls once these have been read, or thrown away. */
  whenRead(read: () => void): void
}

export class Inflow {
  private readonly queue = new Slices()
  private heldFor = 0
  /** Although the peer is held back, some more is read. */
  looking = false
  private over = false

  /** `lookAhead`: bytes that may wait before the peer is held back. */
  constructor(
    private readonly transport: Transport,
    private readonly lookAhead: number
  ) {}

  /** Bytes that wait. */
  get queued(): number {
    return this.queue.bytes
  }

  /** The peer is held back: that nothing comes is our doing. */
  get held(): boolean {
    return this.heldFor !== 0
  }

  /** `body`: the one before these bytes; what of it nobody has read counts as well. */
  push(chunk: Uint8Array, body?: UnreadBody): void {
    this.queue.push(chunk)
    if (this.queued > this.lookAhead) this.hold(forQueue)
    else if (body !== undefined && this.queued + body.waiting > this.lookAhead) {
      this.hold(forQueue)
      body.whenRead(() => {
        if (this.queued <= this.lookAhead) this.release(forQueue)
      })
    }
  }

  /** What was given back may be too much by itself. */
  holdExcess(): void {
    if (this.queued > this.lookAhead) this.hold(forQueue)
  }

  /** Gives back what of a chunk could not be used. */
  unshift(chunk: Uint8Array): void {
    this.queue.unshift(chunk)
  }

  shift(): Uint8Array | undefined {
    const chunk = this.queue.shift()
    if (chunk === undefined) return undefined
    if (this.queued <= this.lookAhead) this.release(forQueue)
    return chunk
  }

  /** All that waits, for whoever reads on; the transport is left as it is. */
  takeAll(): Uint8Array {
    this.over = true
    this.heldFor = 0
    return this.queue.takeJoined()
  }

  hold(reason: number): void {
    if (this.over) return
    if (this.heldFor === 0) this.transport.pause()
    this.heldFor |= reason
  }

  release(reason: number): void {
    if ((this.heldFor & reason) === 0) return
    this.heldFor &= ~reason
    if (this.heldFor !== 0) return
    this.looking = false
    this.transport.resume()
  }

  /** Reads on although the peer is held back, until `looked`: FIN and RST are told only to who reads. */
  look(): void {
    if (this.heldFor === 0) return
    this.looking = true
    this.transport.resume()
  }

  looked(): void {
    this.looking = false
    this.transport.pause()
  }

  /** Nothing more will be used: what waits is dropped, and nobody holds the peer back any more. */
  end(): void {
    this.over = true
    this.queue.clear()
    this.heldFor = 0
    this.transport.resume()
  }
}
