/**
 * Pieces of a body to a connection, for whoever sends one: the answers of a server, the uploads of a client.
 *
 * Pulls no further piece while the connection takes none, be it full or broken, and gives the event loop a
 * turn after a bounded number of pieces and bytes, however synchronously its source goes on.
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as HttpError from "../HttpError.js"
import * as PlatformTimers from "../PlatformTimers.js"
import type { Transport } from "../Transport.js"
import { Pace, type Violation } from "../wire/index.js"

/** Waits for a turn of the event loop. */
export const turn: Effect.Effect<void> = Effect.async((resume) =>
  PlatformTimers.turn(() => resume(Effect.void))
)

/** Waits until a connection takes more, or is closed. */
export const drained = (connection: { whenDrained(f: () => void): () => void }): Effect.Effect<void> =>
  Effect.async((resume) => {
    const cancel = connection.whenDrained(() => resume(Effect.void))
    return Effect.sync(cancel)
  })

/** Bytes of one chunk of a stream that may wait before its next pieces do. */
const gathered = 64 * 1024

/**
 * Runs `write` on each chunk of a stream, one after the other. As `Stream.runForEachChunk`, which interprets
 * a sink besides the stream: this costs a third less.
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
  /** The connection wants more of what was given to it last. */
  protected flowing = true
  private readonly pace = new Pace()

  constructor(protected readonly transport: Transport) {}

  /** Sends a piece that is not empty, and keeps `flowing`. */
  protected abstract put(piece: Uint8Array): Violation | undefined

  /** Why nothing more is sent: fails, or never ends. */
  protected abstract readonly halted: Effect.Effect<void, E> | undefined

  /** Waits until the connection takes more. Where it never will, whoever learns of that ends the wait. */
  protected abstract readonly drained: Effect.Effect<void>

  /** Sends all of a stream. */
  run<E2>(stream: Stream.Stream<Uint8Array, E2>): Effect.Effect<void, E | E2 | HttpError.MessageError> {
    return forEachChunk(stream, this.send)
  }

  private readonly send = (
    chunk: Chunk.Chunk<Uint8Array>
  ): Effect.Effect<void, E | HttpError.MessageError> => {
    if (chunk.length > 0) return this.sendFrom(Chunk.toReadonlyArray(chunk), 0)
    // A source that gives nothing again and again goes on as synchronously as another.
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

  // What the system has taken at once leaves nothing to wait for; a connection that has failed takes nothing
  // any more.
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
