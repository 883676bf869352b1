/**
 * The writes of a socket pass by its transport, which knows what is under way and may keep a failure to
 * itself: a stream that hears of one destroys itself, and what was received with it.
 *
 * Puts methods of its own before those by which a `net.Socket` writes. Where these have other names, the
 * stream hears of failures itself, and what is under way is what the stream says.
 */
import * as net from "node:net"

export type WriteDone = (error?: Error | null) => void

/** What the transport of a socket knows of the write under way; a stream has one at a time. */
export interface Writing {
  /** Bytes, or characters. */
  underWay: number
  /** The stream's own callback. */
  done: WriteDone | undefined
  /** Called in its place, whatever became of the write. */
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
  // All that waits.
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
