/**
 * A network in memory whose connections behave like TCP, without sockets and under Effect's clock.
 *
 * The network models ordered bytes, windows and backpressure, half-close, reset, refused connections, names
 * and ports. Without latency, bytes arrive without any advance of the clock. With latency, bytes arrive when
 * the test advances its `TestClock`. Conditions and faults last until their scope closes. One seed drives all
 * randomness, so the same program sees the same order of events in every run. Nothing is encrypted.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Random from "effect/Random"
import { Network } from "@httpfx/core/Network"
import * as Timers from "@httpfx/core/Timers"
import type { Address } from "@httpfx/core/Transport"
import type { Conditions, Where } from "./Conditions.js"
import { Driver } from "./time/driver.js"
import { Memory } from "./network/memory.js"
import type { Connection, Service, Options } from "./network/model.js"
import type { Passing, Rule } from "./Verdict.js"

export type { Connection, End, Service, Options } from "./network/model.js"

/**
 * Inspects and controls the network of a test: connections, listeners, conditions and rules.
 *
 * @since 0.1.0
 * @category tags
 */
export class MemoryNetwork extends Context.Tag("@httpfx/testing/MemoryNetwork")<MemoryNetwork, Service>() {}

/**
 * The open connections of the network in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const connections: Effect.Effect<ReadonlyArray<Connection>, never, MemoryNetwork> = Effect.flatMap(
  MemoryNetwork,
  (memory) => memory.connections
)

/**
 * The addresses that have a listener in the network in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const listeners: Effect.Effect<ReadonlyArray<Address>, never, MemoryNetwork> = Effect.flatMap(
  MemoryNetwork,
  (memory) => memory.listeners
)

/**
 * Creates a network, which closes with the scope. Its timers use the current clock.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.gen(function* () {
        const seed = options.seed ?? (yield* Random.nextIntBetween(0, 0x100000000))
        const simulated = yield* Effect.withFiberRuntime<boolean>((fiber) =>
          Effect.succeed(fiber.currentScheduler instanceof Driver)
        )
        return new Memory(options, seed, yield* Timers.timers, simulated)
      }),
      (memory) => Effect.sync(() => memory.close())
    ),
    (memory) => memory.service
  )

/**
 * Provides a `Network` in memory, and the `MemoryNetwork` that controls it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Network | MemoryNetwork> =>
  Layer.scopedContext(
    Effect.map(make(options), (memory) =>
      Context.make(MemoryNetwork, memory).pipe(Context.add(Network, memory.network))
    )
  )

/**
 * The seed of all randomness in the network in the context. Print the seed when a test fails, and pass it as
 * `Options.seed` to repeat the run.
 *
 * @since 0.1.0
 * @category accessors
 */
export const seed: Effect.Effect<number | string, never, MemoryNetwork> = Effect.map(
  MemoryNetwork,
  (memory) => memory.seed
)

/**
 * Changes the conditions of open and future connections until the scope closes. If several conditions match a
 * connection, the newest value of each property applies. To change conditions over time, write an effect that
 * sleeps between the changes.
 *
 * @example
 * import { MemoryNetwork } from "@httpfx/testing"
 * import { Effect } from "effect"
 *
 * const slowMinute = Effect.scoped(
 *   Effect.zipRight(
 *     MemoryNetwork.condition({ to: "api.internal:80" }, { latency: "20 millis", bandwidth: 1_000_000 }),
 *     Effect.sleep("1 minute")
 *   )
 * )
 *
 * @since 0.1.0
 * @category conditions
 */
export const condition = (
  where: Where,
  conditions: Conditions
): Effect.Effect<void, never, MemoryNetwork | Scope.Scope> =>
  Effect.flatMap(MemoryNetwork, (memory) => memory.condition(where, conditions))

/**
 * Installs a rule until the scope closes. The module `Fault` has ready-made rules.
 *
 * @example
 * import { MemoryNetwork, Verdict } from "@httpfx/testing"
 *
 * const cutAnswers = MemoryNetwork.rule((passing) =>
 *   passing.from === "server" && passing.offset + passing.size >= 100
 *     ? Verdict.Reset({ after: 100 - passing.offset })
 *     : Verdict.Pass()
 * )
 *
 * @since 0.1.0
 * @category faults
 */
export const rule = (
  decide: Rule,
  observe?: (passing: Passing) => void
): Effect.Effect<void, never, MemoryNetwork | Scope.Scope> =>
  Effect.flatMap(MemoryNetwork, (memory) => memory.rule(decide, observe))

/**
 * Resets all matching connections immediately, so that both ends see RST. Returns the number of connections.
 *
 * @since 0.1.0
 * @category faults
 */
export const reset = (where: Where = {}): Effect.Effect<number, never, MemoryNetwork> =>
  Effect.flatMap(MemoryNetwork, (memory) => memory.reset(where))

/**
 * Sets the addresses to which a name resolves from now on. If the list is empty, lookups of the name fail
 * with `ENOTFOUND`. Existing listeners on the name keep their address.
 *
 * @since 0.1.0
 * @category conditions
 */
export const setHost = (
  name: string,
  addresses: string | ReadonlyArray<string>
): Effect.Effect<void, never, MemoryNetwork> =>
  Effect.flatMap(MemoryNetwork, (memory) => memory.setHost(name, addresses))

/**
 * Provides the `Network` for clients on the host with this name. Connections of these clients come from the
 * host's address, so conditions and partitions can distinguish them from connections of other clients.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFrom = (host: string): Layer.Layer<Network, never, MemoryNetwork> =>
  Layer.effect(
    Network,
    Effect.map(MemoryNetwork, (memory) => memory.from(host))
  )
