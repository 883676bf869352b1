/**
 * The transport that the new owner of a connection gets when the connection leaves HTTP (RFC 9110 §7.8,
 * §9.3.6).
 *
 * This class forwards the calls of the new owner and the events of the transport below. On a server, reading
 * also pauses while writes wait. A client that sends without reading thus meets backpressure, even if the new
 * owner ignores backpressure. The former owner observes the traffic, and can revoke the transport.
 */
import type { Fault } from "../../model/fault.js"
import type { Timers } from "../../seams/timers.js"
import { ForwardingTransport } from "../../seams/forwardingTransport.js"
import type { Transport, TransportHandlers } from "../../seams/transport.js"

/** Observer of a handed-over connection, for its former owner. */
export interface Watcher {
  received?(bytes: number): void
  sent?(bytes: number): void
  /** Called when FIN was received. */
  ended?(): void
  failed?(fault: Fault): void
  /** Called when both directions are closed. */
  closed(): void
}

export class HandedOver extends ForwardingTransport {
  private handlers: TransportHandlers | undefined
  private paused = false
  private revoked = false
  /** Whether reading is paused because writes wait above the high-water mark. */
  private pausedForWrites = false

  /**
   * `below` must be paused. `holds` states whether reading pauses while writes wait. Only servers set
   * `holds`, because two peers with `holds` would deadlock if both wrote before they read.
   */
  constructor(
    below: Transport,
    private readonly watcher: Watcher,
    private readonly timers: Timers,
    private readonly holds = false
  ) {
    super(below)
  }

  override get writable(): boolean {
    return !this.revoked && this.below.writable
  }

  override start(handlers: TransportHandlers): void {
    if (this.revoked) return this.timers.turn(() => handlers.close())
    this.handlers = handlers
    const { watcher } = this
    this.below.start({
      data: (chunk) => {
        watcher.received?.(chunk.length)
        handlers.data(chunk)
      },
      end: () => {
        watcher.ended?.()
        handlers.end()
      },
      drain: () => {
        this.release()
        handlers.drain()
      },
      error: (fault) => {
        watcher.failed?.(fault)
        handlers.error(fault)
      },
      close: () => {
        watcher.closed()
        handlers.close()
      }
    })
    this.readOn()
  }

  private readOn(): void {
    if (!this.paused && !this.pausedForWrites && !this.revoked && this.handlers !== undefined)
      this.below.resume()
  }

  // Pauses reading until `drain`. A transport that is no longer writable never calls `drain`, so its reading
  // goes on and the peer's last bytes arrive.
  private hold(): void {
    if (this.pausedForWrites || this.below.buffered === 0 || !this.below.writable) return
    this.pausedForWrites = true
    this.below.pause()
  }

  private release(): void {
    if (!this.pausedForWrites) return
    this.pausedForWrites = false
    this.readOn()
  }

  /** Takes the transport away from the new owner, whose handlers get `close`. */
  revoke(): void {
    this.revoked = true
    this.handlers?.close()
  }

  override write(data: string | Uint8Array, body?: Uint8Array): boolean {
    if (this.revoked) return false
    if (this.below.writable) this.watcher.sent?.(data.length + (body?.length ?? 0))
    const more = this.below.write(data, body)
    if (!more && this.holds) this.hold()
    return more
  }
  override cork(): void {
    if (!this.revoked) this.below.cork()
  }
  override uncork(): void {
    if (!this.revoked) this.below.uncork()
  }
  override end(): void {
    if (this.revoked) return
    this.below.end()
    // Resume reading now, because no `drain` and no write follows after `end`.
    this.release()
  }
  override reset(): void {
    if (!this.revoked) this.below.reset()
  }
  override abandon(): void {
    if (!this.revoked) super.abandon()
  }
  override pause(): void {
    this.paused = true
    if (!this.revoked) this.below.pause()
  }
  override resume(): void {
    this.paused = false
    this.readOn()
  }
}
