/**
 * Errors without a stack of frames. They begin in callbacks of sockets and timers, so that all frames would
 * be ours and Effect's; Effect adds the spans of the program instead.
 */
import * as Schema from "effect/Schema"

// A property of V8, which other engines ignore.
const limits = Error as { stackTraceLimit?: number | undefined }

/** Runs `make`, in which new errors get no frames. */
export const withoutFrames = <A>(make: () => A): A => {
  const { stackTraceLimit } = limits
  limits.stackTraceLimit = 0
  try {
    return make()
  } finally {
    limits.stackTraceLimit = stackTraceLimit
  }
}

type AnyClass = new (...args: ReadonlyArray<never>) => object

/** `Schema.TaggedError`, whose errors have no frames. */
export const TaggedError = ((identifier?: string) =>
  (...given: ReadonlyArray<never>) => {
    const base = Schema.TaggedError(identifier) as unknown as (...given: ReadonlyArray<never>) => AnyClass
    return class extends base(...given) {
      constructor(...args: ReadonlyArray<never>) {
        const { stackTraceLimit } = limits
        limits.stackTraceLimit = 0
        try {
          super(...args)
        } finally {
          limits.stackTraceLimit = stackTraceLimit
        }
      }
    }
  }) as unknown as typeof Schema.TaggedError
