/**
 * The `Transport` over a socket of `Bun.listen` or `Bun.connect`.
 *
 * Bun reports a reset even while a socket is paused, and delivers the received bytes first. The transport
 * holds these events back until its owner (the user of the transport) reads again. It reports them
 * immediately if the owner waits for a write, because nothing else would wake that owner.
 *
 * Never throws. Never calls the owner from within a call by the owner. Bun itself calls back from within
 * `terminate`, so the close of a connection is reported in a later tick.
 */
import type { Address, Fault, Transport, TransportHandlers } from "@httpfx/core/Transport"
import { fault, noHandlers, onlyClose } from "@httpfx/core/Transport"
import { nextTick } from "../../time/realTime.js"
import type { BunSocket, Receiver } from "./api.js"

export interface Addresses {
  readonly local?: Address | undefined
  readonly remote?: Address | undefined
}

const tcp = (hostname: string | undefined, port: number | undefined): Address | undefined =>
  hostname === undefined || port === undefined ? undefined : { _tag: "TcpAddress", hostname, port }

// Maximum size of buffers that are joined to one write, bytes. Copying this many bytes costs less than a
// second system call.
const joinLimit = 64 * 1024
// Maximum number of bytes that wait while the transport is corked. At this number, `write` returns `false`.
const corkLimit = 64 * 1024

// A buffer for bytes that are written. All connections share it, because Bun keeps no reference to it.
const scratch = Buffer.allocUnsafeSlow(joinLimit)

export class BunTransport implements Transport, Receiver {
  protected handlers: TransportHandlers = noHandlers
  writable = true
  private started = false
  private paused = false
  /** Whether `reset` or `abandon` was called. */
  private dropped = false
  private closed = false
  private ended = false
  private failure: Fault | undefined
  /** Whether the connection ended with an error. */
  private lost = false
  /** Whether a lost connection must be reported although the owner does not read. */
  private urgent = false
  /** Whether bytes were written after the peer's FIN. */
  private wroteAfterEnd = false
  // Whether the current handlers have received `end` and `close`.
  private toldEnd = true
  private toldClose = true
  /** Whether reading of the socket was stopped. */
  private halted = false
  /** Received bytes that were not delivered, because the owner does not read. */
  private inbox: Array<Uint8Array> | undefined
  /** Bytes that the system has not accepted yet. */
  private outbox: Array<Uint8Array> | undefined
  private waiting = 0
  private corked = 0
  private owesDrain = false
  private ending = false
  readonly local: Address | undefined
  readonly remote: Address | undefined

  constructor(
    readonly socket: BunSocket,
    addresses: Addresses | undefined
  ) {
    // Read the addresses now, because the socket forgets them when it closes.
    this.local = addresses?.local ?? tcp(socket.localAddress, socket.localPort)
    this.remote = addresses?.remote ?? tcp(socket.remoteAddress, socket.remotePort)
  }

  /** Whether an owner has started the transport. */
  get isStarted(): boolean {
    return this.started
  }

  get buffered(): number {
    return this.writable || this.ending ? this.waiting : 0
  }

  start(handlers: TransportHandlers): void {
    this.handlers = this.dropped ? onlyClose(handlers) : handlers
    this.toldEnd = this.toldClose = false
    this.started = true
    this.read()
    // Report earlier events to a new owner too. Use a later tick, because this call comes from the owner.
    if (this.ended || this.closed) nextTick(() => this.tell())
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    if (!this.writable) {
      if (this.lost) this.hurry()
      return false
    }
    const more = body === undefined || body.length === 0 ? this.send(data) : this.sendBoth(data, body)
    return more && this.writable
  }

  private sendBoth(head: string | Uint8Array, body: Uint8Array): boolean {
    const length = head.length + body.length
    if (length > joinLimit || this.waits) {
      const more = this.send(head)
      return this.send(body) && more
    }
    if (typeof head === "string") scratch.write(head, "latin1")
    else scratch.set(head)
    scratch.set(body, head.length)
    return this.sendScratch(length)
  }

  private send(data: string | Uint8Array): boolean {
    const { length } = data
    if (length === 0) return !this.owesDrain
    if (typeof data === "string") {
      if (length > joinLimit || this.waits) return this.send(Buffer.from(data, "latin1"))
      scratch.write(data, "latin1")
      return this.sendScratch(length)
    }
    if (this.waits) return this.queue(data)
    const sent = this.push(data, length)
    return sent === length || (sent >= 0 && this.queue(data.subarray(sent)))
  }

  /** Sends the first bytes of the scratch buffer. No other bytes may be waiting. */
  private sendScratch(length: number): boolean {
    const sent = this.push(scratch, length)
    return (
      sent === length || (sent >= 0 && this.queue(Uint8Array.prototype.slice.call(scratch, sent, length)))
    )
  }

  /** Whether new bytes must wait, for earlier bytes or for `uncork`. */
  private get waits(): boolean {
    return this.corked > 0 || this.outbox !== undefined
  }

  private queue(bytes: Uint8Array): boolean {
    if (!this.writable) return false
    ;(this.outbox ??= []).push(bytes)
    this.waiting += bytes.length
    if (this.corked > 0 && this.waiting < corkLimit) return true
    this.owesDrain = true
    return false
  }

  /**
   * Writes bytes to the socket. Returns the number of bytes that the system has accepted, or -1 if the
   * connection is lost.
   */
  private push(bytes: Uint8Array, length: number): number {
    if (!this.writable && !this.ending) return -1
    if (this.ended) this.wroteAfterEnd = true
    const sent = this.socket.write(bytes, 0, length)
    if (sent < 0) this.writeFailed()
    return sent
  }

  // Called when a write fails because the connection was reset. Bun then reports the close without an error.
  private writeFailed(): void {
    this.writable = false
    this.failure ??= fault(this.ended ? "EPIPE" : "ECONNRESET", "write")
    this.lost = true
    this.discard()
    this.hurry()
  }

  /**
   * Reports a lost connection soon, even if the owner does not read. An owner that reads gets the received
   * bytes first.
   */
  private hurry(): void {
    this.urgent = true
    if (!this.started) return
    if (this.closed) nextTick(() => this.tell())
    else if (this.paused) nextTick(() => this.socket.terminate())
  }

  private discard(): void {
    this.outbox = undefined
    this.waiting = 0
    this.owesDrain = false
  }

  /** Sends the waiting bytes. Returns whether all of them were sent. */
  private flush(): boolean {
    const { outbox } = this
    if (outbox === undefined) return true
    while (outbox.length > 0) {
      let size = outbox[0]!.length
      let count = 1
      while (count < outbox.length && size + outbox[count]!.length <= joinLimit)
        size += outbox[count++]!.length
      const next = count === 1 ? outbox[0]! : Buffer.concat(outbox.slice(0, count), size)
      const sent = this.push(next, size)
      if (sent < 0) return false
      this.waiting -= sent
      if (sent < size) {
        outbox.splice(0, count, next.subarray(sent))
        return false
      }
      outbox.splice(0, count)
    }
    this.outbox = undefined
    if (this.ending) this.socket.shutdown()
    return true
  }

  cork(): void {
    if (this.writable) this.corked++
  }

  uncork(): void {
    if (this.corked === 0 || --this.corked > 0) return
    if (this.flush() && this.owesDrain) nextTick(() => this.drained())
  }

  private drained(): void {
    if (!this.owesDrain || this.outbox !== undefined || !this.writable) return
    this.owesDrain = false
    this.handlers.drain()
  }

  end(): void {
    if (!this.writable) return
    this.writable = false
    this.ending = true
    this.corked = 0
    if (this.outbox === undefined) this.socket.shutdown()
    else this.flush()
  }

  reset(): void {
    this.drop(() => this.terminate())
  }

  abandon(): void {
    this.drop(() => this.socket.end())
  }

  /** Closes the connection with RST. */
  protected terminate(): void {
    this.socket.terminate()
  }

  private drop(close: () => void): void {
    if (this.dropped || (this.closed && this.toldClose && this.started)) return
    this.dropped = true
    this.writable = this.ending = false
    this.handlers = onlyClose(this.handlers)
    this.inbox = undefined
    this.discard()
    if (this.closed) nextTick(() => this.tell())
    else close()
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    this.halt()
    // Report the failure now, because nothing else would wake an owner that waits for `drain`.
    if (this.lost && this.failure?.syscall === "write") this.hurry()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.read()
    if (this.ended || this.closed) nextTick(() => this.tell())
  }

  /** Stops reading. Also called for a connection whose owner has not started it yet. */
  halt(): void {
    if (this.halted || this.closed) return
    this.halted = true
    this.socket.pause()
  }

  private read(): void {
    if (this.paused || !this.started) return
    if (this.inbox !== undefined) return nextTick(() => this.tell())
    if (!this.halted) return
    this.halted = false
    if (!this.closed) this.socket.resume()
  }

  isLost(): boolean {
    return this.lost
  }

  ref(): void {
    if (!this.closed) this.socket.ref()
  }

  unref(): void {
    if (!this.closed) this.socket.unref()
  }

  noDelay(enable: boolean): void {
    if (!this.closed) this.socket.setNoDelay(enable)
  }

  keepAlive(enable: boolean, initialDelay: number): void {
    if (!this.closed) this.socket.setKeepAlive(enable, initialDelay)
  }

  /**
   * Passes the socket to a TLS layer, and ignores its events from then on. Returns `undefined` if the socket
   * has closed or has received bytes.
   */
  release(): BunSocket | undefined {
    if (this.closed || this.dropped || this.started || this.inbox !== undefined) return undefined
    this.dropped = true
    this.writable = false
    return this.socket
  }

  // ---- events of the socket

  sawData(chunk: Uint8Array): void {
    if (this.dropped) return
    if (this.paused || !this.started || this.inbox !== undefined) (this.inbox ??= []).push(chunk)
    else this.handlers.data(chunk)
  }

  sawDrain(): void {
    if (this.outbox === undefined || this.corked > 0) return
    if (this.flush()) this.drained()
  }

  sawEnd(): void {
    // After a failed write, Bun reports the lost connection as the end of the data.
    if (this.failure !== undefined) return this.socket.terminate()
    this.ended = true
    this.tell()
  }

  /** Stores the failure, which is reported when the socket closes. */
  protected failed(failure: Fault): void {
    this.failure ??= failure
    this.lost = true
  }

  sawError(error: Error): void {
    // A handler of the owner has thrown, and Bun has caught the error. Throw the error again, outside of
    // Bun's call.
    nextTick(() => {
      throw error
    })
  }

  sawClose(error: Error | undefined): void {
    if (this.closed) return
    this.closed = true
    this.writable = this.ending = false
    if (!this.dropped) this.closedBy(error as NodeJS.ErrnoException | undefined)
    this.discard()
    nextTick(() => this.tell())
  }

  private closedBy(error: NodeJS.ErrnoException | undefined): void {
    if (error === undefined) {
      // Bun emits no `end` if both sides have sent FIN.
      if (this.failure === undefined) this.ended = true
      return
    }
    this.lost = true
    if (this.waiting > 0) this.urgent = true
    // A reset after the peer's FIN matters only if it discarded bytes that we sent.
    if (this.ended && !this.wroteAfterEnd && this.waiting === 0) return
    const code = error.code ?? "ECONNRESET"
    this.failure ??= fault(code, code === "EPIPE" ? "write" : "read", { cause: error })
  }

  /** Calls the current handlers for the events that they have not received, in order. */
  protected tell(): void {
    if (!this.started) return
    if (!this.dropped) {
      const waits = this.paused && !(this.closed && this.urgent)
      if (!this.deliver() || waits) return
      const { handlers } = this
      if (this.ended && !this.toldEnd && !this.paused) {
        this.toldEnd = true
        handlers.end()
      }
      // The handler may have passed the transport to a new owner, which gets `close` in a later tick.
      if (this.handlers !== handlers || (this.paused && !this.urgent)) return
    }
    if (!this.closed || this.toldClose) return
    const { handlers } = this
    this.toldClose = true
    this.handlers = noHandlers
    if (this.failure !== undefined && !this.dropped) handlers.error(this.failure)
    handlers.close()
  }

  /** Delivers the held bytes while the owner reads. Returns `false` if the owner has reset the connection. */
  private deliver(): boolean {
    while (this.inbox !== undefined && !this.paused) {
      const chunk = this.inbox.shift()
      if (chunk !== undefined) this.handlers.data(chunk)
      else this.inbox = undefined
    }
    if (this.dropped) return false
    if (!this.paused) this.read()
    return true
  }
}
