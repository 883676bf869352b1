/**
 * A part of a file as a stream of bytes: opened with the first piece, closed with the last or when it is
 * given up.
 *
 * Each piece is one turn through the thread pool and one allocation of just its size. `FileSystem.stream` has
 * a fiber, a queue and locks for what it reads, which cost more than the reading. Never reads past its part,
 * nor a piece ahead.
 */
import { close, open, read } from "node:fs"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

// Bytes.
const pieceSize = 131_072

type Piece = Effect.Effect<Uint8Array, Option.Option<Error>>
type Resume = (piece: Piece) => void

const ended: Piece = Effect.fail(Option.none())
// A descriptor that is closed is closed, whatever closing says.
const ignore = () => {}

class Reading {
  private descriptor: number | undefined
  private busy = false
  private released = false

  constructor(
    private readonly path: string,
    private position: number,
    private left: number
  ) {}

  readonly next: Piece = Effect.async((resume) => this.ask(resume))

  ask(resume: Resume): void {
    if (this.left === 0) return resume(ended)
    this.busy = true
    if (this.descriptor !== undefined) return this.read(this.descriptor, resume)
    open(this.path, "r", (error, descriptor) => {
      if (error !== null) return this.done(resume, Effect.fail(Option.some(error)))
      this.descriptor = descriptor
      if (this.released) return this.done(resume, ended)
      this.read(descriptor, resume)
    })
  }

  // What is under way ends first: its descriptor may be another file's by then.
  readonly release: Effect.Effect<void> = Effect.sync(() => {
    this.released = true
    if (!this.busy) this.close()
  })

  private read(descriptor: number, resume: Resume): void {
    const buffer = Buffer.allocUnsafeSlow(Math.min(this.left, pieceSize))
    read(descriptor, buffer, 0, buffer.length, this.position, (error, count) => {
      if (error !== null) return this.done(resume, Effect.fail(Option.some(error)))
      // It has become shorter: whoever sends it knows how long it should have been.
      if (count === 0) return this.done(resume, ended)
      this.position += count
      this.left -= count
      this.done(resume, Effect.succeed(count === buffer.length ? buffer : buffer.subarray(0, count)))
    })
  }

  private done(resume: Resume, piece: Piece): void {
    this.busy = false
    if (this.released || this.left === 0) this.close()
    resume(piece)
  }

  private close(): void {
    if (this.descriptor !== undefined) close(this.descriptor, ignore)
    this.descriptor = undefined
  }
}

// A file of one piece, without a stream's upkeep.
const wholeFile = (
  path: string,
  offset: number,
  length: number
): Effect.Effect<Uint8Array, Option.Option<Error>> =>
  Effect.async((resume) => {
    const reading = new Reading(path, offset, length)
    reading.ask(resume)
    return reading.release
  })

// The core's server asks a stream for it.
const whole = Symbol.for("@httpfx/core/body/whole")

/** `length` bytes from `offset` on, or up to the end of the file if it has fewer. */
export const fileStream = (
  path: string,
  offset: number,
  length: number
): Stream.Stream<Uint8Array, Error> => {
  const stream = Stream.unwrapScoped(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => new Reading(path, offset, length)),
        (reading) => reading.release
      ),
      (reading) => Stream.repeatEffectOption(reading.next)
    )
  )
  return length === 0 || length > pieceSize
    ? stream
    : Object.assign(stream, { [whole]: wholeFile(path, offset, length) })
}
