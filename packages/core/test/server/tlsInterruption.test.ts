// A shutdown at the moment when a TLS handshake ends leaves no connection, wherever the runtime yields.
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Network, Server, Transport } from "@httpfx/core"
import { MemoryNetwork, MemoryTls, Simulation } from "@httpfx/testing"

const authority = MemoryTls.authority("Test CA")
const tls = authority.certificate({ names: "main.test" })
const host = "10.0.0.1"
const latency = 7
// A handshake has five messages: SYN, SYN-ACK, client hello, response, and the client's last message.
const handshakeEnds = 5 * latency

const closedAt = (millis: number, turns: number) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const options = { port: 443, host, tls, gracefulShutdownTimeout: 0 }
    const { httpServer } = yield* Scope.extend(Server.make(options), scope)
    yield* Scope.extend(httpServer.serve(Effect.succeed(HttpServerResponse.empty())), scope)
    const network = yield* Network.Network
    const client = Effect.gen(function* () {
      const plain = yield* network.connect(Transport.tcp(host, 443))
      const secured = yield* network.secure(plain, {
        role: "client",
        serverName: "main.test",
        ca: authority.ca
      })
      secured.start({ ...Transport.noHandlers, end: () => secured.end() })
    })
    yield* Effect.fork(Effect.ignore(client))
    yield* Effect.sleep(millis)
    yield* Effect.repeatN(Effect.yieldNow(), turns)
    yield* Scope.close(scope, Exit.void)
    yield* Effect.sleep(10 * latency)
    assert.deepStrictEqual(yield* MemoryNetwork.connections, [])
  })

/** Runs a shutdown at `millis`. `steps` is the number of runtime steps after which a fiber yields. */
const run = (millis: number, turns: number, steps: number) =>
  Effect.runPromise(
    Simulation.run(
      { seed: 1, report: () => {} },
      Effect.withMaxOpsBeforeYield(
        Effect.provide(closedAt(millis, turns), MemoryNetwork.layer({ latency })),
        steps
      )
    )
  )

describe("A shutdown", () => {
  it("leaves no connection of a handshake, at any of its messages", async () => {
    for (let millis = latency; millis <= handshakeEnds; millis += latency) await run(millis, 0, 2_048)
  })

  it("leaves none of a handshake that ends just then", async () => {
    for (let steps = 20; steps < 60; steps++) await run(handshakeEnds, steps % 2, steps)
  })
})
