/**
 * A `Transport` over any `stream.Duplex`. It remembers which events its owner (the user of the transport) has
 * received, so that a new owner gets the earlier events too. tcpTransport.ts extends this class for
 * `net.Socket`.
 *
 * Never throws. Never calls the owner from within a call by the owner. Keeps no handlers after `close`.
 */
import type { Duplex } from "node:stream"
import {
  fault,
  noHandlers,
  onlyClose,
  type Address,
  type Fault,
  type Transport,
  type TransportHandlers
} from "@httpfx/core/Transport"
import { latin1Of } from "./fast/latin1.js"
import { writeQueueOf } from "./fast/writeQueue.js"
import { faultOf } from "./fault.js"
import { resetStream } from "./reset.js"
import { nextTick } from "../time/realTime.js"

const owner = Symbol("httpfx.transport")

interface Owned extends Duplex {
  [owner]: StreamTransport
}

// All connections share these listeners, because a closure per event and connection would cost memory and
// time.
function onData(this: Owned, chunk: Uint8Array) {
  this[owner].handlers.data(chunk)
}
function onEnd(this: Owned) {
  this[owner].sawEnd()
}
function onDrain(this: Owned) {
  this[owner].handlers.drain()
}
function onError(this: Owned, error: Error) {
  this[owner].sawError(error)
}
function onClose(this: Owned) {
  this[owner].sawClose()
}

/** The members of `net.Socket` that a stream may have. */
export interface SocketMembers {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  readonly setNoDelay?: (enable: boolean) => unknown
  readonly setKeepAlive?: (enable: boolean, initialDelay: number) => unknown
  readonly ref?: () => unknown
  readonly unref?: () => unknown
}

const address = (hostname: string | undefined, port: number | undefined): Address | undefined =>
  hostname === undefined || port === undefined ? undefined : { _tag: "TcpAddress", hostname, port }

// Maximum size of a body that is copied behind the head, bytes. One plain write then sends both. For a larger
// body, a vectored write costs less than the copy.
const copyLimit = 16 * 1024
// Joins head and body to one chunk. A head that is a string is encoded as latin1.
const joined = (head: string | Uint8Array, body: Uint8Array): Uint8Array => {
  const bytes = Buffer.allocUnsafe(head.length + body.length)
  if (typeof head === "string") bytes.write(head, "latin1")
  else bytes.set(head, 0)
  bytes.set(body, head.length)
  return bytes
}

// Maximum size of a body that is appended to a text head as latin1 text, bytes. For larger bodies, joining
// bytes costs less.
const textLimit = 2 * 1024

export class StreamTransport implements Transport {
  handlers: TransportHandlers = noHandlers
  writable = true
  protected started = false
  private reading = false
  protected paused = false
  protected dropped = false
  protected closed = false
  /** Number of bytes in the write that the stream has in flight. 0 if unknown. */
  underWay = 0
  /** Whether FIN was received. */
  protected ended = false
  protected failure: Fault | undefined
  // Whether the current handlers have received `end` and `close`. `true` while no owner has started the
  // transport.
  private toldEnd = true
  private toldClose = true

  constructor(
    readonly stream: Duplex,
    private readonly addresses: {
      readonly local?: Address | undefined
      readonly remote?: Address | undefined
    } = {}
  ) {
    ;(stream as Owned)[owner] = this
    stream.on("end", onEnd)
    stream.on("drain", onDrain)
    stream.on("error", onError)
    stream.on("close", onClose)
    if (stream.destroyed) nextTick(() => this.sawClose())
  }

  get local(): Address | undefined {
    const socket = this.stream as SocketMembers
    return this.addresses.local ?? address(socket.localAddress, socket.localPort)
  }

  get remote(): Address | undefined {
    const socket = this.stream as SocketMembers
    return this.addresses.remote ?? address(socket.remoteAddress, socket.remotePort)
  }

  get buffered(): number {
    if (this.closed || this.dropped) return 0
    const { stream, underWay } = this
    if (underWay === 0) return stream.writableLength
    const left = writeQueueOf(this.writer) ?? underWay
    return stream.writableLength - underWay + Math.min(left, underWay)
  }

  start(handlers: TransportHandlers): void {
    this.handlers = this.dropped ? onlyClose(handlers) : handlers
    this.toldEnd = this.toldClose = false
    if (!this.started) {
      this.started = true
      if (!this.closed && !this.paused) this.read()
    }
    // Report earlier events to a new owner too. Use a later tick, because this call comes from the owner.
    if (this.ended || this.closed) nextTick(() => this.tell())
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    if (!this.writable) return false
    const stream = this.stream
    if (body !== undefined && body.length > 0) {
      if (body.length > copyLimit) {
        stream.cork()
        if (typeof data === "string") stream.write(data, "latin1")
        else stream.write(data)
        const more = stream.write(body)
        stream.uncork()
        return more
      }
      data = typeof data === "string" && body.length <= textLimit ? data + latin1Of(body) : joined(data, body)
    } else if (data.length === 0) return !stream.writableNeedDrain
    return typeof data === "string" ? stream.write(data, "latin1") : stream.write(data)
  }

  cork(): void {
    this.stream.cork()
  }

  uncork(): void {
    this.stream.uncork()
  }

  end(): void {
    if (!this.writable) return
    this.writable = false
    this.stream.end()
  }

  reset(): void {
    if (this.closed || this.dropped) return
    this.dropped = true
    this.writable = false
    this.handlers = onlyClose(this.handlers)
    this.destroyNow()
  }

  abandon(): void {
    if (this.closed || this.dropped) return
    this.dropped = true
    this.writable = false
    this.handlers = onlyClose(this.handlers)
    this.leave()
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    if (this.started && !this.closed) this.stream.pause()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    if (this.started && !this.closed) this.read()
    if (this.ended) nextTick(() => this.tell())
  }

  ref(): void {
    ;(this.stream as SocketMembers).ref?.()
  }

  unref(): void {
    ;(this.stream as SocketMembers).unref?.()
  }

  noDelay(enable: boolean): void {
    ;(this.stream as SocketMembers).setNoDelay?.(enable)
  }

  keepAlive(enable: boolean, initialDelay: number): void {
    ;(this.stream as SocketMembers).setKeepAlive?.(enable, initialDelay)
  }

  /**
   * Destroys the stream. Buffered writes are discarded. The peer receives FIN, or RST if received data is
   * still unread. No handler is called afterwards.
   */
  destroy(): void {
    this.dropped = true
    this.writable = false
    this.handlers = noHandlers
    this.stream.destroy()
  }

  /** Returns the stream for use by another owner (a TLS layer). No handler is called afterwards. */
  release(): Duplex {
    const stream = this.stream
    stream.off("data", onData)
    stream.off("end", onEnd)
    stream.off("drain", onDrain)
    stream.off("error", onError)
    stream.off("close", onClose)
    stream.on("error", () => {})
    this.handlers = noHandlers
    this.writable = false
    this.closed = true
    return stream
  }

  private read(): void {
    if (this.reading) this.stream.resume()
    else {
      this.reading = true
      this.beginReading()
    }
  }

  protected beginReading(): void {
    this.stream.on("data", onData)
    this.stream.resume()
  }

  /** The stream whose handle passes written bytes to the system. */
  protected get writer(): Duplex {
    return this.stream
  }

  /** Closes the connection, without RST if possible. */
  protected leave(): void {
    this.stream.destroy()
  }

  protected destroyNow(): void {
    resetStream(this.stream)
  }

  sawEnd(): void {
    this.ended = true
    this.tell()
  }

  sawError(error: Error): void {
    this.failure ??= faultOf(error, "read")
  }

  sawClose(): void {
    this.closed = true
    this.writable = false
    this.tell()
  }

  protected tell(): void {
    const handlers = this.handlers
    if (this.ended && !this.toldEnd && !this.paused) {
      this.toldEnd = true
      handlers.end()
    }
    // The `end` handler may have passed the transport to a new owner. The new owner gets `close` in a later
    // tick.
    if (!this.closed || this.toldClose || this.handlers !== handlers) return
    this.toldClose = true
    this.handlers = noHandlers
    // If other code destroyed the stream without an error, bytes may be missing, so report an error.
    const failure = this.failure ?? (this.ended || this.dropped ? undefined : fault("ECONNRESET", "read"))
    if (failure !== undefined) handlers.error(failure)
    handlers.close()
  }
}
