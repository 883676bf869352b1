/**
 * A connection after its PROXY header: the addresses are those of the header, and the bytes that came along
 * with the header are read first.
 *
 * The transport below must be paused. It stays paused until this transport is started.
 */
import type { Timers } from "../../Timers.js"
import { ForwardingTransport, type Address, type Transport, type TransportHandlers } from "../../Transport.js"

export class ProxiedTransport extends ForwardingTransport {
  private handlers: TransportHandlers | undefined
  private paused = false
  /** Whether the rest must not be delivered any more. */
  private over = false

  constructor(
    below: Transport,
    private readonly destination: Address | undefined,
    private readonly source: Address | undefined,
    private rest: Uint8Array | undefined,
    private readonly timers: Timers
  ) {
    super(below)
  }

  override get local(): Address | undefined {
    return this.destination
  }
  override get remote(): Address | undefined {
    return this.source
  }

  override start(handlers: TransportHandlers): void {
    const isFirst = this.handlers === undefined
    this.handlers = handlers
    this.below.start(this.rest === undefined ? handlers : this.beforeRest())
    if (isFirst) this.readOn()
  }

  override reset(): void {
    this.over = true
    super.reset()
  }
  override abandon(): void {
    this.over = true
    super.abandon()
  }
  override pause(): void {
    this.paused = true
    super.pause()
  }
  override resume(): void {
    this.paused = false
    if (this.handlers !== undefined) this.readOn()
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
