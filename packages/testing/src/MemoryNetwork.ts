/**
 * A network in memory: connections that behave like TCP, without sockets, under Effect's clock.
 *
 * Ordered bytes, windows and backpressure, half-close, reset, refusal, names and ports. Without latency
 * everything arrives without the clock being moved; with latency a `TestClock` moves it. Conditions and
 * faults last until their scope closes. One seed drives all randomness: the same program sees the same order
 * of events in every run. It encrypts nothing.
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
 * Control over the network of a test: connections, listeners, conditions, rules.
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
 * The addresses listened on in the network in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const listeners: Effect.Effect<ReadonlyArray<Address>, never, MemoryNetwork> = Effect.flatMap(
  MemoryNetwork,
  (memory) => memory.listeners
)

/**
 * A new network, until the scope closes; its timers are those of the current clock.
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
 * Provides `Network` in memory, and `MemoryNetwork` to control it.
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
 * The seed of all randomness of the network in the context. Print it when a test fails, and pass it as
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
 * Changes the conditions of connections, open and future ones, until the scope closes. If several match, the
 * newest wins, property by property. A script over time is an ordinary effect with sleeps.
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
 * Installs a rule until the scope closes. `Fault` has ready-made ones.
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
 * Resets connections now; both ends see RST. Returns how many.
 *
 * @since 0.1.0
 * @category faults
 */
export const reset = (where: Where = {}): Effect.Effect<number, never, MemoryNetwork> =>
  Effect.flatMap(MemoryNetwork, (memory) => memory.reset(where))

/**
 * Sets the addresses that a name resolves to from now on; an empty list: none (`ENOTFOUND`). Existing
 * listeners on the name keep their address.
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
 * The network as seen from the host of that name: its connections come from the host's address, so that
 * conditions and partitions can tell clients apart.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFrom = (host: string): Layer.Layer<Network, never, MemoryNetwork> =>
  Layer.effect(
    Network,
    Effect.map(MemoryNetwork, (memory) => memory.from(host))
  )
