/**
 * A client resets a connection while a rule withholds all events; then the network resets all connections.
 * The server must still see RST. (Found by the simulation with seed 55: the server's end stayed open.)
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { Network } from "@httpfx/core/Network"
import type { Transport, TransportHandlers } from "@httpfx/core/Transport"
import * as Fault from "@httpfx/testing/Fault"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as VirtualClock from "@httpfx/testing/VirtualClock"

const nothing = () => {}
const deaf: TransportHandlers = {
  data: nothing,
  end: nothing,
  drain: nothing,
  error: nothing,
  close: nothing
}

describe("a withheld RST", () => {
  it.scoped("arrives when the rule is removed, even if the network has reset the connection meanwhile", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const accepted = yield* Deferred.make<Transport>()
      const { address } = yield* network.listen({ host: "api.internal", port: 80 }, (transport) => {
        Deferred.unsafeDone(accepted, Effect.succeed(transport))
      })
      const client = yield* network.connect(address)
      client.start(deaf)
      const told: Array<string> = []
      const server = yield* Deferred.await(accepted)
      server.start({
        ...deaf,
        error: ({ code }) => void told.push(code),
        close: () => void told.push("close")
      })
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Fault.halfOpen()
          client.write("x")
          yield* VirtualClock.settle
          client.reset()
          yield* VirtualClock.settle
          yield* MemoryNetwork.reset({ to: "api.internal" })
          yield* VirtualClock.settle
          assert.deepStrictEqual(told, [])
        })
      )
      yield* VirtualClock.settle
      assert.deepStrictEqual(told, ["ECONNRESET", "close"])
      assert.deepStrictEqual(yield* MemoryNetwork.connections, [])
    }).pipe(Effect.provide(MemoryNetwork.layer()))
  )
})
