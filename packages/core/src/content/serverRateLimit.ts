/**
 * Rate limits of a server by key: token buckets in memory, and the middleware that asks a limiter.
 *
 * Never keeps more buckets than `maxKeys`, and never reads a clock other than Effect's.
 */
import * as HttpApp from "@effect/platform/HttpApp"
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as ExchangeOutcome from "../ExchangeOutcome.js"
import type { InvalidOption } from "../HttpError.js"
import {
  finiteDuration,
  integer,
  refuseUnknown,
  type Check,
  type Complete
} from "../internal/options/checks.js"
import { formatIp, ipBytes, unmapped } from "../model/ip.js"
import * as Timers from "../Timers.js"

/**
 * The answer of a limiter: the request may pass, or a client should try again after a time.
 *
 * @since 0.1.0
 * @category models
 */
export type Decision =
  | { readonly _tag: "Allowed" }
  | {
      readonly _tag: "Limited"
      /** Time after which the request may pass, rounded up to whole seconds in `Retry-After`. */
      readonly retryAfter: Duration.DurationInput
    }

/**
 * Something that counts requests by key: {@link memory}, or a store that several processes share. An error of
 * the store is an error of the app.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limiter<E = never> {
  /** Counts a request, and decides about it. */
  readonly take: (key: string) => Effect.Effect<Decision, E>
}

/**
 * The options of token buckets.
 *
 * @since 0.1.0
 * @category models
 */
export interface MemoryOptions {
  /** Number of requests of one key that a bucket regains in `interval`. */
  readonly requests: number
  /** The interval of `requests`. Default 1 second. */
  readonly interval?: Duration.DurationInput | undefined
  /** Number of requests that may come at once after a pause: the size of a bucket. Default `requests`. */
  readonly burst?: number | undefined
  /** Maximum number of buckets. Above it the least recently used one is dropped. Default 10000. */
  readonly maxKeys?: number | undefined
}

const interval: Check = {
  must: "a finite duration > 0",
  ordered: true,
  is: (value) => finiteDuration.is(value) && Duration.toMillis(value as Duration.DurationInput) > 0
}

const checks: Complete<MemoryOptions> = {
  requests: integer(1),
  interval,
  burst: integer(1),
  maxKeys: integer(1)
}

export const allowed: Decision = { _tag: "Allowed" }

// Times are milliseconds whose fractions are not exact.
const tolerance = 1e-3

class Buckets implements Limiter {
  /** The times at which the buckets are full again, ms. The least recently used bucket is the first. */
  private readonly fullAt = new Map<string, number>()

  constructor(
    /** Milliseconds for one token. */
    private readonly refill: number,
    private readonly burst: number,
    private readonly maxKeys: number
  ) {}

  take(key: string): Effect.Effect<Decision> {
    return Effect.map(Timers.timers, (timers) => this.decide(key, timers.now()))
  }

  private decide(key: string, now: number): Decision {
    const full = Math.max(now, this.fullAt.get(key) ?? now)
    // A bucket is empty if it needs more time than for all tokens but one.
    const wait = full - now - (this.burst - 1) * this.refill
    const isLimited = wait > tolerance
    this.fullAt.delete(key)
    this.fullAt.set(key, isLimited ? full : full + this.refill)
    if (this.fullAt.size > this.maxKeys) this.fullAt.delete(this.fullAt.keys().next().value!)
    return isLimited ? { _tag: "Limited", retryAfter: Math.ceil(wait - tolerance) } : allowed
  }
}

export const memory = (options: MemoryOptions): Effect.Effect<Limiter, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refuseUnknown({ ...options, requests: options.requests ?? null }, checks)
    if (refused !== undefined) return Effect.fail(refused)
    const { burst = options.requests, interval = Duration.seconds(1), maxKeys = 10_000, requests } = options
    return Effect.succeed(new Buckets(Duration.toMillis(interval) / requests, burst, maxKeys))
  })

// One host usually has a whole network of 64 bits, so a limit by IPv6 address would be no limit.
const keyOf = (address: string): string => {
  const bytes = ipBytes(address.replace(/%.*$/, ""))
  if (bytes === undefined) return address
  const plain = unmapped(bytes)
  return plain.length === 4 ? formatIp(plain) : `${formatIp(plain.map((byte, i) => (i < 8 ? byte : 0)))}/64`
}

export const address: Effect.Effect<string, never, HttpServerRequest> = Effect.map(
  HttpServerRequest,
  ({ remoteAddress }) => Option.match(remoteAddress, { onNone: () => "unknown", onSome: keyOf })
)

export const limited = Metric.counter("http.server.rate_limited_requests", {
  description: "Number of requests that a rate limit refused.",
  incremental: true
})

/**
 * The key of requests, and the name of the limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never, R = HttpServerRequest> {
  /** The key by which requests are counted. Default {@link address}. */
  readonly key?: Effect.Effect<string, E, R> | undefined
  /** The name of the limit in outcomes, logs and metrics. Default `requests`. */
  readonly name?: string | undefined
}

type Middleware<EM, RM> = <E, R>(
  app: HttpApp.HttpApp<HttpServerResponse.HttpServerResponse, E, R>
) => HttpApp.HttpApp<HttpServerResponse.HttpServerResponse, E | EM, R | RM | HttpServerRequest>

const secondsOf = (retryAfter: Duration.DurationInput): string =>
  String(Math.max(1, Math.ceil(Duration.toSeconds(retryAfter))))

/** Asks the limiter about the request. A refusal is counted, and told in the outcome. */
const decide = <EL, E, R>(
  limiter: Limiter<EL>,
  { key, name = "requests" }: Options<E, R>
): Effect.Effect<Decision, EL | E, R | HttpServerRequest> => {
  const keyed = (key ?? address) as Effect.Effect<string, E, R | HttpServerRequest>
  const refusal = Effect.zipRight(
    ExchangeOutcome.annotate("rateLimit", name),
    Metric.increment(Metric.tagged(limited, "limit", name))
  )
  return Effect.flatMap(
    Effect.flatMap(keyed, (key) => limiter.take(key)),
    (decision) => Effect.as(decision._tag === "Allowed" ? Effect.void : refusal, decision)
  )
}

export const take = <EL = never, E = never, R = HttpServerRequest>(
  limiter: Limiter<EL>,
  options: Options<E, R> = {}
): Effect.Effect<Decision, EL | E, R | HttpServerRequest> =>
  Effect.tap(decide(limiter, options), (decision) =>
    decision._tag === "Allowed"
      ? Effect.void
      : HttpApp.appendPreResponseHandler((_, response) =>
          Effect.succeed(
            HttpServerResponse.setHeader(response, "retry-after", secondsOf(decision.retryAfter))
          )
        )
  )

export const middleware = <EL = never, E = never, R = HttpServerRequest>(
  limiter: Limiter<EL>,
  options: Options<E, R> = {}
): Middleware<EL | E, R> => {
  const decided = decide(limiter, options)
  return (app) =>
    Effect.flatMap(decided, (decision) =>
      decision._tag === "Allowed"
        ? app
        : Effect.succeed(
            HttpServerResponse.empty({
              status: 429,
              headers: { "retry-after": secondsOf(decision.retryAfter), "cache-control": "no-store" }
            })
          )
    )
}
