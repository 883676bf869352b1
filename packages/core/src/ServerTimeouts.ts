/**
 * How long a server waits for its peers, in one place. What each limit does is tabled in
 * docs/timeouts-and-limits.md.
 *
 * A server takes them from its context when it is made; without a layer they are the defaults. Sets no timer.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { defaultTimeouts } from "./connection/server/settings.js"
import { InvalidOption } from "./HttpError.js"
import { duration, finiteDuration, integer, refuse, type Checks } from "./internal/options/checks.js"
import { contradicts, makeDeadlines, type DeadlinePolicy } from "./wire/index.js"

/**
 * What can be changed for a single exchange (`Exchange.setTimeouts`). Zero or infinite: no limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExchangeOptions {
  /**
   * From a request's first byte to its last. Then 408, or a cut where the answer has begun. Default 300
   * seconds (Node's `server.requestTimeout`).
   */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /**
   * Without a byte in either direction; the handler's time counts too. Then the connection closes without an
   * answer. Default: no limit (Node's `server.timeout`).
   */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * A client that is waited for must send, or take, `progressBytes` within so long. A request that comes
   * slower gets 408; a connection whose answer is taken slower is reset. Default 120 seconds.
   */
  readonly progressTimeout?: Duration.DurationInput | undefined
  /** Default 1024 bytes. */
  readonly progressBytes?: number | undefined
}

/**
 * How long a server waits for its peers. Zero or infinite: no limit, where nothing else is said.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends ExchangeOptions {
  /**
   * From a request's first byte to the end of its head, and from the opening of a connection to its first
   * byte. Then 408. Default: the smaller of 60 seconds and `requestTimeout` (Node's `server.headersTimeout`).
   * A larger one than `requestTimeout` is refused.
   */
  readonly headersTimeout?: Duration.DurationInput | undefined
  /**
   * How long a connection may stay without a request after an answer: announced in `Keep-Alive`. It closes
   * quietly `keepAliveTimeoutBuffer` later. Default 5 seconds (Node's `server.keepAliveTimeout`).
   */
  readonly keepAliveTimeout?: Duration.DurationInput | undefined
  /**
   * How much longer than announced an idle connection stays open, so that a request sent in the last moment
   * still arrives. Finite; zero: not longer. Default 1 second (Node's `server.keepAliveTimeoutBuffer`).
   */
  readonly keepAliveTimeoutBuffer?: Duration.DurationInput | undefined
  /**
   * How often connections are looked at for all limits but `keepAliveTimeout` and those of a single exchange,
   * which are exact; shorter limits are looked at as often as they last. Default 30 seconds (Node's
   * `connectionsCheckingInterval`).
   */
  readonly connectionsCheckingInterval?: Duration.DurationInput | undefined
}

/**
 * All of them, in milliseconds; 0: no limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends DeadlinePolicy {
  /** How long a connection may stay without a request after an answer, as it is announced, ms. */
  readonly keepAliveTimeout: number
  /** How much longer it does, ms; 0: not longer. */
  readonly keepAliveTimeoutBuffer: number
  /** How often connections are looked at, ms. */
  readonly connectionsCheckingInterval: number
}

// The engine's "no limit" is 0.
const millis = (given: Duration.DurationInput | undefined): number | undefined => {
  if (given === undefined) return undefined
  const ms = Duration.toMillis(given)
  return Number.isFinite(ms) ? ms : 0
}

const ofExchange: Checks<ExchangeOptions> = {
  requestTimeout: duration,
  timeout: duration,
  progressTimeout: duration,
  progressBytes: integer(1)
}

const checks: Checks<Options> = {
  ...ofExchange,
  headersTimeout: duration,
  keepAliveTimeout: duration,
  keepAliveTimeoutBuffer: finiteDuration,
  connectionsCheckingInterval: duration
}

/**
 * The timeouts in force. A reference: its default value are the defaults.
 *
 * @since 0.1.0
 * @category tags
 */
export class ServerTimeouts extends Context.Reference<ServerTimeouts>()("@httpfx/core/ServerTimeouts", {
  defaultValue: (): Service => defaultTimeouts
}) {}

/**
 * A policy with what these options change of it; only what they name. Fails with `InvalidOption` where a
 * value is not what its option can be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const overrides = (
  options: ExchangeOptions,
  of: DeadlinePolicy
): Effect.Effect<DeadlinePolicy, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refuse(options, ofExchange)
    if (refused !== undefined) return Effect.fail(refused)
    return Effect.succeed({
      headersTimeout: of.headersTimeout,
      requestTimeout: millis(options.requestTimeout) ?? of.requestTimeout,
      timeout: millis(options.timeout) ?? of.timeout,
      progressTimeout: millis(options.progressTimeout) ?? of.progressTimeout,
      progressBytes: options.progressBytes ?? of.progressBytes
    })
  })

/**
 * Fails with `InvalidOption` where a value is not what its option can be, `headersTimeout` is larger than
 * `requestTimeout`, or `connectionsCheckingInterval` is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refuse(options, checks)
    if (refused !== undefined) return Effect.fail(refused)
    const deadlines = makeDeadlines({
      headersTimeout: millis(options.headersTimeout),
      requestTimeout: millis(options.requestTimeout),
      timeout: millis(options.timeout),
      progressTimeout: millis(options.progressTimeout),
      progressBytes: options.progressBytes
    })
    if (contradicts(deadlines)) {
      const limit = `<= requestTimeout (${deadlines.requestTimeout} ms)`
      return InvalidOption.outOfRange("headersTimeout", limit, deadlines.headersTimeout)
    }
    const interval =
      millis(options.connectionsCheckingInterval) ?? defaultTimeouts.connectionsCheckingInterval
    if (interval === 0)
      return InvalidOption.outOfRange("connectionsCheckingInterval", "finite and > 0", interval)
    return Effect.succeed({
      ...deadlines,
      keepAliveTimeout: millis(options.keepAliveTimeout) ?? defaultTimeouts.keepAliveTimeout,
      keepAliveTimeoutBuffer:
        millis(options.keepAliveTimeoutBuffer) ?? defaultTimeouts.keepAliveTimeoutBuffer,
      connectionsCheckingInterval: interval
    })
  })

/**
 * A server's timeouts. Fails with `InvalidOption` as {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<ServerTimeouts, InvalidOption> =>
  Layer.effect(ServerTimeouts, make(options))

/**
 * `layer`, with its options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<ServerTimeouts, InvalidOption | ConfigError> =>
  Layer.effect(
    ServerTimeouts,
    Effect.flatMap(Config.unwrap(options), (options) => make(options as Options))
  )
