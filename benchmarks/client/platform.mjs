// The Effect program of every contestant with platform's `HttpClient`: a GET, its body as text, in a loop.
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"

export const platform = async (url, layer, tag) => {
  const runtime = ManagedRuntime.make(layer)
  const client = await runtime.runPromise(tag)
  const once = Effect.flatMap(client.get(url), (response) => response.text)
  return loops(runtime, once)
}

/**
 * Runs an effect repeatedly in `count` fibers until stopped, and counts the successes. Uses a plain loop,
 * because each turn of `Effect.repeat` costs more than a request.
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
