/**
 * Effects that read a `Body`. Bytes are consumed only when the waiting fiber receives them, so an interrupted
 * wait loses no bytes.
 */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { Body, type BodyFlow } from "../connection/transfer/body.js"

const noMore = Exit.void
const endOfStream = Channel.void

/** The result of a read: slices of the body, or `undefined` at its end. */
type Taken = ReadonlyArray<Uint8Array> | void
type PieceChannel<E> = Channel.Channel<Chunk.Chunk<Uint8Array>, unknown, E, unknown, unknown>

/**
 * Returns a stream of all slices that `read` returns. This loop costs half as much as combinators of
 * `Stream`.
 */
export const streamOf = <E>(read: Effect.Effect<Taken, E>): Stream.Stream<Uint8Array, E> => {
  const again = () => loop
  const loop: PieceChannel<E> = Channel.flatMap(Channel.fromEffect(read), (slices): PieceChannel<E> =>
    slices === undefined ? endOfStream : Channel.flatMap(Channel.write(Chunk.unsafeFromArray(slices)), again)
  )
  return Stream.fromChannel(loop)
}

/**
 * A body whose reads are effects. `errorOf` converts the failure record of the body to an error, at most
 * once.
 */
export class IncomingBody<F, E> extends Body<F> {
  private exit: Exit.Exit<never, E> | undefined = undefined

  constructor(
    flow: BodyFlow,
    private readonly errorOf: (failure: F) => E,
    limit?: number
  ) {
    super(flow, limit)
  }

  /**
   * Consumes the buffered slices, or waits for the next slices. Returns `undefined` at the end of the body.
   */
  get read(): Effect.Effect<Taken, E> {
    const next = Effect.async<Taken, E>((resume) =>
      interrupting(
        this.watch(() => {
          const taken = this.takeExit()
          if (taken !== undefined) resume(taken)
          return taken !== undefined
        })
      )
    )
    return Effect.suspend(() => {
      this.want()
      return this.takeExit() ?? next
    })
  }

  /** Waits until `takeNow` has a result: slices, the end, or a failure. */
  get readable(): Effect.Effect<void> {
    return Effect.async((resume) => interrupting(this.whenReadable(() => resume(Effect.void))))
  }

  /**
   * Consumes the buffered slices synchronously, so that no interruption can lose bytes. Fails with
   * `tooLarge()` once the body exceeds `limit` bytes. Returns `undefined` if more bytes must be waited for.
   */
  takeNow(limit: number | undefined, tooLarge: () => F): Exit.Exit<Taken, E> | undefined {
    this.want()
    const taken = this.takeExit()
    return taken?._tag === "Success" ? this.within(taken.value, limit, tooLarge) : taken
  }

  get stream(): Stream.Stream<Uint8Array, E> {
    return streamOf(this.read)
  }

  /** Returns the body as `stream` does, but fails with `tooLarge()` once the body exceeds `limit` bytes. */
  limited(limit: number, tooLarge: () => F): Stream.Stream<Uint8Array, E> {
    return streamOf(Effect.flatMap(this.read, (slices) => this.within(slices, limit, tooLarge)))
  }

  private within(slices: Taken, limit: number | undefined, tooLarge: () => F): Exit.Exit<Taken, E> {
    if (slices === undefined || limit === undefined || this.received <= limit) return Exit.succeed(slices)
    this.discard(tooLarge)
    return Exit.fail(this.errorOf(tooLarge()))
  }

  /**
   * Waits for the end of the body, then consumes and returns the whole body. Interrupting the wait consumes
   * nothing.
   */
  bytes(limit: number | undefined, tooLarge: () => F): Effect.Effect<Uint8Array, E> {
    return Effect.suspend(() => this.wholeNow(limit, tooLarge) ?? this.wholeLater(limit, tooLarge))
  }

  /** Returns the result of `bytes` if it is available without waiting. Returns `undefined` otherwise. */
  wholeNow(limit: number | undefined, tooLarge: () => F): Exit.Exit<Uint8Array, E> | undefined {
    this.want()
    return this.wholeExit(limit, tooLarge)
  }

  private wholeLater(limit: number | undefined, tooLarge: () => F): Effect.Effect<Uint8Array, E> {
    return Effect.async((resume) =>
      interrupting(
        this.watchWhole(() => {
          const whole = this.wholeExit(limit, tooLarge)
          if (whole === undefined) return false
          resume(whole)
          return true
        })
      )
    )
  }

  private takeExit(): Exit.Exit<Taken, E> | undefined {
    const slices = this.take()
    if (slices !== undefined) return Exit.succeed(slices)
    return this.ended ? noMore : this.failureExit()
  }

  private wholeExit(limit: number | undefined, tooLarge: () => F): Exit.Exit<Uint8Array, E> | undefined {
    const whole = this.takeWhole(limit, tooLarge)
    return whole === undefined ? this.failureExit() : Exit.succeed(whole)
  }

  private failureExit(): Exit.Exit<never, E> | undefined {
    const { failure } = this
    return failure === undefined ? undefined : (this.exit ??= Exit.fail(this.errorOf(failure)))
  }
}

const interrupting = (cancel: () => void): Effect.Effect<void> => Effect.sync(cancel)
