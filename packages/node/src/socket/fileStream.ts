/**
 * Streams a range of a file. The file is opened for the first piece. It is closed after the last piece, or on
 * interruption.
 *
 * Each piece costs one call in the thread pool and one allocation of exactly its size. `FileSystem.stream` is
 * not used, because its fiber, queue and locks cost more per read than the read itself. Never reads beyond
 * the range, and never reads ahead.
 */
import { close, open, read } from "node:fs"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

// Maximum size of a piece, bytes.
const pieceSize = 131_072

type Piece = Effect.Effect<Uint8Array, Option.Option<Error>>
type Resume = (piece: Piece) => void

const ended: Piece = Effect.fail(Option.none())
// Ignore an error of `close`, because the descriptor is invalid even after an error.
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

  // During a pending call, leave the file open. The system could otherwise reuse the descriptor for another
  // file before the call runs.
  readonly release: Effect.Effect<void> = Effect.sync(() => {
    this.released = true
    if (!this.busy) this.close()
  })

  private read(descriptor: number, resume: Resume): void {
    const buffer = Buffer.allocUnsafeSlow(Math.min(this.left, pieceSize))
    read(descriptor, buffer, 0, buffer.length, this.position, (error, count) => {
      if (error !== null) return this.done(resume, Effect.fail(Option.some(error)))
      // The file was truncated, so end the stream. The sender knows the expected length and detects the
      // missing bytes.
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

  close(): void {
    if (this.descriptor !== undefined) close(this.descriptor, ignore)
    this.descriptor = undefined
  }
}

// Reads a range that fits in one piece, without the overhead of a stream.
const wholeFile = (
  path: string,
  offset: number,
  length: number
): Effect.Effect<Uint8Array, Option.Option<Error>> =>
  Effect.async((resume) => {
    const reading = new Reading(path, offset, length)
    // Close the file also after an error or a short read, because nothing asks for another piece.
    reading.ask((piece) => {
      reading.close()
      resume(piece)
    })
    return reading.release
  })

// Core's server looks for this property of a stream. If the property exists, the server sends the body as one
// piece.
const whole = Symbol.for("@httpfx/core/body/whole")

/** Returns a stream of `length` bytes from `offset` on. If the file is shorter, the stream ends early. */
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
