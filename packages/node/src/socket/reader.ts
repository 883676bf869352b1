/**
 * Manages the read buffers of sockets. All connections read into one scratch buffer, and the bytes of each
 * read are copied to a chunk of exactly their size. This avoids a 64 KiB allocation per read, and an idle
 * connection has no buffer.
 *
 * A connection that fills the scratch buffer repeatedly switches to bulk mode. In bulk mode the connection
 * reads into larger buffers of its own. The consumer gets these buffers without a copy, and the connection
 * needs half as many reads and wake-ups. Bulk mode ends when the connection slows down or stalls.
 *
 * Never passes on bytes that a later read may overwrite, and never keeps a buffer for a stalled connection.
 */
import type * as net from "node:net"
import { exchangeBuffer, giveOnread, knowsBuffers, takesOnread } from "./fast/userBuffer.js"
import { clearTimeout, setTimeout } from "../time/realTime.js"

const scratchSize = 64 * 1024
const scratch = Buffer.allocUnsafeSlow(scratchSize)
// Size of a bulk buffer, bytes. A bulk buffer and the buffered bytes of further requests (look-ahead) of a
// connection together stay below 256 KiB.
const ownSize = 112 * 1024
// Minimum size of a bulk read whose buffer is passed on, bytes. The bytes of a smaller read are copied,
// because they would keep a buffer of more than twice their size in memory.
const keptSize = ownSize / 2
// Size of a read, bytes. Two consecutive reads below this size end bulk mode.
const bulkSize = 16 * 1024
// Number of bytes in large reads after which bulk mode starts. Backpressure pauses reading before this number
// is reached, so a connection under backpressure stays out of bulk mode.
const bulkBytes = 4 * scratchSize

// Time without reads, ms, after which a connection in bulk mode releases its buffer.
const bulkPatience = 1000

/** Receives the bytes of one read, and owns them from then on. Returns `false` to pause reading. */
export type Deliver = (chunk: Buffer) => boolean

export class Reader {
  /** The socket that uses this reader. `undefined` until the socket exists. */
  socket: net.Socket | undefined
  deliver: Deliver | undefined
  private own = false
  private silence: NodeJS.Timeout | undefined
  private inARow = 0
  /** Whether the last read was small. A single small read between large reads does not end bulk mode. */
  private small = false
  private next: Buffer | undefined = scratch
  /** The option `onread` for the socket (Node documentation: net.Socket). */
  readonly options: net.OnReadOpts = {
    // Node calls this function before the first read and after every read. If the function returns
    // `undefined`, Node uses the same buffer again.
    buffer: (() => {
      const next = this.next
      this.next = undefined
      return next
    }) as () => Uint8Array,
    callback: (length, buffer) => {
      const { deliver } = this
      if (deliver === undefined) return true
      const more = deliver(this.take(length, buffer as Buffer))
      // If reading is now paused by backpressure, release the large buffer.
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
   * Makes an existing socket read through this reader, from its next read on. Returns `false` and changes
   * nothing if the socket has TLS or an `onread` option, or if Node's internals are not as expected.
   */
  takeOver(socket: net.Socket, deliver: Deliver): boolean {
    if (!takesOnread(socket)) return false
    this.reads(socket, deliver)
    this.next = undefined
    giveOnread(socket, this.options, scratch)
    return true
  }

  /** Sets the socket, which was made with `options`, and the function that gets the received bytes. */
  reads(socket: net.Socket, deliver: Deliver): void {
    this.socket = socket
    this.deliver = deliver
  }
}
