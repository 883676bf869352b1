/**
 * Server-sent events that are compressed by the server and decompressed by the client arrive as they are
 * sent.
 */
import { assert, it } from "@effect/vitest"
import { Client, ServerSentEvents } from "@httpfx/core"
import { NodeCompression, NodeDecompression } from "@httpfx/node"
import { TestServer } from "@httpfx/testing"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

it.scoped("each event arrives before the next is sent", () =>
  Effect.gen(function* () {
    const sent = yield* Queue.unbounded<ServerSentEvents.Event>()
    const received = yield* Queue.unbounded<ServerSentEvents.Message>()
    const app = NodeCompression.compress()(ServerSentEvents.response(Stream.fromQueue(sent)))
    yield* Effect.gen(function* () {
      const codings: Array<string | undefined> = []
      const client = yield* Client.Client
      const watched: Client.Service = {
        ...client,
        requestScoped: (request) =>
          Effect.tap(client.requestScoped(request), (response) =>
            Effect.sync(() => codings.push(response.header("content-encoding")))
          )
      }
      yield* ServerSentEvents.request({ url: "http://server.test/" }).pipe(
        Stream.runForEach((message) => Queue.offer(received, message)),
        Effect.provideService(Client.Client, NodeDecompression.decompress(watched)),
        Effect.forkScoped
      )
      for (const data of ["€ 1", "x".repeat(5_000), "2\n3"]) {
        yield* Queue.offer(sent, { data })
        assert.strictEqual((yield* Queue.take(received)).data, data)
      }
      assert.lengthOf(codings, 1)
      assert.isDefined(codings[0])
    }).pipe(Effect.scoped, Effect.provide(TestServer.serve(app)))
  })
)
