/**
 * Clock and timers of the drivers: a monotonic clock for limits and durations, the wall clock for dates and
 * logs, and calls at a deadline.
 *
 * Made from Effect's `Clock`, so that `TestClock` controls every timeout; the callback API makes its own from
 * the platform's timers. A timer never fires within the call that sets it.
 *
 * @since 0.1.0
 */

export * from "./internal/timers.js"
