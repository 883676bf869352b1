/**
 * Received bytes that the connection cannot use yet, and backpressure on the peer.
 *
 * Above the look-ahead limit, the transport is paused, so that TCP slows the peer down and memory stays
 * bounded. Never parses, and never resumes the transport while another reason for backpressure remains.
 */
import type { Transport } from "../../seams/transport.js"
import { Slices } from "./slices.js"

/** Reason for backpressure: more bytes of the body being received wait than its limit permits. */
export const forBody = 1
/** Reason for backpressure: too many bytes of subsequent requests wait. */
export const forQueue = 2

/** The unread body of an earlier request. */
interface UnreadBody {
  /** Bytes not read yet. */
  readonly waiting: number
  /** Calls `read` once the waiting bytes have been read or dropped. */
  whenRead(read: () => void): void
}

export class Inflow {
  private readonly queue = new Slices()
  private heldFor = 0
  /** Reading despite backpressure, to notice FIN or RST. */
  probing = false
  private over = false

  /** `lookAhead`: bytes that may wait before the peer meets backpressure. */
  constructor(
    private readonly transport: Transport,
    private readonly lookAhead: number
  ) {}

  /** Bytes that wait. */
  get queued(): number {
    return this.queue.bytes
  }

  /** The transport is paused, or probed despite backpressure, so silence of the peer is caused by us. */
  get appliesBackpressure(): boolean {
    return this.heldFor !== 0
  }

  /** `body`: the body that precedes these bytes; its unread bytes count against the limit too. */
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

  /** Applies backpressure if bytes put back by `unshift` exceed the limit. */
  holdExcess(): void {
    if (this.queued > this.lookAhead) this.hold(forQueue)
  }

  /** Puts back the unused rest of a chunk. */
  unshift(chunk: Uint8Array): void {
    this.queue.unshift(chunk)
  }

  shift(): Uint8Array | undefined {
    const chunk = this.queue.shift()
    if (chunk === undefined) return undefined
    if (this.queued <= this.lookAhead) this.release(forQueue)
    return chunk
  }

  /** Takes all waiting bytes, for a new reader. Neither pauses nor resumes the transport. */
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
    this.probing = false
    this.transport.resume()
  }

  /**
   * Resumes reading despite backpressure until `probed` is called, because FIN and RST are noticed only while
   * reading.
   */
  probe(): void {
    if (this.heldFor === 0) return
    this.probing = true
    this.transport.resume()
  }

  probed(): void {
    this.probing = false
    this.transport.pause()
  }

  /** Drops waiting bytes, and ends backpressure for good. */
  end(): void {
    this.over = true
    this.queue.clear()
    this.heldFor = 0
    this.transport.resume()
  }
}
