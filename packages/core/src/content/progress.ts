/**
 * Counts the bytes of a stream as they pass, and reports them now and then.
 *
 * Never changes the bytes or their order; a report that takes long holds the stream back.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Timers from "../Timers.js"

/**
 * How much of a body has passed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Count {
  /** Bytes so far. */
  readonly bytes: number
  /** Bytes of the whole body; `undefined` if its length is not known. */
  readonly total: number | undefined
  /** Whether the body has ended. */
  readonly done: boolean
}

/**
 * Called with a count. The body waits until it ends.
 *
 * @since 0.1.0
 * @category models
 */
export type Report = (count: Count) => Effect.Effect<void>

const sliceSize = 65_536

/** A body in memory as a stream of slices, so that its progress can be seen. */
export const slices = (bytes: Uint8Array): Stream.Stream<Uint8Array> =>
  Stream.unfold(0, (at) =>
    at < bytes.length ? Option.some([bytes.subarray(at, at + sliceSize), at + sliceSize]) : Option.none()
  )

/** Reports at the beginning, once per interval (ms) in which bytes have passed, and at the end. */
export const counted = <E, R>(
  body: Stream.Stream<Uint8Array, E, R>,
  report: Report,
  total: number | undefined,
  interval: number
): Stream.Stream<Uint8Array, E, R> =>
  Stream.unwrap(
    Effect.map(Timers.timers, (timers) => {
      let bytes = 0
      let last = timers.now()
      const tell = (done: boolean) => Effect.suspend(() => report({ bytes, total, done }))
      const passing = Stream.mapChunksEffect(body, (chunk) => {
        for (const slice of chunk) bytes += slice.length
        const now = timers.now()
        if (now - last < interval) return Effect.succeed(chunk)
        last = now
        return Effect.as(tell(false), chunk)
      })
      return Stream.concat(Stream.execute(tell(false)), Stream.concat(passing, Stream.execute(tell(true))))
    })
  )
