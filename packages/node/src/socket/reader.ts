/**
 * What a socket reads into. All connections read into one scratch buffer, and what came is copied into a
 * chunk of its own size: no 64 KiB allocation per read, and nothing held by an idle connection. One that
 * fills the scratch buffer again and again reads into larger buffers of its own, which are handed over
 * without a copy, until it slows down or falls silent: half as many reads, and as many fewer wake-ups of
 * whoever takes the bytes.
 *
 * Never hands out bytes that a later read may write over, and never keeps a buffer for a connection that has
 * stalled.
 */
import type * as net from "node:net"
import { exchangeBuffer, giveOnread, knowsBuffers, takesOnread } from "./fast/userBuffer.js"
import { clearTimeout, setTimeout } from "../time/realTime.js"

const scratchSize = 64 * 1024
const scratch = Buffer.allocUnsafeSlow(scratchSize)
// With the look-ahead of a connection this stays below 256 KiB.
const ownSize = 112 * 1024
// From this size on a read keeps its buffer; below, what would be kept alive is more than twice what came.
const keptSize = ownSize / 2
// Two reads below this size are no bulk any more.
const bulkSize = 16 * 1024
// So many bytes in large reads make bulk: more than whoever does not take them lets come.
const bulkBytes = 4 * scratchSize

// ms: how long a connection may be silent and keep its buffer.
const bulkPatience = 1000

/** Takes the bytes of one read, which are the taker's own. `false`: no more for now. */
export type Deliver = (chunk: Buffer) => boolean

export class Reader {
  /** The socket that reads, once there is one. */
  socket: net.Socket | undefined
  deliver: Deliver | undefined
  private own = false
  private silence: NodeJS.Timeout | undefined
  private inARow = 0
  /** The last read was small. One between large ones is what was left over of them. */
  private small = false
  private next: Buffer | undefined = scratch
  /** Node documentation: net.Socket, `onread`. */
  readonly options: net.OnReadOpts = {
    // Asked before the first and after every read; nothing means: the same again.
    buffer: (() => {
      const next = this.next
      this.next = undefined
      return next
    }) as () => Uint8Array,
    callback: (length, buffer) => {
      const { deliver } = this
      if (deliver === undefined) return true
      const more = deliver(this.take(length, buffer as Buffer))
      // Held back: what it holds is enough.
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
   * Takes over the reading of a socket that exists already, from the next read on. `false`: it cannot be done
   * there (no plain connection, `onread` of its own, or a shape of Node's that is not known), and nothing was
   * changed.
   */
  takeOver(socket: net.Socket, deliver: Deliver): boolean {
    if (!takesOnread(socket)) return false
    this.reads(socket, deliver)
    this.next = undefined
    giveOnread(socket, this.options, scratch)
    return true
  }

  /** Of the socket that was made with `options`. */
  reads(socket: net.Socket, deliver: Deliver): void {
    this.socket = socket
    this.deliver = deliver
  }
}
