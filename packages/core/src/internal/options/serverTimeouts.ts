/**
 * The timeouts of a server and of a single exchange, checked and in milliseconds.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { defaultTimeouts } from "../../connection/server/settings.js"
import { InvalidOption } from "../../errors/index.js"
import { duration, finiteDuration, integer, refuse, type Checks } from "./checks.js"
import { contradicts, makeDeadlines, type DeadlinePolicy } from "../../wire/index.js"

export { defaultTimeouts } from "../../connection/server/settings.js"

/**
 * Timeouts that a single exchange can override (`Exchange.setTimeouts`). Zero or infinite: no limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExchangeOptions {
  /**
   * From a request's first byte to its last. Then the response is 408, or is cut off if it has begun. Default
   * 300 seconds (Node's `server.requestTimeout`).
   */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /**
   * Inactivity in both directions, including while the handler runs. Then the connection closes without a
   * response. Default: no limit (Node's `server.timeout`).
   */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * While the server waits for the client, it must send, or read, `progressBytes` within this time. A slower
   * request gets 408; a connection whose response is read more slowly is reset. Default 120 seconds.
   */
  readonly progressTimeout?: Duration.DurationInput | undefined
  /** Bytes per `progressTimeout`. Default 1024. */
  readonly progressBytes?: number | undefined
}

/**
 * The timeouts of a server. Zero or infinite means no limit unless stated otherwise.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends ExchangeOptions {
  /**
   * From a request's first byte to the end of its head, and from the opening of a connection to its first
   * byte. Then 408. Default: the smaller of 60 seconds and `requestTimeout` (Node's `server.headersTimeout`).
   * Must not exceed `requestTimeout`.
   */
  readonly headersTimeout?: Duration.DurationInput | undefined
  /**
   * How long a connection may stay idle after a response; announced in `Keep-Alive`. It closes quietly
   * `keepAliveTimeoutBuffer` later. Default 5 seconds (Node's `server.keepAliveTimeout`).
   */
  readonly keepAliveTimeout?: Duration.DurationInput | undefined
  /**
   * Extra time beyond the announced one, so that a request sent at the last moment still arrives. Must be
   * finite; zero: none. Default 1 second (Node's `server.keepAliveTimeoutBuffer`).
   */
  readonly keepAliveTimeoutBuffer?: Duration.DurationInput | undefined
  /**
   * How often connections are checked for all limits except `keepAliveTimeout` and those of single exchanges,
   * which are exact; with shorter limits the interval is as short as they are. Default 30 seconds (Node's
   * `connectionsCheckingInterval`).
   */
  readonly connectionsCheckingInterval?: Duration.DurationInput | undefined
}

/**
 * All timeouts, in milliseconds; 0: no limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends DeadlinePolicy {
  /** How long a connection may stay idle after a response, as announced, ms. */
  readonly keepAliveTimeout: number
  /** Extra time beyond the announced one, ms; 0: none. */
  readonly keepAliveTimeoutBuffer: number
  /** How often connections are checked, ms. */
  readonly connectionsCheckingInterval: number
}

// The engine uses 0 for no limit.
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
 * A policy with these options applied; other values stay. Fails with `InvalidOption` for an invalid value.
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
 * Checks and converts options. Fails with `InvalidOption` if a value is invalid, `headersTimeout` exceeds
 * `requestTimeout`, or `connectionsCheckingInterval` is not a positive, finite time.
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
