/**
 * Creates an agent. Checks the options and converts them to numbers, creates the pool with the timers of
 * Effect's clock, and returns the public service.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { defaultPoolOptions } from "../../connection/client/defaults.js"
import type { InvalidOption } from "../../errors/index.js"
import type * as Network from "../network.js"
import { refuseAgentOptions } from "../options/client.js"
import { backgroundFromClock, fromClock } from "../timers.js"
import { bind, type Options, type Service } from "./agent.js"
import { AgentPool } from "./pool.js"
import { ofAgent } from "./timeouts.js"

const millis = (input: Duration.DurationInput | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(input)

export const makeAgent = (
  network: Network.Service,
  options: Options
): Effect.Effect<Service, InvalidOption, Scope.Scope> =>
  Effect.gen(function* () {
    const refused = refuseAgentOptions(options)
    if (refused !== undefined) return yield* Effect.fail(refused)
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
