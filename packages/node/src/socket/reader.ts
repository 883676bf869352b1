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

/** What we use of the handle below a socket. */
interface Handle {
  /** What the next read goes to. */
  readonly useUserBuffer?: (buffer: Uint8Array) => void
}
type Keyed = net.Socket & { _handle?: Handle | null; encrypted?: boolean; [key: symbol]: unknown }

// Where a socket keeps its `onread`; `null`: not where it was looked for.
interface Keys {
  readonly buffer: symbol
  readonly callback: symbol
  readonly generator: symbol
}
let keys: Keys | null | undefined

const find = (socket: object): Keys | null => {
  const symbols = Object.getOwnPropertySymbols(socket)
  const named = (name: string) => symbols.find((symbol) => symbol.description === name)
  const buffer = named("kBuffer")
  const callback = named("kBufferCb")
  const generator = named("kBufferGen")
  return buffer && callback && generator ? { buffer, callback, generator } : null
}

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
      if ((this.inARow += length) >= bulkBytes && keys) this.grow()
    } else if (this.small) this.inARow = 0
    else this.small = true
    const chunk = Buffer.allocUnsafe(length)
    chunk.set(new Uint8Array(buffer.buffer, buffer.byteOffset, length), 0)
    return chunk
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

  // Both who writes into the buffer and who reads from it must know of another one.
  private stalled(): void {
    this.shrink(undefined)
    const socket = this.socket as Keyed | undefined
    if (!keys || !socket?._handle?.useUserBuffer) return
    socket._handle.useUserBuffer(scratch)
    socket[keys.buffer] = scratch
  }

  /**
   * Takes over the reading of a socket that exists already, from the next read on. `false`: it cannot be done
   * there (no plain connection, `onread` of its own, or a shape of Node's that is not known), and nothing was
   * changed.
   */
  takeOver(socket: net.Socket, deliver: Deliver): boolean {
    const keyed = socket as Keyed
    if (keyed.encrypted || !keyed._handle?.useUserBuffer) return false
    if (keys === undefined) keys = find(socket)
    if (!keys || keyed[keys.buffer] !== null) return false
    this.reads(socket, deliver)
    this.next = undefined
    keyed._handle.useUserBuffer(scratch)
    keyed[keys.buffer] = scratch
    keyed[keys.callback] = this.options.callback
    keyed[keys.generator] = this.options.buffer
    return true
  }

  /** Of the socket that was made with `options`. */
  reads(socket: net.Socket, deliver: Deliver): void {
    if (keys === undefined) keys = find(socket)
    this.socket = socket
    this.deliver = deliver
  }
}
