/**
 * The stream from which `ws` reads frames and to which it writes them.
 *
 * Splits received chunks into pieces, so that a pause takes effect between them: `ws` parses each piece
 * completely. While held it reads nothing from the transport, not even ahead.
 */
import { TransportSocket } from "../socket/transportSocket.js"

// Holds 1400 of the smallest frames. Smaller pieces would slow down messages of many megabytes.
const pieceSize = 8 * 1024

export class WebSocketDuplex extends TransportSocket {
  private held = false

  hold(): void {
    this.held = true
    this.transport.pause()
  }

  release(): void {
    if (!this.held) return
    this.held = false
    if (this.readableLength < this.readableHighWaterMark) this.transport.resume()
  }

  override _read(): void {
    if (!this.held) super._read()
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (!Buffer.isBuffer(chunk) || chunk.length <= pieceSize) return super.push(chunk, encoding)
    let more = true
    for (let at = 0; at < chunk.length; at += pieceSize) more = super.push(chunk.subarray(at, at + pieceSize))
    return more
  }
}
