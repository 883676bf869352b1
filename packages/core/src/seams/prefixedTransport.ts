/**
 * A transport that first delivers bytes that were read from the transport below before it was passed on, such
 * as the bytes after a handshake. Never delivers data after `error`, `close`, `reset` or `abandon`.
 */
import { ForwardingTransport } from "./forwardingTransport.js"
import type { Transport, TransportHandlers } from "./transport.js"

/**
 * Base class for a transport that begins after a handshake. `below` must be paused, and stays paused until
 * `start`. Its events do not change otherwise.
 *
 * @since 0.1.0
 * @category models
 */
export class PrefixedTransport extends ForwardingTransport {
  private handlers: TransportHandlers | undefined
  private paused = false
  private over = false

  /**
   * `prefix` has the bytes to deliver first. `later` calls a function after the current call of the owner,
   * because `data` must not be called within a call of the owner.
   */
  constructor(
    below: Transport,
    private prefix: Uint8Array | undefined,
    private readonly later: (f: () => void) => void
  ) {
    super(below)
  }

  override start(handlers: TransportHandlers): void {
    const isFirst = this.handlers === undefined
    this.handlers = handlers
    super.start(this.prefix === undefined ? handlers : this.beforePrefix())
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

  private beforePrefix(): TransportHandlers {
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

  private readOn(): void {
    if (this.paused) return
    if (this.prefix === undefined) return super.resume()
    this.later(() => {
      const { prefix } = this
      if (this.paused || this.over) return
      this.prefix = undefined
      if (prefix !== undefined) this.handlers!.data(prefix)
      if (!this.paused && !this.over) super.resume()
    })
  }
}
