/**
 * A connection that has left HTTP: the transport as its new owner sees it (RFC 9110 §7.8, §9.3.6).
 *
 * Passes everything on, with one exception: on a server it pauses reading while writes wait, so a client that
 * sends and reads nothing meets backpressure even if the new owner ignores it. Its former owner learns what
 * moves, and can take it back.
 */
import type { Address } from "../../model/address.js"
import type { Fault } from "../../model/fault.js"
import type { TlsFacts } from "../../model/tls.js"
import type { Timers } from "../../seams/timers.js"
import { abandon, isLost, type Transport, type TransportHandlers } from "../../seams/transport.js"

/** Tells the former owner. */
export interface Watcher {
  received?(bytes: number): void
  sent?(bytes: number): void
  /** FIN has come. */
  ended?(): void
  failed?(fault: Fault): void
  /** Both directions are over. */
  closed(): void
}

export class HandedOver implements Transport {
  private handlers: TransportHandlers | undefined
  private paused = false
  private revoked = false
  /** Writes wait beyond the high-water mark, and nothing is read meanwhile. */
  private held = false

  /**
   * `below` must be paused. `holds`: pause reading while writes wait; only for servers, because two such ends
   * that both write first would block each other.
   */
  constructor(
    private readonly below: Transport,
    private readonly watcher: Watcher,
    private readonly timers: Timers,
    private readonly holds = false
  ) {}

  get local(): Address | undefined {
    return this.below.local
  }
  get remote(): Address | undefined {
    return this.below.remote
  }
  get tls(): TlsFacts | undefined {
    return this.below.tls
  }
  get buffered(): number {
    return this.below.buffered
  }
  get writable(): boolean {
    return !this.revoked && this.below.writable
  }

  start(handlers: TransportHandlers): void {
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
    if (!this.paused && !this.held && !this.revoked && this.handlers !== undefined) this.below.resume()
  }

  // A connection that cannot be written any more holds nobody back: what its peer sent last is still read.
  private hold(): void {
    if (this.held || this.below.buffered === 0 || !this.below.writable) return
    this.held = true
    this.below.pause()
  }

  private release(): void {
    if (!this.held) return
    this.held = false
    this.readOn()
  }

  /** The owner has it no longer. */
  revoke(): void {
    this.revoked = true
    this.handlers?.close()
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    if (this.revoked) return false
    if (this.below.writable) this.watcher.sent?.(data.length + (body?.length ?? 0))
    const more = this.below.write(data, body)
    if (!more && this.holds) this.hold()
    return more
  }
  cork(): void {
    if (!this.revoked) this.below.cork()
  }
  uncork(): void {
    if (!this.revoked) this.below.uncork()
  }
  end(): void {
    if (this.revoked) return
    this.below.end()
    // No `drain` is told from here on, and nothing more can be written that would have to wait.
    this.release()
  }
  reset(): void {
    if (!this.revoked) this.below.reset()
  }
  abandon(): void {
    if (!this.revoked) abandon(this.below)
  }
  isLost(): boolean {
    return isLost(this.below)
  }
  pause(): void {
    this.paused = true
    if (!this.revoked) this.below.pause()
  }
  resume(): void {
    this.paused = false
    this.readOn()
  }
  ref(): void {
    this.below.ref()
  }
  unref(): void {
    this.below.unref()
  }
  noDelay(enable: boolean): void {
    this.below.noDelay(enable)
  }
  keepAlive(enable: boolean, initialDelay: number): void {
    this.below.keepAlive(enable, initialDelay)
  }
}
