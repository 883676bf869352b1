/**
 * Intercepts the writes of a socket for its transport, which tracks the write in flight and may hold back its
 * failure: a stream that sees a write fail destroys itself and the unread received data.
 *
 * Overrides the private write methods of `net.Socket`. If they have other names, the stream sees failures
 * itself, and its `writableLength` stands for the bytes in flight.
 */
import * as net from "node:net"

export type WriteDone = (error?: Error | null) => void

/** The transport's state of the write in flight; a stream has one at a time. */
export interface Writing {
  /** Bytes or characters in flight. */
  underWay: number
  /** The stream's own callback. */
  done: WriteDone | undefined
  /** Called in its place, with the write's result. */
  readonly written: WriteDone
}

const key = Symbol("httpfx.writing")

interface Writer {
  _write(data: string | Uint8Array, encoding: string, done: WriteDone): void
  _writev(chunks: unknown, done: WriteDone): void
}
interface Watched extends Writer {
  [key]: Writing
  readonly writableLength: number
}

const stream = net.Socket.prototype as unknown as Writer

function write(this: Watched, data: string | Uint8Array, encoding: string, done: WriteDone): void {
  const writing = this[key]
  writing.done = done
  writing.underWay = data.length
  stream._write.call(this, data, encoding, writing.written)
}
function writev(this: Watched, chunks: unknown, done: WriteDone): void {
  const writing = this[key]
  writing.done = done
  // A vectored write takes the whole queue.
  writing.underWay = this.writableLength
  stream._writev.call(this, chunks, writing.written)
}

/** Whether sockets write by these methods. */
export const watchesWrites = typeof stream._write === "function" && typeof stream._writev === "function"

export const watchWrites = (socket: net.Socket, writing: Writing): void => {
  if (!watchesWrites) return
  const own = socket as unknown as Watched
  own[key] = writing
  own._write = write
  own._writev = writev
}
