// An interruption that races with the success of a connect or a TLS handshake closes the connection, so that
// no connection leaks.
import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { Network } from "@httpfx/core/Network"
import { Socket } from "@httpfx/core"
import type { Transport } from "@httpfx/core/Transport"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"

const pem = (name: string) => fs.readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")
const turns = (n: number) =>
  Effect.promise(async () => {
    for (let i = 0; i < n; i++) await new Promise((done) => setImmediate(done))
  })

const server = Effect.gen(function* () {
  const network = yield* Network
  const accepted = yield* Deferred.make<Transport>()
  const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
    Deferred.unsafeDone(accepted, Effect.succeed(transport))
  })
  return { network, address: listener.address, accepted: Deferred.await(accepted) }
})

/** Runs an effect until its result is available but not yet delivered, and then interrupts the effect. */
const interruptAtResult = <A, E>(effect: Effect.Effect<A, E>, ready: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const scheduler = new Scheduler.ControlledScheduler()
    const fiber = Effect.runFork(effect, { scheduler, immediate: true })
    scheduler.step()
    yield* ready
    fiber.unsafeInterruptAsFork(fiber.id())
    for (let i = 0; i < 10; i++) {
      scheduler.step()
      yield* turns(1)
    }
    return yield* Fiber.await(fiber)
  })

describe("no connection stays open after an interruption in the turn of the result", () => {
  it.scopedLive("of a connect", () =>
    Effect.gen(function* () {
      const { accepted, address, network } = yield* server
      const exit = yield* interruptAtResult(network.connect(address), Effect.zipRight(accepted, turns(20)))
      assert.strictEqual(exit._tag, "Failure")
      const socket = yield* Socket.make(yield* accepted)
      yield* Effect.timeout(Effect.exit(socket.read), "1 minute")
    }).pipe(Effect.provide(NodeNetwork.layer))
  )

  it.scopedLive("of a TLS handshake", () =>
    Effect.gen(function* () {
      const { accepted, address, network } = yield* server
      const client = yield* network.connect(address)
      const plain = yield* accepted
      const secured = yield* Effect.fork(
        network.secure(plain, { role: "server", cert: pem("server"), key: pem("server-key") })
      )
      const options = { role: "client", ca: pem("ca"), serverName: "api.test" } as const
      const exit = yield* interruptAtResult(
        network.secure(client, options),
        Effect.zipRight(Fiber.await(secured), turns(20))
      )
      assert.strictEqual(exit._tag, "Failure")
      const socket = yield* Socket.make(yield* secured)
      yield* Effect.timeout(Effect.exit(socket.read), "1 minute")
    }).pipe(Effect.provide(NodeNetwork.layer))
  )
})
