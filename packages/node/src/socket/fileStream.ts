/**
 * Streams a range of a file: opens it with the first piece, closes it with the last one or on interruption.
 *
 * Each piece costs one trip through the thread pool and one allocation of its exact size. `FileSystem.stream`
 * uses a fiber, a queue and locks per read, which cost more than the read. Never reads past the range, nor
 * ahead.
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
// After `close` the descriptor is invalid even if it reports an error.
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

  // Wait for the pending call before closing: afterwards the descriptor may belong to another file.
  readonly release: Effect.Effect<void> = Effect.sync(() => {
    this.released = true
    if (!this.busy) this.close()
  })

  private read(descriptor: number, resume: Resume): void {
    const buffer = Buffer.allocUnsafeSlow(Math.min(this.left, pieceSize))
    read(descriptor, buffer, 0, buffer.length, this.position, (error, count) => {
      if (error !== null) return this.done(resume, Effect.fail(Option.some(error)))
      // The file was truncated; the sender notices the missing bytes by `content-length`.
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

// Reads a one-piece file without the overhead of a stream.
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

// Core's server looks for this property of a stream.
const whole = Symbol.for("@httpfx/core/body/whole")

/** Streams `length` bytes from `offset` on, or fewer if the file ends before. */
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
