/**
 * A client of server-sent events that takes ten seconds of silence for a lost connection, reconnects, and
 * continues after the last event it received.
 */
import { expect, it } from "@effect/vitest"
import { ServerSentEvents } from "@httpfx/core"
import { Fault, Quiet, TestServer } from "@httpfx/testing"
import { Chunk, Effect, Option, Ref, Schedule, Schema, Stream } from "effect"

// An event every second; a reconnecting client sends the id of its last event.
const ticks = Effect.flatMap(ServerSentEvents.schemaLastEventId(Schema.NumberFromString), (last) =>
  ServerSentEvents.response(
    Stream.iterate(Option.getOrElse(last, () => 0) + 1, (id) => id + 1).pipe(
      Stream.schedule(Schedule.spaced("1 second")),
      Stream.map((id) => ({ id: `${id}`, data: `tick ${id}` }))
    )
  )
)

it.scoped("loses no event and sees none twice, though the network is cut for half a minute", () =>
  Effect.gen(function* () {
    const connections = yield* Ref.make(0)
    const seen = ServerSentEvents.request(
      { url: "http://server.test/", timeouts: { connect: "2 seconds", body: "10 seconds" } },
      { reconnectionTime: "1 second", onOpen: () => Ref.update(connections, (count) => count + 1) }
    ).pipe(
      Stream.map(({ lastEventId }) => Number(lastEventId)),
      Stream.take(60),
      Stream.runCollect
    )
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
