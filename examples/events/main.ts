/**
 * Server-sent events: one clock that ticks for all clients, on a page that follows it.
 *
 * Clients that leave are noticed at once and cost nothing more. When the server is told to stop, it completes
 * the streams, so that browsers reconnect to the next instance with the id of the last event. `PORT`: where
 * it listens (default 3000).
 */
import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { ServerSentEvents } from "@httpfx/core"
import { NodeHttpServer } from "@httpfx/node"
import { Config, Context, Effect, Layer, Option, PubSub, Schedule, Stream } from "effect"

interface Tick {
  readonly id: number
  readonly time: string
}

class Ticks extends Context.Tag("Ticks")<Ticks, PubSub.PubSub<Tick>>() {}

// One fiber ticks for all. A slow client misses ticks instead of delaying the others.
const TicksLive = Layer.scoped(
  Ticks,
  Effect.gen(function* () {
    const ticks = yield* PubSub.sliding<Tick>(16)
    let id = 0
    const tick = Effect.suspend(() => PubSub.publish(ticks, { id: ++id, time: new Date().toISOString() }))
    yield* Effect.forkScoped(Effect.repeat(tick, Schedule.spaced("500 millis")))
    return ticks
  })
)

const events = Effect.gen(function* () {
  const ticks = yield* Ticks
  const last = yield* ServerSentEvents.lastEventId
  const greeting = Option.match(last, { onNone: () => "welcome", onSome: (id) => `back after ${id}` })
  const all = Stream.concat(
    Stream.make({ comment: greeting }),
    Stream.map(Stream.fromPubSub(ticks), ({ id, time }) => ({ id: `${id}`, event: "tick", data: time }))
  )
  return yield* ServerSentEvents.response(all)
})

const page = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <link rel="icon" href="data:," />
  <title>Ticks</title>
  <style>
    :root { color-scheme: light dark }
    body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif }
    output { font-size: 1.3rem; font-variant-numeric: tabular-nums }
  </style>
  <body>
    <h1>The server says it is</h1>
    <p><output id="time">…</output></p>
    <p id="state" role="status">Connecting.</p>
    <script>
      const show = (id, text) => (document.getElementById(id).textContent = text)
      const source = new EventSource("/events")
      source.onopen = () => show("state", "Connected.")
      // The browser reconnects by itself, unless the server has refused.
      source.onerror = () => show("state", source.readyState === EventSource.CLOSED ? "Refused." : "Not connected, trying again.")
      source.addEventListener("tick", ({ data }) => show("time", data))
    </script>
  </body>
</html>
`

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/", HttpServerResponse.html(page)),
  HttpRouter.get("/events", events)
)

const main = HttpServer.serve(router).pipe(
  Layer.provide(TicksLive),
  HttpServer.withLogAddress,
  Layer.provide(
    NodeHttpServer.layerConfig({
      port: Config.withDefault(Config.integer("PORT"), 3000),
      maxConnections: Config.succeed(1000)
    })
  )
)

runMain(Layer.launch(main))
