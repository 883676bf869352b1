/**
 * Converts an async iterable (a Node stream, a generator) to a stream.
 *
 * An interruption during a pending `next` calls `return` and does not wait for it. A generator runs `return`
 * only after its pending `next`, and an idle source may never settle this `next`. Never requests a chunk
 * before the consumer pulls.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

// A Node stream has `destroy`, which ends the stream immediately. `return` of the stream's iterator would
// wait.
interface Destroyable {
  readonly destroy?: () => unknown
}

const ignore = () => {}

class Reading {
  private readonly iterator: AsyncIterator<unknown>
  private state: "idle" | "waiting" | "ended" = "idle"

  constructor(private readonly source: AsyncIterable<unknown> & Destroyable) {
    this.iterator = source[Symbol.asyncIterator]()
  }

  readonly next: Effect.Effect<unknown, Option.Option<unknown>> = Effect.async((resume) => {
    this.state = "waiting"
    const failed = (cause: unknown) => {
      this.state = "ended"
      resume(Effect.fail(Option.some(cause)))
    }
    try {
      this.iterator.next().then(({ done, value }) => {
        this.state = done === true ? "ended" : "idle"
        resume(done === true ? Effect.fail(Option.none()) : Effect.succeed(value))
      }, failed)
    } catch (cause) {
      failed(cause)
    }
  })

  readonly release: Effect.Effect<void> = Effect.suspend(() => {
    if (this.state === "ended") return Effect.void
    const waiting = this.state === "waiting"
    if (waiting) this.source.destroy?.()
    const returned = Promise.resolve(this.iterator.return?.()).then(ignore)
    if (!waiting) return Effect.promise(() => returned)
    returned.catch(ignore)
    return Effect.void
  })
}

/**
 * Returns a stream of the iterable's items. Requests an item only when the stream is pulled.
 *
 * An interruption does not wait for a pending item. `Stream.fromAsyncIterable` waits, and a source without
 * further items then keeps its fiber forever.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromIterable = (source: AsyncIterable<unknown>): Stream.Stream<unknown, unknown> =>
  Stream.unwrapScoped(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => new Reading(source)),
        (reading) => reading.release
      ),
      (reading) => Stream.repeatEffectOption(reading.next)
    )
  )
