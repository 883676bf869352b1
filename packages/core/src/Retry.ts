/**
 * Retries with a budget, for platform's `HttpClient` and for `Client`.
 *
 * A failed request is repeated if three conditions hold. First, the failure may be transient, because the
 * connection was lost or could not be established, or the status is one of `Options.statuses`. Second, the
 * repetition is safe, because the body is in memory, and nothing was sent or the method is idempotent. Third,
 * the budget of the origin has a retry left. The server can set the wait before a retry (`Retry-After`).
 * Otherwise the wait is random. A failure that is not retried is passed on unchanged, as a response with its
 * body or as an error.
 *
 * Without this module, a client still resends a request whose reused connection had closed.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as PlatformError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Client from "./Client.js"
import type { InvalidOption } from "./HttpError.js"
import { outsideCall, timeLeft } from "./internal/client/call.js"
import { inFiber, inRequest, unlessOff, type TimeoutsOf } from "./internal/client/features.js"
import { PlatformResponse } from "./internal/client/platformResponse.js"
import { originOf } from "./internal/client/request.js"
import {
  between,
  callback,
  duration,
  limit,
  names,
  refuseUnknown,
  statusCodes,
  type Complete
} from "./internal/options/checks.js"
import { isTransient, isUnsent, retryAfter } from "./internal/client/retryFacts.js"
import {
  fullBudget,
  isIdempotent,
  retry,
  spend,
  type Budget,
  type BudgetPolicy,
  type Failure,
  type StopReason
} from "./pool/index.js"
import * as Timers from "./Timers.js"

/**
 * Options that decide when a request is retried, how often, and after which wait.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Maximum number of retries of a request. Default 2. */
  readonly times?: number | undefined
  /**
   * Upper bound of the wait before the first retry. The bound doubles with each further retry. The wait is a
   * random time below the bound. Default 200 ms.
   */
  readonly base?: Duration.DurationInput | undefined
  /**
   * Maximum of the bound on waits, which doubles with each retry. A wait that a server asks for may be
   * longer. Default 5 seconds.
   */
  readonly cap?: Duration.DurationInput | undefined
  /**
   * Longest wait that a server may ask for. A response that asks for a longer wait is passed on without a
   * retry. Default 30 seconds.
   */
  readonly maxRetryAfter?: Duration.DurationInput | undefined
  /** Statuses to retry. Default 408, 425, 429, 502, 503, 504. */
  readonly statuses?: ReadonlyArray<number> | undefined
  /**
   * Methods to retry even if the server may already have processed the request. Default: the idempotent
   * methods (RFC 9110 §9.2.2).
   */
  readonly methods?: ReadonlyArray<string> | undefined
  /** Average number of retries per request that the budget of an origin allows. Default 0.1. */
  readonly budgetRatio?: number | undefined
  /** Retries per second that the budget of an origin allows in addition to `budgetRatio`. Default 1. */
  readonly budgetPerSecond?: number | undefined
  /** Capacity of the budget of an origin, which is the maximum number of retries in a burst. Default 10. */
  readonly budgetBurst?: number | undefined
  /** Called for each retry, before the wait that precedes the retry. */
  readonly onRetry?: ((retry: Retried) => Effect.Effect<void>) | undefined
  /** Called for each failure that is passed on, with the reason why the failure is not retried. */
  readonly onStop?: ((stop: Stopped) => Effect.Effect<void>) | undefined
}

/**
 * The failure of an attempt. `error` is the client's error. `status` is the status of a response, one of
 * `Options.statuses`.
 *
 * @since 0.1.0
 * @category models
 */
export type What = { readonly error: unknown } | { readonly status: number }

/**
 * A retry, as reported to `Options.onRetry` before the wait.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retried {
  /** The origin of the request, as `protocol//host:port`. */
  readonly origin: string
  /** The request's method. */
  readonly method: string
  /** Number of the retry, from 1. */
  readonly attempt: number
  /** The wait before the retry, ms. */
  readonly delay: number
  /** The failure of the previous attempt. */
  readonly what: What
}

/**
 * A failure that is passed on to the caller, as reported to `Options.onStop`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stopped {
  /** The origin of the request, as `protocol//host:port`. */
  readonly origin: string
  /** The request's method. */
  readonly method: string
  /** Number of retries that were made before. */
  readonly retried: number
  /** The reason why the request is not retried further. */
  readonly reason: StopReason
  /** The failure of the last attempt. */
  readonly what: What
}

/**
 * A retry policy and its budgets. All clients with the same policy share the budgets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  /** Returns the number of retries that the budget of an origin (`http://host:port`) allows now. */
  readonly budget: (origin: string) => Effect.Effect<number>
}

// The monotonic clock, which never jumps, refills the budgets. Only a date in `Retry-After` needs the wall
// clock.
const monotonic = Effect.map(Timers.timers, (timers) => timers.now())

// Maximum number of origins with a budget. At this limit all budgets are dropped, so that memory stays
// bounded.
const maxOrigins = 4_096

const defaultStatuses = [408, 425, 429, 502, 503, 504]

interface Asked {
  readonly origin: string
  readonly method: string
  readonly replayable: boolean
}

interface Judged {
  readonly what: What
  readonly transient: boolean
  readonly unsent: boolean
  readonly retryAfter: number | undefined
  /** Discards a response that is not passed on. If the body is incomplete, the connection closes. */
  readonly discard: Effect.Effect<void>
}

const checks: Complete<Options> = {
  times: limit(0),
  base: duration,
  cap: duration,
  maxRetryAfter: duration,
  statuses: statusCodes,
  methods: names,
  budgetRatio: between(0, Infinity),
  budgetPerSecond: between(0, Infinity),
  budgetBurst: between(0, Infinity),
  onRetry: callback,
  onStop: callback
}

class Implementation implements Policy {
  private readonly budgets = new Map<string, Budget>()
  readonly statuses: ReadonlySet<number>
  private readonly methods: ReadonlySet<string> | undefined
  private readonly limits: { times: number; base: number; cap: number; patience: number }
  private readonly budgetPolicy: BudgetPolicy

  constructor(private readonly options: Options) {
    const millis = (input: Duration.DurationInput | undefined, otherwise: number) =>
      input === undefined ? otherwise : Duration.toMillis(input)
    this.statuses = new Set(options.statuses ?? defaultStatuses)
    this.methods = options.methods === undefined ? undefined : new Set(options.methods)
    this.limits = {
      times: options.times ?? 2,
      base: millis(options.base, 200),
      cap: millis(options.cap, 5_000),
      patience: millis(options.maxRetryAfter, 30_000)
    }
    this.budgetPolicy = {
      ratio: options.budgetRatio ?? 0.1,
      perSecond: options.budgetPerSecond ?? 1,
      burst: options.budgetBurst ?? 10
    }
  }

  budget(origin: string): Effect.Effect<number> {
    return Effect.map(monotonic, (now) => Math.floor(this.spend(origin, now, 0)))
  }

  private spend(origin: string, now: number, tokens: number): number {
    if (!this.budgets.has(origin) && this.budgets.size >= maxOrigins) this.budgets.clear()
    const budget = this.budgets.get(origin) ?? fullBudget(this.budgetPolicy, now)
    const after = spend(budget, this.budgetPolicy, now, tokens)
    this.budgets.set(origin, after)
    return after.tokens
  }

  private withdraw(origin: string, now: number): boolean {
    if (this.spend(origin, now, 0) < 1) return false
    this.spend(origin, now, -1)
    return true
  }

  /**
   * Sends the request, and retries as the policy allows. `judgeResponse` returns `undefined` for a success.
   */
  run<A, E, R>(
    asked: Asked,
    timeoutsOf: TimeoutsOf,
    send: Effect.Effect<A, E, R>,
    judgeResponse: (response: A, now: number) => Judged | undefined,
    judgeError: (error: E) => Judged
  ): Effect.Effect<A, E, R> {
    const attempt = (retried: number): Effect.Effect<A, E, R> =>
      Effect.matchEffect(send, {
        onFailure: (error) => this.next(asked, retried, judgeError(error), Effect.fail(error), attempt),
        onSuccess: (response) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => {
            const judged = judgeResponse(response, now)
            const passed = Effect.succeed(response)
            return judged === undefined ? passed : this.next(asked, retried, judged, passed, attempt)
          })
      })
    const retrying = Effect.flatMap(monotonic, (now) => {
      this.spend(asked.origin, now, this.budgetPolicy.ratio)
      return attempt(0)
    })
    return unlessOff("retries", timeoutsOf, retrying, send)
  }

  private next<A, E, R>(
    { method, origin, replayable }: Asked,
    retried: number,
    { discard, what, ...judged }: Judged,
    passOn: Effect.Effect<A, E, R>,
    again: (retried: number) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    const idempotent = this.methods === undefined ? isIdempotent(method) : this.methods.has(method)
    return Effect.flatMap(Effect.all([Random.next, monotonic, timeLeft]), ([chance, now, { left }]) => {
      const failure: Failure = { ...judged, idempotent, replayable, retried, left }
      const decided = retry(failure, this.limits, chance)
      const decision =
        decided._tag === "Wait" && !this.withdraw(origin, now)
          ? ({ _tag: "Stop", reason: "BudgetEmpty" } as const)
          : decided
      if (decision._tag === "Stop") {
        const notified = this.options.onStop?.({ origin, method, retried, reason: decision.reason, what })
        return notified === undefined ? passOn : Effect.zipRight(outsideCall(notified), passOn)
      }
      const { delay } = decision
      const notified =
        this.options.onRetry?.({ origin, method, attempt: retried + 1, delay, what }) ?? Effect.void
      // Discard the response after the wait, because its body may complete during the wait. If the body is
      // still incomplete then, `discard` closes the connection.
      return outsideCall(notified).pipe(
        Effect.zipRight(Effect.sleep(delay)),
        Effect.ensuring(discard),
        Effect.zipRight(Effect.suspend(() => again(retried + 1)))
      )
    })
  }
}

/**
 * Creates a policy with full budgets, for {@link httpClient} or {@link client}. Fails with `InvalidOption`
 * for an invalid value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Policy, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refuseUnknown(options, checks)
    return refused === undefined ? Effect.succeed(new Implementation(options)) : Effect.fail(refused)
  })

const judgeError = (error: unknown): Judged => ({
  what: { error },
  transient: isTransient(error),
  unsent: isUnsent(error),
  retryAfter: undefined,
  discard: Effect.void
})

const judgeStatus = (
  policy: Implementation,
  status: number,
  header: () => string | undefined,
  now: number,
  discard: Effect.Effect<void>
): Judged | undefined =>
  policy.statuses.has(status)
    ? {
        what: { status },
        transient: true,
        unsent: false,
        retryAfter: retryAfter(header(), now),
        discard
      }
    : undefined

/**
 * Adds retries to platform's client.
 *
 * @since 0.1.0
 * @category combinators
 */
export const httpClient =
  (policy: Policy) =>
  <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
    HttpClient.transform(client, (send, request) =>
      (policy as Implementation).run(
        {
          origin: originOf(request.url),
          method: request.method,
          replayable: isReplayable(request)
        },
        inFiber,
        send,
        (response: HttpClientResponse.HttpClientResponse, now) =>
          judgeStatus(
            policy as Implementation,
            response.status,
            () => response.headers["retry-after"],
            now,
            response instanceof PlatformResponse ? response.source.discard : Effect.void
          ),
        (error) => judgeError((error as unknown as PlatformError.RequestError)?.cause ?? error)
      )
    )

const isReplayable = (request: HttpClientRequest.HttpClientRequest): boolean => request.body._tag !== "Stream"

/**
 * Adds retries to a `Client`, including its `httpClient`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const client =
  (policy: Policy) =>
  (self: Client.Service): Client.Service => {
    const run = <E, R>(
      request: Client.Request<E>,
      send: Effect.Effect<Client.Response, Client.RequestError | E, R>
    ): Effect.Effect<Client.Response, Client.RequestError | E, R> => {
      const { body, method = "GET", url } = request
      const replayable = body === undefined || typeof body === "string" || body instanceof Uint8Array
      return (policy as Implementation).run(
        { origin: originOf(url), method, replayable },
        inRequest(request),
        send,
        (response, now) =>
          judgeStatus(
            policy as Implementation,
            response.status,
            () => response.header("retry-after"),
            now,
            response.discard
          ),
        judgeError
      )
    }
    return {
      ...self,
      request: (request) => run(request, self.request(request)),
      requestScoped: (request) => run(request, self.requestScoped(request)),
      httpClient: httpClient(policy)(self.httpClient)
    }
  }
