/**
 * Hooks for the bridge. One injects timers, for a clock other than the system's. The other provides our
 * `WebSocket` class, which the module does not export in versions of Node that have a global `WebSocket`.
 */
export { nodeTimers } from "../../time/nodeTimers.js"

/**
 * The server option with the timers. A registered symbol, because the caller may use another copy of this
 * file.
 */
export const timersOption: unique symbol = Symbol.for("@httpfx/node/http/timers") as never

/** The key of our `WebSocket` class in the http module. A registered symbol for the same reason. */
export const ownWebSocket: unique symbol = Symbol.for("@httpfx/node/http/ownWebSocket") as never
