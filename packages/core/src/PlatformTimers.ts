/**
 * The platform's own timers as `Timers`, on a monotonic clock. The Effect API and the callback API use these
 * timers by default.
 *
 * This module must not import Effect, because the callback API uses the module and loads no Effect.
 *
 * @since 0.1.0
 */
export * from "./internal/platformTimers.js"
