/**
 * Limits the output that a pump sends before it yields to the event loop. A pump moves parts of a body from a
 * source to a connection. If source and connection are always ready, an unlimited pump starves all other
 * connections.
 *
 * This file only counts. The driver yields.
 */

/**
 * Maximum number of parts of a body that are sent between two turns of the event loop. Empty parts count too.
 *
 * @since 0.1.0
 * @category constants
 */
export const turnPieces = 256

/**
 * Number of bytes (1 MiB) of a body after which sending yields to the event loop. The part that reaches this
 * number is still sent whole.
 *
 * @since 0.1.0
 * @category constants
 */
export const turnBytes = 1_048_576

/**
 * Counts the output of one pump, which is a loop that sends a body. The pump calls `sent` for each part and
 * then checks `due`. After a turn of the event loop, the pump calls `begin`.
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
