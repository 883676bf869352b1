/**
 * The platform's own timers as `Timers`, on a monotonic clock: the default of drivers without another clock.
 *
 * Never imports Effect, so that the callback API can use these timers too.
 *
 * @since 0.1.0
 */
export * from "./internal/platformTimers.js"
