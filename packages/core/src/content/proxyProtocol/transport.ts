/**
 * A connection after its PROXY header: the addresses are those of the header, and the bytes that came along
 * with the header are read first.
 *
 * The transport below must be paused. It stays paused until this transport is started.
 */
import type { Timers } from "../../Timers.js"
import {
  abandon,
  isLost,
  isTruncated,
  type Address,
  type Transport,
  type TransportHandlers
} from "../../Transport.js"

export class ProxiedTransport implements Transport {
  private handlers: TransportHandlers | undefined
  private paused = false
  /** Whether the rest must not be delivered any more. */
  private over = false

  constructor(
    private readonly below: Transport,
    readonly local: Address | undefined,
    readonly remote: Address | undefined,
    private rest: Uint8Array | undefined,
    private readonly timers: Timers
  ) {}

  get buffered(): number {
    return this.below.buffered
  }
  get writable(): boolean {
    return this.below.writable
  }
  get tls() {
    return this.below.tls
  }
  get truncated(): boolean {
    return isTruncated(this.below)
  }

  start(handlers: TransportHandlers): void {
    const isFirst = this.handlers === undefined
    this.handlers = handlers
    this.below.start(this.rest === undefined ? handlers : this.beforeRest())
    if (isFirst) this.readOn()
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
    this.over = true
    this.below.reset()
  }
  abandon(): void {
    this.over = true
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
    if (this.handlers !== undefined) this.readOn()
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

  // No data is delivered after `error` and `close`.
  private beforeRest(): TransportHandlers {
    return {
      data: (chunk) => this.handlers!.data(chunk),
      end: () => this.handlers!.end(),
      drain: () => this.handlers!.drain(),
      error: (fault) => {
        this.over = true
        this.handlers!.error(fault)
      },
      close: () => {
        this.over = true
        this.handlers!.close()
      }
    }
  }

  // Reads on in another turn, because `data` must not be called inside a call of the owner.
  private readOn(): void {
    if (this.paused) return
    if (this.rest === undefined) return this.below.resume()
    this.timers.turn(() => {
      const { rest } = this
      if (this.paused || this.over) return
      this.rest = undefined
      if (rest !== undefined) this.handlers!.data(rest)
      if (!this.paused && !this.over) this.below.resume()
    })
  }
}
