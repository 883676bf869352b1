/**
 * The body of a message that is arriving: slices of the parser go in, one reader takes them out.
 *
 * Both drivers' bodies are this. It holds views of what the transport delivered, never copies (except to join them on
 * demand), and at most the look-ahead beyond what was asked for: past it, it tells its connection to hold the peer
 * back. It never closes anything: what an unread rest means for the connection is the driver's to say.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** Bytes that may wait unread before the peer is held back. 64 KiB: what one read of a socket brings at most. */
export const lookAhead = 65_536

/** The side of the connection that a body steers. */
export interface BodyFlow {
  /** More than the look-ahead waits: stop reading the transport. */
  bodyFull(): void
  /** The reader has caught up: go on reading. */
  bodyDrained(): void
  /** The reader asked for the first time (where `100 Continue` is decided). */
  bodyWanted(): void
}

const empty = new Uint8Array(0)
const noTrailers: ReadonlyArray<string> = []

/** Joins slices; a single one is given back as it is. */
export const concat = (parts: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  if (parts.length === 1) return parts[0]!
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/**
 * `E` is what the driver fails the body with; `error(limit)` makes the failure of a body above a limit.
 */
export class IncomingBody<E> {
  /** Body bytes that have arrived so far. */
  received = 0
  /** Field lines after a chunked body, flat; complete once `ended`. */
  rawTrailers: ReadonlyArray<string> = noTrailers

  private parts: Array<Uint8Array> = []
  private waiting = 0
  private state: "open" | "ended" | "failed" = "open"
  private failure: Exit.Exit<never, E> | undefined
  private notify: (() => void) | undefined
  private held = false
  private asked = false
  private discarding = false

  constructor(private readonly flow: BodyFlow) {}

  get ended(): boolean {
    return this.state === "ended"
  }

  /** All of it has arrived and been read. */
  get consumed(): boolean {
    return this.state === "ended" && this.waiting === 0
  }

  /** Somebody has read, or begun to. */
  get wanted(): boolean {
    return this.asked
  }

  // ---- the driver's side

  push(slice: Uint8Array): void {
    this.received += slice.length
    if (this.discarding) return
    this.parts.push(slice)
    this.waiting += slice.length
    if (this.notify !== undefined) this.wake()
    else if (!this.held && this.waiting > lookAhead) {
      this.held = true
      this.flow.bodyFull()
    }
  }

  end(rawTrailers: ReadonlyArray<string>): void {
    if (this.state !== "open") return
    this.state = "ended"
    this.rawTrailers = rawTrailers
    this.wake()
  }

  fail(error: E): void {
    if (this.state !== "open") return
    this.state = "failed"
    this.failure = Exit.fail(error)
    this.wake()
  }

  /** What waits and what still comes is thrown away; the peer is no longer held back. */
  discard(): void {
    this.discarding = true
    this.parts = []
    this.waiting = 0
    this.release()
  }

  // ---- the reader's side

  /** The slices that wait, or else the next ones; no more: `None`. */
  readonly read: Effect.Effect<ReadonlyArray<Uint8Array>, Option.Option<E>> = Effect.suspend(() => {
    const now = this.take()
    return now ?? Effect.async((resume) => this.wait(() => resume(this.take()!)))
  })

  get stream(): Stream.Stream<Uint8Array, E> {
    return Stream.repeatEffectChunkOption(Effect.map(this.read, Chunk.unsafeFromArray))
  }

  /** The whole body in one piece; above `limit` bytes (`undefined`: none) it fails with `tooLarge()`. */
  bytes(limit: number | undefined, tooLarge: () => E): Effect.Effect<Uint8Array, E> {
    return Effect.suspend(() => {
      this.want()
      const whole: Array<Uint8Array> = []
      let length = 0
      const step = (): Effect.Effect<Uint8Array, E> | undefined => {
        for (const part of this.parts) {
          whole.push(part)
          length += part.length
        }
        this.drop()
        if (limit !== undefined && length > limit) return Effect.fail(tooLarge())
        if (this.state === "failed") return this.failure!
        if (this.state === "ended") return Effect.succeed(whole.length === 0 ? empty : concat(whole, length))
        return undefined
      }
      const now = step()
      if (now !== undefined) return now
      return Effect.async((resume) => {
        const again = () => {
          const next = step()
          if (next === undefined) this.notify = again
          else resume(next)
        }
        return this.wait(again)
      })
    })
  }

  private want(): void {
    if (this.asked) return
    this.asked = true
    this.flow.bodyWanted()
  }

  private take(): Effect.Effect<ReadonlyArray<Uint8Array>, Option.Option<E>> | undefined {
    this.want()
    if (this.waiting > 0) {
      const parts = this.parts
      this.drop()
      return Effect.succeed(parts)
    }
    if (this.state === "ended") return Effect.fail(Option.none())
    if (this.state === "failed") return Exit.mapError(this.failure!, Option.some)
    return undefined
  }

  private wait(f: () => void): Effect.Effect<void> {
    this.notify = f
    return Effect.sync(() => {
      this.notify = undefined
    })
  }

  private drop(): void {
    this.parts = []
    this.waiting = 0
    this.release()
  }

  private release(): void {
    if (!this.held) return
    this.held = false
    this.flow.bodyDrained()
  }

  private wake(): void {
    const notify = this.notify
    if (notify === undefined) return
    this.notify = undefined
    notify()
  }
}
