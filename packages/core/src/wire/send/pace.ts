/**
 * Limits how much a pump sends before it yields to the event loop. A source and a connection that are always
 * ready would otherwise starve all other connections of the process.
 *
 * Only counts; the driver yields.
 */

/**
 * Maximum number of parts that a pump sends between two turns of the event loop. Empty parts count too.
 *
 * @since 0.1.0
 * @category constants
 */
export const turnPieces = 256

/**
 * Maximum number of bytes that a pump sends between two turns of the event loop: 1 MiB, plus one part.
 *
 * @since 0.1.0
 * @category constants
 */
export const turnBytes = 1_048_576

/**
 * Counts the output of one pump. Check `due` after `sent`; call `begin` after a turn of the event loop.
 *
 * @since 0.1.0
 * @category models
 */
export class Pace {
  private pieces = 0
  private bytes = 0

  /** Counts one part of `bytes` bytes. */
  sent(bytes: number): void {
    this.pieces++
    this.bytes += bytes
  }

  /** Returns whether the pump must yield before the next part. */
  get due(): boolean {
    return this.pieces >= turnPieces || this.bytes >= turnBytes
  }

  /** Restarts the count after a turn of the event loop. */
  begin(): void {
    this.pieces = this.bytes = 0
  }
}
