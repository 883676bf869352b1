/**
 * Checks the timeouts of a server and of a single exchange, and converts them to milliseconds.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { defaultTimeouts } from "../../connection/server/settings.js"
import { InvalidOption } from "../../errors/index.js"
import { duration, finiteDuration, integer, refuseUnknown, type Complete } from "./checks.js"
import { contradicts, makeDeadlines, type DeadlinePolicy } from "../../wire/index.js"

export { defaultTimeouts }

/**
 * Timeouts that a single exchange can override (`Exchange.setTimeouts`). A zero or infinite timeout means no
 * limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExchangeOptions {
  /**
   * Maximum time from a request's first byte to its last. After this time the server sends 408, or aborts a
   * response that has already begun. Default 300 seconds (Node's `server.requestTimeout`).
   */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /**
   * Maximum time without bytes in either direction, even while the handler runs. After this time the
   * connection closes without a response. Default: no limit (Node's `server.timeout`).
   */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * Maximum time in which a client must send or read `progressBytes`, while the server waits for the client.
   * A client that sends its request more slowly gets 408. If a client reads the response more slowly, its
   * connection is reset. Default 120 seconds.
   */
  readonly progressTimeout?: Duration.DurationInput | undefined
  /** Bytes that a client must send or read per `progressTimeout`. Default 1024. */
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
   * Maximum time from a request's first byte to the end of its head, and from the opening of a connection to
   * its first byte. After this time the server sends 408. Default: the smaller of 60 seconds and
   * `requestTimeout` (Node's `server.headersTimeout`). Must not exceed `requestTimeout`.
   */
  readonly headersTimeout?: Duration.DurationInput | undefined
  /**
   * Time that a connection may stay idle after a response, as announced in `Keep-Alive`. The server closes an
   * idle connection, without a response, after this time plus `keepAliveTimeoutBuffer`. Default 5 seconds
   * (Node's `server.keepAliveTimeout`).
   */
  readonly keepAliveTimeout?: Duration.DurationInput | undefined
  /**
   * Time added to the announced `keepAliveTimeout`, so that a request sent just before that time arrives
   * before the close. Zero adds no time. An infinite value is refused. Default 1 second (Node's
   * `server.keepAliveTimeoutBuffer`).
   */
  readonly keepAliveTimeoutBuffer?: Duration.DurationInput | undefined
  /**
   * Interval at which connections are checked for expired limits. `keepAliveTimeout` and the limits of single
   * exchanges have exact timers and do not depend on this interval. A limit shorter than the interval
   * shortens the interval to that limit. Default 30 seconds (Node's `connectionsCheckingInterval`).
   */
  readonly connectionsCheckingInterval?: Duration.DurationInput | undefined
}

/**
 * All timeouts in milliseconds. 0 means no limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends DeadlinePolicy {
  /** Time that a connection may stay idle after a response, as announced in `Keep-Alive`, ms. */
  readonly keepAliveTimeout: number
  /** Time added to the announced `keepAliveTimeout` before the close, ms. */
  readonly keepAliveTimeoutBuffer: number
  /** Interval at which connections are checked for expired limits, ms. */
  readonly connectionsCheckingInterval: number
}

// Converts infinity to 0, which means no limit in the engine.
const millis = (given: Duration.DurationInput | undefined): number | undefined => {
  if (given === undefined) return undefined
  const ms = Duration.toMillis(given)
  return Number.isFinite(ms) ? ms : 0
}

const ofExchange: Complete<ExchangeOptions> = {
  requestTimeout: duration,
  timeout: duration,
  progressTimeout: duration,
  progressBytes: integer(1)
}

const checks: Complete<Options> = {
  ...ofExchange,
  headersTimeout: duration,
  keepAliveTimeout: duration,
  keepAliveTimeoutBuffer: finiteDuration,
  connectionsCheckingInterval: duration
}

/**
 * Returns the deadlines in `of`, and replaces each deadline for which `options` has a value. Fails with
 * `InvalidOption` for an invalid value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const overrides = (
  options: ExchangeOptions,
  of: DeadlinePolicy
): Effect.Effect<DeadlinePolicy, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refuseUnknown(options, ofExchange)
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
    const refused = refuseUnknown(options, checks)
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
