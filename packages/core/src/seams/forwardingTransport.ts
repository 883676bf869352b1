/**
 * A transport that forwards every call and every property to another transport. A subclass overrides only the
 * members that it changes, so no wrapper can forget a member.
 */
import type { Address } from "../model/address.js"
import type { TlsFacts } from "../model/tls.js"
import { abandon, isLost, type Transport, type TransportHandlers } from "./transport.js"

/**
 * Base class for a transport over another transport, such as a transport that records, delays or limits.
 *
 * @example
 * import { Transport } from "@httpfx/core"
 *
 * class Counted extends Transport.ForwardingTransport {
 *   written = 0
 *   override write(data: string | Uint8Array, body?: Uint8Array): boolean {
 *     this.written += data.length + (body?.length ?? 0)
 *     return super.write(data, body)
 *   }
 * }
 *
 * @since 0.1.0
 * @category models
 */
export class ForwardingTransport implements Transport {
  /** Creates a transport that forwards to `below`. */
  constructor(protected readonly below: Transport) {}

  get local(): Address | undefined {
    return this.below.local
  }
  get remote(): Address | undefined {
    return this.below.remote
  }
  get tls(): TlsFacts | undefined {
    return this.below.tls
  }
  get truncated(): boolean {
    return this.below.truncated === true
  }
  get bodyAlreadyRead(): string | undefined {
    return this.below.bodyAlreadyRead
  }
  get buffered(): number {
    return this.below.buffered
  }
  get writable(): boolean {
    return this.below.writable
  }

  start(handlers: TransportHandlers): void {
    this.below.start(handlers)
  }
  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    return this.below.write(data, body)
  }
  cork(): void {
    this.below.cork()
  }
  uncork(): void {
    this.below.uncork()
  }
  end(): void {
    this.below.end()
  }
  reset(): void {
    this.below.reset()
  }
  abandon(): void {
    abandon(this.below)
  }
  isLost(): boolean {
    return isLost(this.below)
  }
  pause(): void {
    this.below.pause()
  }
  resume(): void {
    this.below.resume()
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
