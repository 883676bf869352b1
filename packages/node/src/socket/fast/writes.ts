/**
 * Intercepts the writes of a socket for its transport. The transport tracks the write in flight. If the write
 * fails, the transport may delay the failure, because the stream destroys itself on a failed write and loses
 * unread received data.
 *
 * This file overrides the private write methods of `net.Socket`. If these methods do not exist or do not use
 * the handle, the stream gets write failures itself, and the transport uses `writableLength` as the number of
 * bytes in flight.
 */
import * as net from "node:net"
import { drivesHandle } from "./drivesHandle.js"

export type WriteDone = (error?: Error | null) => void

/** The transport's record of the write in flight. A stream has at most one write in flight. */
export interface Writing {
  /** Number of bytes in flight. For a string, its characters are counted. */
  underWay: number
  /** The stream's own callback for the write. */
  done: WriteDone | undefined
  /** Called with the result of the write, in place of `done`. */
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
  // A vectored write sends everything that the stream has queued.
  writing.underWay = this.writableLength
  stream._writev.call(this, chunks, writing.written)
}

/** Whether sockets have the write methods that this file overrides. */
export const watchesWrites = typeof stream._write === "function" && typeof stream._writev === "function"

export const watchWrites = (socket: net.Socket, writing: Writing): void => {
  if (!watchesWrites || !drivesHandle()) return
  const own = socket as unknown as Watched
  own[key] = writing
  own._write = write
  own._writev = writev
}
