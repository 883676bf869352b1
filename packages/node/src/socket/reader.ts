/**
 * The read buffers of sockets. All connections read into one scratch buffer, and each read is copied to a
 * chunk of its own size: no 64 KiB allocation per read, and no memory held by an idle connection. A
 * connection in bulk (it fills the scratch buffer repeatedly) reads into larger buffers of its own, which are
 * handed over without a copy, until it slows down or stalls: half as many reads and wake-ups of the consumer.
 *
 * Never hands out bytes that a later read may overwrite, and never keeps a buffer for a stalled connection.
 */
import type * as net from "node:net"
import { exchangeBuffer, giveOnread, knowsBuffers, takesOnread } from "./fast/userBuffer.js"
import { clearTimeout, setTimeout } from "../time/realTime.js"

const scratchSize = 64 * 1024
const scratch = Buffer.allocUnsafeSlow(scratchSize)
// Together with the look-ahead of a connection this stays below 256 KiB.
const ownSize = 112 * 1024
// From this size on a read keeps its buffer; below it the buffer would pin over twice the received bytes.
const keptSize = ownSize / 2
// Two consecutive reads below this size end bulk mode.
const bulkSize = 16 * 1024
// Switch to bulk reads after 4 full scratch buffers; backpressure without bulk stays below that.
const bulkBytes = 4 * scratchSize

// ms: a connection silent for this long gives its buffer back.
const bulkPatience = 1000

/** Takes the bytes of one read and owns them. `false`: pause reading. */
export type Deliver = (chunk: Buffer) => boolean

export class Reader {
  /** The reading socket, once it exists. */
  socket: net.Socket | undefined
  deliver: Deliver | undefined
  private own = false
  private silence: NodeJS.Timeout | undefined
  private inARow = 0
  /** The last read was small. A single small read between large ones is just a remainder. */
  private small = false
  private next: Buffer | undefined = scratch
  /** Node documentation: net.Socket, `onread`. */
  readonly options: net.OnReadOpts = {
    // Called before the first and after every read; `undefined` keeps the buffer.
    buffer: (() => {
      const next = this.next
      this.next = undefined
      return next
    }) as () => Uint8Array,
    callback: (length, buffer) => {
      const { deliver } = this
      if (deliver === undefined) return true
      const more = deliver(this.take(length, buffer as Buffer))
      // Paused by backpressure: give the large buffer back.
      if (this.own && (!more || this.socket?.isPaused() === true)) this.shrink(scratch)
      return more
    }
  }

  private take(length: number, buffer: Buffer): Buffer {
    if (this.own) {
      this.silence?.refresh()
      if (length >= keptSize) {
        this.small = false
        this.next = Buffer.allocUnsafeSlow(ownSize)
        return buffer.subarray(0, length)
      }
      if (length >= bulkSize) this.small = false
      else if (this.small) this.shrink(scratch)
      else this.small = true
    } else if (length >= bulkSize) {
      this.small = false
      if ((this.inARow += length) >= bulkBytes && this.canGrow) this.grow()
    } else if (this.small) this.inARow = 0
    else this.small = true
    const chunk = Buffer.allocUnsafe(length)
    chunk.set(new Uint8Array(buffer.buffer, buffer.byteOffset, length), 0)
    return chunk
  }

  private get canGrow(): boolean {
    return this.socket !== undefined && knowsBuffers(this.socket)
  }

  private grow(): void {
    this.own = true
    this.next = Buffer.allocUnsafeSlow(ownSize)
    this.silence = setTimeout(() => this.stalled(), bulkPatience).unref()
  }

  private shrink(next: Buffer | undefined): void {
    this.own = false
    this.inARow = 0
    this.next = next
    clearTimeout(this.silence)
    this.silence = undefined
  }

  private stalled(): void {
    this.shrink(undefined)
    if (this.socket !== undefined) exchangeBuffer(this.socket, scratch)
  }

  /**
   * Takes over the reading of an existing socket, from the next read on. Returns `false`, with nothing
   * changed, for TLS, a socket with its own `onread`, or unknown internals of Node.
   */
  takeOver(socket: net.Socket, deliver: Deliver): boolean {
    if (!takesOnread(socket)) return false
    this.reads(socket, deliver)
    this.next = undefined
    giveOnread(socket, this.options, scratch)
    return true
  }

  /** Sets the socket that was made with `options`. */
  reads(socket: net.Socket, deliver: Deliver): void {
    this.socket = socket
    this.deliver = deliver
  }
}
