/**
 * A transport after its TLS handshake. It first delivers the bytes that were received together with the end
 * of the handshake. After them it delivers the bytes of the inner transport.
 *
 * The inner transport stays paused until this transport is started.
 */
import {
  ForwardingTransport,
  type TlsFacts,
  type Transport,
  type TransportHandlers
} from "@httpfx/core/Transport"
import { queueMicrotask } from "../../time/realTime.js"

export class SecuredTransport extends ForwardingTransport {
  private started = false
  private paused = false
  private dropped = false
  private handlers: TransportHandlers | undefined

  constructor(
    below: Transport,
    private rest: Uint8Array | undefined,
    private readonly session: TlsFacts,
    private readonly requireCloseNotify: boolean
  ) {
    super(below)
  }

  override get tls(): TlsFacts {
    return this.session
  }
  override get truncated(): boolean {
    return this.requireCloseNotify && super.truncated
  }

  override start(handlers: TransportHandlers): void {
    this.handlers = handlers
    super.start(handlers)
    if (this.started) return
    this.started = true
    this.readOn()
  }

  override reset(): void {
    this.dropped = true
    super.reset()
  }
  override abandon(): void {
    this.dropped = true
    super.abandon()
  }
  override pause(): void {
    this.paused = true
    super.pause()
  }
  override resume(): void {
    this.paused = false
    this.readOn()
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
