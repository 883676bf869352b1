/**
 * How much a pump may send before it gives the event loop a turn. A source that has everything at hand and a
 * connection that takes everything at once would otherwise keep every other connection of the process
 * waiting.
 *
 * Counts only; how a turn is given is the driver's to know.
 */

/**
 * Pieces that a pump sends between two turns of the event loop, at most. An empty piece counts too.
 *
 * @since 0.1.0
 * @category constants
 */
export const turnPieces = 256

/**
 * Bytes that a pump sends between two turns of the event loop, at most: 1 MiB, and one piece more.
 *
 * @since 0.1.0
 * @category constants
 */
export const turnBytes = 1_048_576

/**
 * Counts what one pump sends. Ask `due` after `sent`; call `begin` when the event loop has had its turn.
 *
 * @since 0.1.0
 * @category models
 */
export class Pace {
  private pieces = 0
  private bytes = 0

  /** One more piece, of so many bytes. */
  sent(bytes: number): void {
    this.pieces++
    this.bytes += bytes
  }

  /** The event loop is to have a turn before the next piece. */
  get due(): boolean {
    return this.pieces >= turnPieces || this.bytes >= turnBytes
  }

  /** A turn has begun: counts from zero again. */
  begin(): void {
    this.pieces = this.bytes = 0
  }
}
