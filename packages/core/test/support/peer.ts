/**
 * A server controlled by the test, for tests of the client: accepts connections, records the bytes, and sends
 * what the test says.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Scope from "effect/Scope"
import { Client, Network } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { MemoryNetwork } from "@httpfx/testing"
import { Raw } from "./raw.js"

/** A listening address and its connections in order. */
export interface Peer {
  readonly url: string
  readonly host: string
  readonly port: number
  /** The next connection; its bytes are not read before. */
  readonly accept: Effect.Effect<Raw>
  /** Number of connections accepted so far. */
  readonly accepted: () => number
}

export const peer: Effect.Effect<Peer, never, Network.Network | Scope.Scope> = Effect.gen(function* () {
  const queue = yield* Queue.unbounded<Raw>()
  const all: Array<Raw> = []
  const listening = Network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
    const raw = new Raw(transport)
    all.push(raw)
    Queue.unsafeOffer(queue, raw)
  })
  const listener = yield* Effect.orDie(listening)
  yield* Effect.addFinalizer(() => Effect.sync(() => all.forEach((raw) => raw.transport.reset())))
  const { port } = listener.address as { readonly port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    accept: Queue.take(queue),
    accepted: () => all.length
  }
})

/** The networks on which a battery runs. */
export const networks: ReadonlyArray<readonly [string, Layer.Layer<Network.Network>]> = [
  ["memory", MemoryNetwork.layer()],
  ["node", NodeNetwork.layer]
]

/** Runs a test with a client whose scope closes at its end. */
export const withClient =
  (network: Layer.Layer<Network.Network>, options: Client.Options = {}) =>
  <A, E>(
    test: Effect.Effect<A, E, Client.Client | HttpClient.HttpClient | Network.Network | Scope.Scope>
  ): Effect.Effect<A, E> =>
    Effect.provide(Effect.scoped(test), Layer.provideMerge(Layer.orDie(Client.layer(options)), network))

/** Head and body of a response with `Content-Length`. */
export const ok = (body: string, fields = ""): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
