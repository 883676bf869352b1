// The Effect program that every contestant with platform's face runs: a GET, its body as text, over and over.
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"

export const platform = async (url, layer, tag) => {
  const runtime = ManagedRuntime.make(layer)
  const client = await runtime.runPromise(tag)
  const once = Effect.flatMap(client.get(url), (response) => response.text)
  return loops(runtime, once)
}

/**
 * `count` fibers that run an effect until they are told to stop; each success is counted. A bare loop, as the
 * promises have one: the schedule beneath `Effect.repeat` costs more a turn than a whole request does.
 */
export const loops = (runtime, once) => ({
  drive: (count, tick) => {
    let running = true
    const loop = Effect.whileLoop({ while: () => running, body: () => once, step: tick })
    const done = runtime.runPromise(
      Effect.forEach(Array.from({ length: count }), () => loop, { concurrency: count, discard: true })
    )
    return () => {
      running = false
      return done
    }
  }
})
