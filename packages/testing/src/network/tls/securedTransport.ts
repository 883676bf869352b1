/**
 * A transport after its TLS handshake. It first delivers the bytes that were received together with the end
 * of the handshake. After them it delivers the bytes of the inner transport.
 *
 * The inner transport stays paused until this transport is started.
 */
import {
  abandon,
  isLost,
  type Address,
  type TlsFacts,
  type Transport,
  type TransportHandlers
} from "@httpfx/core/Transport"
import { queueMicrotask } from "../../time/realTime.js"

export class SecuredTransport implements Transport {
  private started = false
  private paused = false
  private dropped = false
  private handlers: TransportHandlers | undefined

  constructor(
    private readonly below: Transport,
    private rest: Uint8Array | undefined,
    readonly tls: TlsFacts,
    private readonly requireCloseNotify: boolean
  ) {}

  get local(): Address | undefined {
    return this.below.local
  }
  get remote(): Address | undefined {
    return this.below.remote
  }
  get truncated(): boolean {
    return this.requireCloseNotify && this.below.truncated === true
  }
  get buffered(): number {
    return this.below.buffered
  }
  get writable(): boolean {
    return this.below.writable
  }

  start(handlers: TransportHandlers): void {
    this.handlers = handlers
    this.below.start(handlers)
    if (this.started) return
    this.started = true
    this.readOn()
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    return this.below.write(data, body)
  }
  end(): void {
    this.below.end()
  }
  reset(): void {
    this.dropped = true
    this.below.reset()
  }
  abandon(): void {
    this.dropped = true
    abandon(this.below)
  }
  isLost(): boolean {
    return isLost(this.below)
  }
  pause(): void {
    this.paused = true
    this.below.pause()
  }
  resume(): void {
    this.paused = false
    this.readOn()
  }
  cork(): void {
    this.below.cork()
  }
  uncork(): void {
    this.below.uncork()
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

  // Continues reading. Calls `data` in a microtask, because a call of `data` inside a call of the owner is
  // not allowed.
  private readOn(): void {
    if (!this.started) return
    if (this.rest === undefined) return this.below.resume()
    queueMicrotask(() => {
      if (this.paused || this.dropped) return
      const { rest } = this
      this.rest = undefined
      if (rest !== undefined) this.handlers?.data(rest)
      if (!this.paused) this.below.resume()
    })
  }
}
