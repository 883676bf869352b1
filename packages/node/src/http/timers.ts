/**
 * How the servers of this folder wait: by Node's timers, unless the options bring others (the bridge's, for a clock that
 * is not the system's).
 */
export { nodeTimers } from "../internal/nodeTimers.js"

/** The option with other timers. Registered, because who gives them may be another copy of this file. */
export const timersOption: unique symbol = Symbol.for("@httpfx/node/http/timers") as never
