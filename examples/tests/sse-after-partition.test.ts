/**
 * A client of server-sent events that detects silence, reconnects, and continues after the last event it
 * received.
 */
import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { Fault, Quiet, TestServer } from "@httpfx/testing"
import { Chunk, Effect, Ref, Schedule, Stream } from "effect"

// An event every second; a reconnecting client sends the id of its last event.
const ticks = Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) => {
  const first = Number(headers["last-event-id"] ?? 0) + 1
  const events = Stream.iterate(first, (id) => id + 1).pipe(
    Stream.schedule(Schedule.spaced("1 second")),
    Stream.map((id) => `id: ${id}\ndata: tick ${id}\n\n`),
    Stream.encodeText
  )
  return HttpServerResponse.stream(events, { contentType: "text/event-stream" })
})

/** The ids of the events, over as many connections as needed. Ten seconds of silence end a connection. */
const follow = (url: string, connections: Ref.Ref<number>) => {
  let last = "0"
  const connect = Effect.gen(function* () {
    const response = yield* Client.request({
      url,
      headers: { "last-event-id": last },
      timeouts: { connect: "2 seconds", body: "10 seconds" }
    })
    yield* Ref.update(connections, (count) => count + 1)
    return response.body
  })
  return Stream.suspend(() => Stream.unwrap(connect)).pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.filter((line) => line.startsWith("id: ")),
    Stream.map((line) => Number((last = line.slice(4)))),
    Stream.retry(Schedule.spaced("1 second"))
  )
}

it.scoped("loses no event and sees none twice, though the network is cut for half a minute", () =>
  Effect.gen(function* () {
    const connections = yield* Ref.make(0)
    const seen = follow("http://server.test/", connections).pipe(Stream.take(60), Stream.runCollect)
    const outage = Effect.scoped(
      Effect.zipRight(Fault.partition("*", "server.test"), Effect.sleep("30 seconds"))
    )
    const [ids] = yield* Quiet.complete(
      Effect.all([seen, Effect.delay(outage, "20 seconds")], { concurrency: 2 })
    )
    expect(Chunk.toReadonlyArray(ids)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
    expect(yield* connections).toBe(2)
  }).pipe(Effect.provide(TestServer.serve(ticks)))
)
