/**
 * The body of a message that is arriving: slices of the parser go in, one reader takes them out.
 *
 * Both drivers' bodies are this. It holds views of what the transport delivered, copies only of small ones (`slices.ts`),
 * and at most the look-ahead beyond what was asked for: past it, it tells its connection to hold the peer back. It
 * never closes anything: what an unread rest means for the connection is the driver's to say.
 */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { Slices } from "./slices.js"

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

const noTrailers: ReadonlyArray<string> = []
const noMore = Exit.void
const endOfStream = Channel.void

/** Slices of a body; `undefined`: there are no more. */
type Taken = ReadonlyArray<Uint8Array> | void
type PieceChannel<E> = Channel.Channel<Chunk.Chunk<Uint8Array>, unknown, E, unknown, unknown>

/** All that `read` gives, one time after the other. A loop of its own costs half of what a stream's combinators do. */
export const streamOf = <E>(read: Effect.Effect<Taken, E>): Stream.Stream<Uint8Array, E> => {
  const again = () => loop
  const loop: PieceChannel<E> = Channel.flatMap(Channel.fromEffect(read), (slices): PieceChannel<E> =>
    slices === undefined ? endOfStream : Channel.flatMap(Channel.write(Chunk.unsafeFromArray(slices)), again)
  )
  return Stream.fromChannel(loop)
}

/**
 * `E` is what the driver fails the body with; `error(limit)` makes the failure of a body above a limit.
 */
export class IncomingBody<E> {
  /** Body bytes that have arrived so far. */
  received = 0
  /** Field lines after a chunked body, flat; complete once `ended`. */
  rawTrailers: ReadonlyArray<string> = noTrailers

  /** What nobody has read. */
  private readonly slices = new Slices()
  private taken: (() => void) | undefined = undefined
  private state: "open" | "ended" | "failed" = "open"
  private failure: (() => Exit.Exit<never, E>) | undefined
  /** Readers that wait; each looks again whenever something has changed, until it says that it has got what it wanted. */
  private readers: Array<() => boolean> = []
  /** Of these, how many want the whole body: nothing is taken out for them before its end. */
  private collecting = 0
  private whole: Exit.Exit<Uint8Array, E> | undefined
  private held = false
  private asked = false

  /** `limit`: bytes that may wait unread before the peer is held back. */
  constructor(
    private readonly flow: BodyFlow,
    private readonly limit = lookAhead
  ) {}

  get ended(): boolean {
    return this.state === "ended"
  }

  /** Bytes that nobody has read. */
  get waiting(): number {
    return this.slices.bytes
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
    if (this.state !== "open") return
    this.slices.push(slice)
    this.wake()
    this.holdBack()
  }

  end(rawTrailers: ReadonlyArray<string>): void {
    if (this.state !== "open") return
    this.state = "ended"
    this.rawTrailers = rawTrailers
    this.wake()
  }

  fail(error: E): void {
    const exit = Exit.fail(error)
    this.failWith(() => exit)
  }

  /**
   * What waits and what still comes is thrown away; the peer is no longer held back. Whoever reads a body that had not
   * ended fails with `error()`, so that a part is never passed for the whole. Needed unless the body has ended.
   */
  discard(error?: () => E): void {
    this.drop()
    if (error === undefined) return
    let exit: Exit.Exit<never, E> | undefined
    this.failWith(() => (exit ??= Exit.fail(error())))
  }

  /** Calls once what waits has been read or thrown away; replaces an earlier wish. */
  whenRead(read: () => void): void {
    this.taken = read
  }

  // ---- the reader's side

  /**
   * The slices that wait, or else the next ones; `undefined`: there are no more. Made where it is asked for: most bodies
   * are read otherwise.
   */
  get read(): Effect.Effect<Taken, E> {
    const next = Effect.async<Taken, E>((resume) =>
      this.wait(() => {
        const taken = this.take()
        if (taken !== undefined) resume(taken)
        return taken !== undefined
      })
    )
    return Effect.suspend(() => {
      this.want()
      return this.take() ?? next
    })
  }

  /** Waits until `takeNow` gives something. */
  get readable(): Effect.Effect<void> {
    return Effect.async((resume) =>
      this.wait(() => {
        const any = this.waiting > 0 || this.state !== "open"
        if (any) resume(Effect.void)
        return any
      })
    )
  }

  /** As `read` with a limit, within the caller's own step: an interruption loses nothing. `undefined`: nothing waits. */
  takeNow(limit: number | undefined, tooLarge: () => E): Exit.Exit<Taken, E> | undefined {
    this.want()
    const taken = this.take()
    return taken?._tag === "Success" ? this.within(taken.value, limit, tooLarge) : taken
  }

  get stream(): Stream.Stream<Uint8Array, E> {
    return streamOf(this.read)
  }

  /** As `stream`; what comes above `limit` bytes is not handed on, but fails with `tooLarge()`. */
  limited(limit: number, tooLarge: () => E): Stream.Stream<Uint8Array, E> {
    return streamOf(Effect.flatMap(this.read, (slices) => this.within(slices, limit, tooLarge)))
  }

  private within(slices: Taken, limit: number | undefined, tooLarge: () => E): Exit.Exit<Taken, E> {
    if (slices === undefined || limit === undefined || this.received <= limit) return Exit.succeed(slices)
    this.discard(tooLarge)
    return Exit.fail(tooLarge())
  }

  /**
   * The whole body in one piece, or what earlier readers of pieces left of it; above `limit` bytes (`undefined`: none)
   * it fails with `tooLarge()`. Kept: several readers get the same. One that is interrupted takes nothing with it.
   */
  bytes(limit: number | undefined, tooLarge: () => E): Effect.Effect<Uint8Array, E> {
    return Effect.suspend(() => this.wholeNow(limit, tooLarge) ?? this.wholeLater(limit, tooLarge))
  }

  /** As `bytes`, where that waits for nothing. */
  wholeNow(limit: number | undefined, tooLarge: () => E): Exit.Exit<Uint8Array, E> | undefined {
    this.want()
    return this.collect(limit, tooLarge)
  }

  private wholeLater(limit: number | undefined, tooLarge: () => E): Effect.Effect<Uint8Array, E> {
    return Effect.async((resume) => {
      let over = false
      // An interruption may come between the result and the fiber that it is for.
      const leave = () => {
        if (over) return
        over = true
        this.collecting--
        this.holdBack()
      }
      this.collecting++
      this.release()
      const forget = this.wait(() => {
        const whole = this.collect(limit, tooLarge)
        if (whole === undefined) return false
        leave()
        resume(whole)
        return true
      })
      return Effect.zipRight(forget, Effect.sync(leave))
    })
  }

  private want(): void {
    if (this.asked) return
    this.asked = true
    this.flow.bodyWanted()
  }

  private take(): Exit.Exit<Taken, E> | undefined {
    if (this.waiting > 0) {
      const parts = this.slices.takeAll()
      this.emptied()
      return Exit.succeed(parts)
    }
    return this.state === "ended" ? noMore : this.failure?.()
  }

  private collect(limit: number | undefined, tooLarge: () => E): Exit.Exit<Uint8Array, E> | undefined {
    if (this.whole !== undefined) return this.whole
    if (limit !== undefined && this.waiting > limit) {
      // Also one that has ended: no later reader may take it for an empty one.
      if (this.state === "ended") this.state = "open"
      this.discard(tooLarge)
    }
    if (this.failure !== undefined) return (this.whole = this.failure())
    if (this.state === "open") return undefined
    this.whole = Exit.succeed(this.slices.takeJoined())
    this.emptied()
    return this.whole
  }

  private wait(look: () => boolean): Effect.Effect<void> {
    // The reader's fiber may have paused since it looked last, and nothing need come any more.
    if (look()) return Effect.void
    this.readers.push(look)
    return Effect.sync(() => {
      this.readers = this.readers.filter((other) => other !== look)
    })
  }

  private wake(): void {
    const readers = this.readers
    if (readers.length === 0) return
    this.readers = []
    for (const look of readers) if (!look()) this.readers.push(look)
  }

  private failWith(failure: () => Exit.Exit<never, E>): void {
    if (this.state !== "open") return
    this.state = "failed"
    this.failure = failure
    this.wake()
  }

  private drop(): void {
    this.slices.clear()
    this.emptied()
  }

  private emptied(): void {
    this.release()
    const { taken } = this
    if (taken === undefined) return
    this.taken = undefined
    taken()
  }

  private holdBack(): void {
    if (this.held || this.collecting > 0 || this.state !== "open" || this.waiting <= this.limit) return
    this.held = true
    this.flow.bodyFull()
  }

  private release(): void {
    if (!this.held) return
    this.held = false
    this.flow.bodyDrained()
  }
}
