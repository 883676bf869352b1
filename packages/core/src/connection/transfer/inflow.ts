/**
 * Received bytes that the connection cannot use yet, and backpressure on the peer.
 *
 * Above the look-ahead limit, the transport is paused, so that TCP slows the peer down and memory stays
 * bounded. This class never parses, and never resumes the transport while a reason for backpressure remains.
 */
import type { Transport } from "../../seams/transport.js"
import { Slices } from "./slices.js"

/** The reason for backpressure if the body being received holds more unread bytes than its limit. */
export const forBody = 1
/** The reason for backpressure if too many bytes of subsequent requests wait. */
export const forQueue = 2

/** The body of the current request. Its bytes come before the bytes that wait in the `Inflow`. */
interface UnreadBody {
  /** Number of bytes not read yet. */
  readonly waiting: number
  /** Calls `read` when all waiting bytes have been read or dropped. */
  whenRead(read: () => void): void
}

export class Inflow {
  private readonly queue = new Slices()
  private heldFor = 0
  /** Whether the transport is read despite backpressure, to notice FIN or RST. */
  probing = false
  private over = false

  /** `lookAhead` is the number of bytes that may wait before the peer meets backpressure. */
  constructor(
    private readonly transport: Transport,
    private readonly lookAhead: number
  ) {}

  /** Number of bytes that wait. */
  get queued(): number {
    return this.queue.bytes
  }

  /**
   * Whether we apply backpressure, even if a probe reads at the moment. Our backpressure may explain why the
   * peer sends nothing.
   */
  get appliesBackpressure(): boolean {
    return this.heldFor !== 0
  }

  /** Adds a chunk to the waiting bytes. The unread bytes of `body` count against the limit too. */
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

  /**
   * Takes all waiting bytes, for the new owner of the transport. Neither pauses nor resumes the transport.
   */
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
