/**
 * The platform's own timers as `Timers`, on a monotonic clock. Drivers use them by default, unless they are
 * given another clock.
 *
 * Never imports Effect, because the callback API, which does not load Effect, uses these timers too.
 *
 * @since 0.1.0
 */
export * from "./internal/platformTimers.js"
