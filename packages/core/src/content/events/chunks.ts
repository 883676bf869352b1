/**
 * Maps a stream chunk by chunk with a function that may find an error within a chunk. Elements made before
 * the error are emitted first, so that the result does not depend on how the elements were chunked.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

export const mapChunks = <A, E, R, B, E2>(
  stream: Stream.Stream<A, E, R>,
  f: (element: A, into: Array<B>) => E2 | undefined
): Stream.Stream<B, E | E2, R> =>
  Stream.fromPull(
    Effect.map(Stream.toPull(stream), (pull) => {
      let failure: E2 | undefined
      const fails = Effect.suspend(() => Effect.fail(Option.some(failure as E | E2)))
      const next = Effect.flatMap(pull, (chunk) => {
        const into: Array<B> = []
        for (const element of chunk) {
          failure = f(element, into)
          if (failure !== undefined) break
        }
        return failure !== undefined && into.length === 0
          ? fails
          : Effect.succeed(Chunk.unsafeFromArray(into))
      })
      return Effect.suspend(() => (failure === undefined ? next : fails))
    })
  )
