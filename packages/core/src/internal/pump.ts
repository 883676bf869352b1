/**
 * Writes the chunks of a streamed body to a connection. Used for responses of a server and uploads of a
 * client.
 *
 * Pulls no chunk while the connection is under backpressure or broken. Yields to the event loop after a
 * bounded number of chunks and bytes, even for a synchronous source.
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as HttpError from "../errors/index.js"
import * as PlatformTimers from "./platformTimers.js"
import type { Transport } from "../seams/transport.js"
import { Pace, type Violation } from "../wire/index.js"

/** Waits for a turn of the event loop. */
export const turn: Effect.Effect<void> = Effect.async((resume) =>
  PlatformTimers.turn(() => resume(Effect.void))
)

/** Waits until a connection accepts more bytes or is closed. */
export const drained = (connection: { whenDrained(f: () => void): () => void }): Effect.Effect<void> =>
  Effect.async((resume) => {
    const cancel = connection.whenDrained(() => resume(Effect.void))
    return Effect.sync(cancel)
  })

/**
 * Number of buffered bytes that makes the next pieces of a chunk wait if the connection is under
 * backpressure.
 */
const gathered = 64 * 1024

/**
 * Runs `write` on each chunk of a stream, one after the other. Costs a third less than
 * `Stream.runForEachChunk`, which also interprets a sink.
 */
const forEachChunk = <A, E, E2>(
  stream: Stream.Stream<A, E>,
  write: (chunk: Chunk.Chunk<A>) => Effect.Effect<void, E2>
): Effect.Effect<void, E | E2> =>
  Effect.scoped(
    Effect.flatMap(Stream.toPull(stream), (pull) => {
      let open = true
      const step = Effect.matchCauseEffect(pull, {
        onSuccess: write,
        onFailure: (cause) => {
          open = false
          return Option.match(Cause.flipCauseOption(cause), {
            onNone: () => Effect.void,
            onSome: Effect.failCause
          })
        }
      })
      return Effect.whileLoop({ while: () => open, body: () => step, step: () => {} })
    })
  )

export abstract class Pump<E> {
  /** Whether the connection accepted the last piece without backpressure. */
  protected flowing = true
  private readonly pace = new Pace()

  constructor(protected readonly transport: Transport) {}

  /** Sends a piece that is not empty, and updates `flowing`. */
  protected abstract put(piece: Uint8Array): Violation | undefined

  /**
   * An effect that fails or never completes. It is set once nothing more may be sent, and `undefined` before.
   */
  protected abstract readonly halted: Effect.Effect<void, E> | undefined

  /**
   * Waits until the connection accepts more bytes. If the connection fails, the subclass must end this wait.
   */
  protected abstract readonly drained: Effect.Effect<void>

  /** Sends a whole stream. */
  run<E2>(stream: Stream.Stream<Uint8Array, E2>): Effect.Effect<void, E | E2 | HttpError.MessageError> {
    return forEachChunk(stream, this.send)
  }

  private readonly send = (
    chunk: Chunk.Chunk<Uint8Array>
  ): Effect.Effect<void, E | HttpError.MessageError> => {
    if (chunk.length > 0) return this.sendFrom(Chunk.toReadonlyArray(chunk), 0)
    // Count empty chunks, too, so that a synchronous source of empty chunks cannot block the event loop.
    this.pace.sent(0)
    return this.pace.due ? this.turn : Effect.void
  }

  private sendFrom(
    pieces: ReadonlyArray<Uint8Array>,
    from: number
  ): Effect.Effect<void, E | HttpError.MessageError> {
    const { halted, pace, transport } = this
    if (halted !== undefined) return halted
    let violation: Violation | undefined
    let next = from
    this.flowing = true
    transport.cork()
    do {
      const piece = pieces[next++]!
      pace.sent(piece.length)
      if (piece.length > 0) violation = this.put(piece)
    } while (
      violation === undefined &&
      next < pieces.length &&
      !pace.due &&
      (this.flowing || transport.buffered < gathered)
    )
    transport.uncork()
    if (violation !== undefined) return Effect.fail(HttpError.fromViolation(violation))
    const { wait } = this
    return next === pieces.length ? wait : Effect.flatMap(wait, () => this.sendFrom(pieces, next))
  }

  // Backpressure reported by `write` ends once the system has accepted all buffered bytes. A broken
  // connection counts as full.
  private get wait(): Effect.Effect<void> {
    const { transport } = this
    const full = !this.flowing && (transport.buffered > 0 || !transport.writable)
    if (!this.pace.due) return full ? this.drained : Effect.void
    return full ? Effect.zipRight(this.drained, this.turn) : this.turn
  }

  private readonly turn = Effect.zipRight(
    turn,
    Effect.sync(() => this.pace.begin())
  )
}
