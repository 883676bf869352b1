// An idle connection that cannot be written to any more, and has not told so yet, serves no request.
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Client, Network, type Transport } from "@httpfx/core"
import { MemoryNetwork } from "@httpfx/testing"
import { ok, peer, withClient } from "./support/peer.js"

it.effect("a request that may be sent once goes to a fresh connection instead", () => {
  const dead = new Set<Transport.Transport>()
  const made: Array<Transport.Transport> = []
  /** The transport, whose writes fail without a word once it is among the dead. */
  const mortal = (transport: Transport.Transport): Transport.Transport =>
    new Proxy(transport, {
      get(target, name) {
        if (name === "writable") return target.writable && !dead.has(target)
        if (name === "write" && dead.has(target)) return () => false
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === "function" ? (value.bind(target) as unknown) : value
      }
    })
  const network = Layer.effect(
    Network.Network,
    Effect.map(Network.Network, (network) => ({
      ...network,
      connect: (...to: Parameters<typeof network.connect>) =>
        Effect.map(network.connect(...to), (transport) => {
          made.push(transport)
          return mortal(transport)
        })
    }))
  ).pipe(Layer.provide(MemoryNetwork.layer()))
  return withClient(network)(
    Effect.gen(function* () {
      const { accept, url } = yield* peer
      const post = Effect.flatMap(Client.request({ url, method: "POST", body: "x" }), (answer) => answer.text)
      for (const expected of ["one", "two"]) {
        const fiber = yield* Effect.fork(post)
        const raw = yield* accept
        yield* raw.has("\r\n\r\nx")
        raw.send(ok(expected))
        assert.strictEqual(yield* fiber, expected)
        dead.add(made.at(-1)!)
      }
    })
  )
})
