/**
 * The stream from which `ws` reads frames, and to which `ws` writes frames.
 *
 * Splits received chunks into pieces. `ws` parses each piece completely, even if reading is paused meanwhile,
 * so a pause takes effect after the current piece. After `hold`, this stream reads nothing more from the
 * transport, not even into its buffer.
 */
import { TransportSocket } from "../socket/transportSocket.js"

// Size of a piece in bytes. A piece contains at most 1400 of the smallest frames. Smaller pieces would slow
// down messages of many megabytes.
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
