/** Runs a conversation on a separate network in memory, with latency, in virtual time. */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { Network, Timers, type Transport } from "@httpfx/core"
import { MemoryNetwork, Simulation } from "@httpfx/testing"
import { Trace } from "./trace.js"

/** Latency of the network, ms. */
export const latency = 10

export type World = Network.Network | MemoryNetwork.MemoryNetwork | Simulation.Simulation | Scope.Scope

/** A conversation, which is recorded under its name. */
export interface Conversation {
  readonly name: string
  readonly run: () => Promise<ReadonlyArray<string>>
}

/** Makes a conversation. Its name is the name of the recording, and must be unique. */
export const conversation = (
  name: string,
  talk: (trace: Trace) => Effect.Effect<unknown, unknown, World>
): Conversation => ({ name, run: () => inWorld(talk) })

const inWorld = (talk: (trace: Trace) => Effect.Effect<unknown, unknown, World>) => {
  const program = Effect.gen(function* () {
    const timers = yield* Timers.timers
    const trace = new Trace(() => timers.now())
    yield* Effect.scoped(talk(trace))
    return trace.lines
  })
  const network = MemoryNetwork.layer({
    latency,
    hosts: { "api.test": "10.0.0.1", "closed.test": "10.0.0.2", "proxy.test": "10.0.0.3" }
  })
  return Effect.runPromise(
    Simulation.run({ seed: 1, maxTime: "1 day", report: () => {} }, Effect.provide(program, network)).pipe(
      Effect.provide(Logger.remove(Logger.defaultLogger))
    )
  )
}

/**
 * A network that records the local ends of its connections as `net 1`, `net 2`, ... in the order of their
 * creation.
 */
export const tappedNetwork = (trace: Trace, network: Network.Service): Network.Service => {
  let count = 0
  const tap = (transport: Transport.Transport) => trace.tapped(`net ${++count}`, transport)
  return {
    ...network,
    listen: (options, onConnection) => network.listen(options, (transport) => onConnection(tap(transport))),
    connect: (address, options) => Effect.map(network.connect(address, options), tap)
  }
}

/**
 * Runs an effect on a network that records. Other parts of the conversation use the network without
 * recording.
 */
export const onTapped =
  (trace: Trace) =>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, Exclude<R, Network.Network> | Network.Network> =>
    Effect.flatMap(Network.Network, (network) =>
      Effect.provideService(effect, Network.Network, tappedNetwork(trace, network))
    )
