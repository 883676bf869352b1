/**
 * A connection that has left HTTP: the transport as its new owner sees it (RFC 9110 §7.8, §9.3.6).
 *
 * Passes everything on and changes nothing. It tells the server when the connection is over, and can be taken back: who
 * still waits on it then learns that it is closed.
 */
import type { Address, TlsFacts, Transport, TransportHandlers } from "../Transport.js"

export class HandedOver implements Transport {
  private handlers: TransportHandlers | undefined
  private paused = false
  private revoked = false

  /** The transport given must be paused. `closed` is called once both directions are over. */
  constructor(
    private readonly below: Transport,
    private readonly closed: () => void
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
    if (this.revoked) return queueMicrotask(() => handlers.close())
    this.handlers = handlers
    this.below.start({
      data: (chunk) => handlers.data(chunk),
      end: () => handlers.end(),
      drain: () => handlers.drain(),
      error: (fault) => handlers.error(fault),
      close: () => {
        this.closed()
        handlers.close()
      }
    })
    if (!this.paused) this.below.resume()
  }

  /** The owner has it no longer. */
  revoke(): void {
    this.revoked = true
    this.handlers?.close()
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    return !this.revoked && this.below.write(data, body)
  }
  cork(): void {
    if (!this.revoked) this.below.cork()
  }
  uncork(): void {
    if (!this.revoked) this.below.uncork()
  }
  end(): void {
    if (!this.revoked) this.below.end()
  }
  reset(): void {
    if (!this.revoked) this.below.reset()
  }
  pause(): void {
    this.paused = true
    if (!this.revoked) this.below.pause()
  }
  resume(): void {
    this.paused = false
    if (!this.revoked && this.handlers !== undefined) this.below.resume()
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
