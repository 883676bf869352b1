/**
 * Limits of the requests to each origin, for `Client` and for any platform client: so many per interval, so
 * many at once, and none while the origin has asked for a pause (`Retry-After` of 429 and 503).
 *
 * Requests wait in the order in which they came. No interval, wherever it begins, sees more requests than
 * allowed: a token bucket would let the double pass. The limits of connections are the agent's
 * (`maxSockets`).
 *
 * `timeouts.total` of a request limits its wait as well. If only the default of its client is set, the
 * request fails when its turn comes, unsent.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Client from "./Client.js"
import { RequestLimit, type Limits } from "./content/requestLimit.js"
import { RequestTimedOut, type InvalidOption } from "./HttpError.js"
import { aroundClient, aroundHttpClient, type Around } from "./internal/client/around.js"
import { timeLeft } from "./internal/client/call.js"
import { retryAfter } from "./internal/client/retryFacts.js"
import { duration, limit, refuseUnknown, type Complete } from "./internal/options/checks.js"
import * as Timers from "./Timers.js"

/**
 * The options of limits, which hold for each origin by itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Maximum number of requests that begin in each `interval`. Default: no maximum. */
  readonly requests?: number | undefined
  /** The interval of `requests`. Default 1 second. */
  readonly interval?: Duration.DurationInput | undefined
  /**
   * Maximum number of requests whose response has not begun. A response whose body is still arriving does not
   * count. Default: no maximum.
   */
  readonly concurrency?: number | undefined
  /**
   * Longest pause that an origin may ask for with `Retry-After`. 0: `Retry-After` is ignored. Default 30
   * seconds.
   */
  readonly maxRetryAfter?: Duration.DurationInput | undefined
}

/**
 * Limits and their state, shared by all clients that use them.
 *
 * @since 0.1.0
 * @category models
 */
export interface RateLimit {
  /** Returns the number of requests to an origin (`http://host`) that wait. */
  readonly waiting: (origin: string) => Effect.Effect<number>
}

const checks: Complete<Options> = {
  requests: limit(1),
  interval: duration,
  concurrency: limit(1),
  maxRetryAfter: duration
}

// Above this number of origins, those that have nothing to remember are dropped: of each new origin's turn at
// most `looks`, so that the work of a request does not depend on the number of origins.
const maxOrigins = 1_024
const looks = 4

class Implementation implements RateLimit {
  private readonly origins = new Map<string, RequestLimit>()

  constructor(
    private readonly limits: Limits,
    private readonly maxRetryAfter: number
  ) {}

  waiting(origin: string): Effect.Effect<number> {
    return Effect.sync(() => this.origins.get(origin)?.waiting ?? 0)
  }

  readonly around: Around = (asked, send, answered, fail) =>
    Effect.flatMap(Effect.all([Timers.timers, timeLeft]), ([timers, { left, total }]) => {
      const late = () => new RequestTimedOut({ limit: total, address: asked.url.host, phase: "queue" })
      const limit = this.limitOf(asked.url.origin, timers.now())
      return limit.run(
        Effect.tap(send(), (answer) =>
          Effect.sync(() => {
            const { status, values } = answered(answer)
            if (status !== 429 && status !== 503) return
            const pause = retryAfter(values("retry-after")[0], timers.wallTime())
            if (pause !== undefined) limit.pause(timers.now() + Math.min(pause, this.maxRetryAfter))
          })
        ),
        left,
        Effect.suspend(() => fail(late()))
      )
    })

  private limitOf(origin: string, now: number): RequestLimit {
    const known = this.origins.get(origin)
    if (known !== undefined) return known
    if (this.origins.size >= maxOrigins) this.forget(now)
    const made = new RequestLimit(this.limits)
    this.origins.set(origin, made)
    return made
  }

  // Looks at the first origins of the map. Those that are still needed become the last.
  private forget(now: number): void {
    let left = looks
    for (const [name, each] of this.origins) {
      if (left-- === 0) return
      this.origins.delete(name)
      if (!each.isFresh(now)) this.origins.set(name, each)
    }
  }
}

/**
 * Creates limits, for {@link client} or {@link httpClient}. Fails with `InvalidOption` for an invalid option.
 *
 * @example
 * import { Client, RateLimit } from "@httpfx/core"
 * import { Effect } from "effect"
 *
 * const limited = Effect.gen(function* () {
 *   const limits = yield* RateLimit.make({ requests: 10, interval: "1 second", concurrency: 4 })
 *   return RateLimit.client(limits)(yield* Client.Client)
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<RateLimit, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refuseUnknown(options, checks)
    if (refused !== undefined) return Effect.fail(refused)
    const {
      concurrency = Infinity,
      interval = "1 second",
      maxRetryAfter = "30 seconds",
      requests = Infinity
    } = options
    const limits = { requests, interval: Duration.toMillis(interval), concurrency }
    return Effect.succeed(new Implementation(limits, Duration.toMillis(maxRetryAfter)))
  })

/**
 * Adds limits to a `Client`, including its `upgrade` and `httpClient`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const client = (limits: RateLimit): ((self: Client.Service) => Client.Service) =>
  aroundClient("limits", (limits as Implementation).around)

/**
 * Adds limits to a platform client.
 *
 * @since 0.1.0
 * @category combinators
 */
export const httpClient = (
  limits: RateLimit
): (<E, R>(self: HttpClient.HttpClient.With<E, R>) => HttpClient.HttpClient.With<E, R>) =>
  aroundHttpClient("limits", (limits as Implementation).around)
