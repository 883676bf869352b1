/**
 * The clocks and timers of the Effect API and the callback API. `Timers` has a monotonic clock for limits and
 * durations, the wall clock for dates and logs, and callbacks at a deadline.
 *
 * The Effect API makes its timers from Effect's `Clock`, so `TestClock` controls every timeout. The callback
 * API makes its timers from the platform's timers. A timer never fires within the call that sets it.
 *
 * @since 0.1.0
 */

export * from "./internal/timers.js"
