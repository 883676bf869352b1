/**
 * Retries that do not hurt: for platform's `HttpClient` and for `Client`.
 *
 * A request is tried again if that may help (the connection was lost, could not be made, or the status says
 * so), if it is safe (none of it was sent, or its method is idempotent, and its body is at hand), after a
 * random wait or the one that the server asks for (`Retry-After`), and only while the budget of its origin
 * lasts. What is not tried again, or failed for good, is passed on as it is: the response with its body, the
 * error with its facts.
 *
 * Not for what the client does by itself: a request whose reused connection had died is sent again without
 * this.
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
import { PlatformResponse } from "./internal/client/platformResponse.js"
import { originOf } from "./internal/client/request.js"
import { IncomingResponse } from "./internal/client/response.js"
import {
  between,
  callback,
  duration,
  limit,
  names,
  refuse,
  statusCodes,
  type Checks
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
 * When a request is tried again, how long after, and how often.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How often a request may be tried again. Default 2. */
  readonly times?: number | undefined
  /**
   * The longest wait before the first retry; it doubles with each, and is chosen at random below. Default 200
   * ms.
   */
  readonly base?: Duration.DurationInput | undefined
  /** The longest wait of our own. Default 5 seconds. */
  readonly cap?: Duration.DurationInput | undefined
  /**
   * The longest wait that a server may ask for; a response that asks for more is passed on. Default 30
   * seconds.
   */
  readonly maxRetryAfter?: Duration.DurationInput | undefined
  /** Statuses that may pass. Default 408, 425, 429, 502, 503, 504. */
  readonly statuses?: ReadonlyArray<number> | undefined
  /**
   * Methods that may be repeated though the server may have acted. Default: the idempotent ones (RFC 9110
   * §9.2.2).
   */
  readonly methods?: ReadonlyArray<string> | undefined
  /** Retries per request to an origin, in the long run. Default 0.1. */
  readonly budgetRatio?: number | undefined
  /** Retries per second and origin that are free. Default 1. */
  readonly budgetPerSecond?: number | undefined
  /** Retries to an origin that may come at once. Default 10. */
  readonly budgetBurst?: number | undefined
  /** Told of each retry before its wait. */
  readonly onRetry?: ((retry: Retried) => Effect.Effect<void>) | undefined
  /** Told of each failure that is passed on, and why. */
  readonly onStop?: ((stop: Stopped) => Effect.Effect<void>) | undefined
}

/**
 * What went wrong: an error, or the status of a response. `error` is what the client failed with, `status`
 * that of a response which `Options.statuses` names.
 *
 * @since 0.1.0
 * @category models
 */
export type What = { readonly error: unknown } | { readonly status: number }

/**
 * A retry that is about to wait.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retried {
  /** `protocol//host:port`. */
  readonly origin: string
  /** The request's method. */
  readonly method: string
  /** 1 for the first retry. */
  readonly attempt: number
  /** Milliseconds until it. */
  readonly delay: number
  /** What the attempt before it came to. */
  readonly what: What
}

/**
 * A failure that is passed on to the caller.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stopped {
  /** `protocol//host:port`. */
  readonly origin: string
  /** The request's method. */
  readonly method: string
  /** How often it had been tried again. */
  readonly retried: number
  /** Why it is not tried again. */
  readonly reason: StopReason
  /** What the last attempt came to. */
  readonly what: What
}

/**
 * A policy and its budgets: everyone who uses the same one shares them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  /** Retries to an origin (`http://host:port`) that would be allowed now. */
  readonly budget: (origin: string) => Effect.Effect<number>
}

// Budgets fill by this clock; `Retry-After` names a time of the wall clock.
const monotonic = Effect.map(Timers.timers, (timers) => timers.now())

// Origins whose budgets are kept; a program that asks ever new ones starts over now and then.
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
  /** Lets go of what is not passed on. */
  readonly discard: Effect.Effect<void>
}

const checks: Checks<Options> = {
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

  /** `judge`: what an exit means; `undefined`: a success. */
  run<A, E, R>(
    asked: Asked,
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
    return Effect.flatMap(monotonic, (now) => {
      this.spend(asked.origin, now, this.budgetPolicy.ratio)
      return attempt(0)
    })
  }

  private next<A, E, R>(
    { method, origin, replayable }: Asked,
    retried: number,
    { discard, what, ...judged }: Judged,
    passOn: Effect.Effect<A, E, R>,
    again: (retried: number) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    const idempotent = this.methods === undefined ? isIdempotent(method) : this.methods.has(method)
    const failure: Failure = { ...judged, idempotent, replayable, retried }
    return Effect.flatMap(Effect.all([Random.next, monotonic]), ([chance, now]) => {
      const decided = retry(failure, this.limits, chance)
      const decision =
        decided._tag === "Wait" && !this.withdraw(origin, now)
          ? ({ _tag: "Stop", reason: "BudgetEmpty" } as const)
          : decided
      if (decision._tag === "Stop") {
        const told = this.options.onStop?.({ origin, method, retried, reason: decision.reason, what })
        return told === undefined ? passOn : Effect.zipRight(told, passOn)
      }
      const { delay } = decision
      const told =
        this.options.onRetry?.({ origin, method, attempt: retried + 1, delay, what }) ?? Effect.void
      // What came of the body by then is in, and its connection free; the rest nobody waits for.
      return told.pipe(
        Effect.zipRight(Effect.sleep(delay)),
        Effect.ensuring(discard),
        Effect.zipRight(Effect.suspend(() => again(retried + 1)))
      )
    })
  }
}

/**
 * A policy with fresh budgets, for {@link httpClient} or {@link client}. Fails with `InvalidOption` where a
 * value is not what its option can be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Policy, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refuse(options, checks)
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
  response: unknown
): Judged | undefined =>
  policy.statuses.has(status)
    ? {
        what: { status },
        transient: true,
        unsent: false,
        retryAfter: retryAfter(header(), now),
        discard: response instanceof IncomingResponse ? response.discard : Effect.void
      }
    : undefined

/**
 * Platform's client with retries.
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
        send,
        (response: HttpClientResponse.HttpClientResponse, now) =>
          judgeStatus(
            policy as Implementation,
            response.status,
            () => response.headers["retry-after"],
            now,
            response instanceof PlatformResponse ? response.source : undefined
          ),
        (error) => judgeError((error as unknown as PlatformError.RequestError)?.cause ?? error)
      )
    )

const isReplayable = (request: HttpClientRequest.HttpClientRequest): boolean => request.body._tag !== "Stream"

/**
 * A client with retries, on both of its faces.
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
        send,
        (response, now) =>
          judgeStatus(
            policy as Implementation,
            response.status,
            () => response.header("retry-after"),
            now,
            response
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
