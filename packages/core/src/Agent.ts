/**
 * Agents: connection pools of clients, with limits, queues and keep-alive.
 *
 * An agent is a scoped service over a `Network`. Clients send their requests through one: `Client.layer`
 * creates its own, `Client.layerAgent` uses the one in the context, and a single request can name another.
 * Closing its scope closes its sockets. Idle sockets do not keep the process alive.
 *
 * The policy is in `pool/`, shared with the callback API. See `docs/agent.md`.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { bind, type Options, type Service } from "./internal/client/agent.js"
import { defaultPoolOptions } from "./connection/client/defaults.js"
import { AgentPool } from "./internal/client/pool.js"
import { refuseAgentOptions } from "./internal/options/client.js"
import { ofAgent } from "./internal/client/timeouts.js"
import type { InvalidOption } from "./HttpError.js"
import { Network } from "./Network.js"
import { backgroundFromClock, fromClock } from "./Timers.js"

export type { KeyState } from "./connection/client/events.js"
export type { Options, Service, State } from "./internal/client/agent.js"

/**
 * The agent in the context, which `Client.layerAgent` uses.
 *
 * @since 0.1.0
 * @category tags
 */
export class Agent extends Context.Tag("@httpfx/core/Agent")<Agent, Service>() {}

const millis = (input: Duration.DurationInput | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(input)

/**
 * Creates an agent. Closing its scope fails the requests in flight and waits until every connection is
 * closed. Fails with `InvalidOption` for an invalid value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, InvalidOption, Network | Scope.Scope> =>
  Effect.gen(function* () {
    const refused = refuseAgentOptions(options)
    if (refused !== undefined) return yield* Effect.fail(refused)
    const network = yield* Network
    const runtime = yield* Effect.runtime<never>()
    const clock = yield* Effect.clock
    const timeout = millis(options.timeout, Infinity)
    const { age, limits, policy } = defaultPoolOptions
    const pool = new AgentPool(network, backgroundFromClock(clock), fromClock(clock), runtime, {
      policy: {
        keepAlive: options.keepAlive ?? policy.keepAlive,
        maxFreeSockets: options.maxFreeSockets ?? policy.maxFreeSockets,
        idleTimeout: Math.min(millis(options.idleTimeout, policy.idleTimeout), timeout),
        hintBuffer: millis(options.keepAliveTimeoutBuffer, policy.hintBuffer)
      },
      limits: {
        maxSockets: options.maxSockets ?? limits.maxSockets,
        maxTotalSockets: options.maxTotalSockets ?? limits.maxTotalSockets
      },
      scheduling: options.scheduling ?? defaultPoolOptions.scheduling,
      age: {
        maxAge: millis(options.maxAge, age.maxAge),
        jitter: options.maxAgeJitter ?? age.jitter
      },
      keepAliveMsecs: millis(options.keepAliveMsecs, defaultPoolOptions.keepAliveMsecs),
      tls: options.tls ?? {},
      maxCachedSessions: options.maxCachedSessions ?? 100,
      parser: { flags: options.flags, limits: options.limits },
      timeouts: ofAgent(timeout)
    })
    yield* Effect.addFinalizer(() => pool.close)
    const service: Service = {
      events: pool.events.stream,
      observe: (f) => pool.events.observe(f),
      state: Effect.sync(() => ({
        ...pool.pool.counts,
        queued: pool.pool.queued,
        keys: pool.pool.keys,
        closed: new Map(pool.pool.closings)
      }))
    }
    bind(service, pool.pool)
    return service
  })

/**
 * Provides an agent with these options. Fails with `InvalidOption` as {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Agent, InvalidOption, Network> =>
  Layer.scoped(Agent, make(options))

/**
 * Provides an agent with options from the configuration. Fails with `InvalidOption` as {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<Agent, InvalidOption | ConfigError.ConfigError, Network> =>
  Layer.scoped(Agent, Effect.flatMap(Config.unwrap(options), make))
