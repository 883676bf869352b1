// A stream over a transport fails every pending write when it is destroyed, as a net.Socket does.
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { Network } from "@httpfx/core/Network"
import type { Transport } from "@httpfx/core/Transport"
import { duplexFromTransport } from "@httpfx/node/NodeDuplex"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"

const pair = Effect.gen(function* () {
  const network = yield* Network
  const accepted = yield* Deferred.make<Transport>()
  const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
    Deferred.unsafeDone(accepted, Effect.succeed(transport))
  })
  const client = yield* network.connect(listener.address)
  const server = yield* Deferred.await(accepted)
  yield* Effect.addFinalizer(() => Effect.sync(() => (client.reset(), server.reset())))
  return { client, server }
})

const both: ReadonlyArray<readonly [string, Layer.Layer<Network>]> = [
  ["TCP", NodeNetwork.layer],
  ["memory", MemoryNetwork.layer()]
]

for (const [name, network] of both) {
  describe(`a destroyed stream over a transport (${name})`, () => {
    const ways: ReadonlyArray<
      readonly [string, (stream: { destroy(error?: Error): unknown }) => void, string]
    > = [
      [
        "without an error",
        (stream) => void stream.destroy(),
        "Cannot call write after a stream was destroyed"
      ],
      ["with an error", (stream) => void stream.destroy(new Error("given up")), "given up"]
    ]
    for (const [way, destroy, message] of ways) {
      it.scopedLive(`fails every pending write: ${way}`, () =>
        Effect.gen(function* () {
          const { client } = yield* pair
          const stream = duplexFromTransport(client).on("error", () => {})
          const told: Array<string> = []
          const all = new Promise<void>((done) => {
            let waiting = 3
            for (const i of [0, 1, 2]) {
              // The peer does not read, so the write stays pending.
              stream.write(new Uint8Array(8_000_000), (error) => {
                told[i] = error?.message ?? "written"
                if (--waiting === 0) done()
              })
            }
          })
          yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
          destroy(stream)
          yield* Effect.timeout(
            Effect.promise(() => all),
            "1 minute"
          )
          assert.strictEqual(told[0], message)
          assert.notInclude(told, "written")
        }).pipe(Effect.provide(network))
      )
    }
  })
}
