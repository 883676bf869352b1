/**
 * Error classes whose errors have no stack frames. Most errors are created in callbacks of sockets and
 * timers, so all frames would belong to this library and Effect. Effect adds the program's spans.
 */
import * as Schema from "effect/Schema"

// V8 records at most `stackTraceLimit` frames per error. Other engines may ignore this property.
const limits = Error as { stackTraceLimit?: number | undefined }

/** Runs `make`. Errors that `make` creates have no stack frames. */
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

/** Like `Schema.TaggedError`, but the errors have no stack frames. */
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
