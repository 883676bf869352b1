/**
 * Hooks for the bridge. `timersOption` injects timers, for a clock that replaces the system's clock.
 * `ownWebSocket` gives access to our `WebSocket` class, because the http module exports Node's class where
 * Node has one.
 */
export { nodeTimers } from "../../time/nodeTimers.js"

/**
 * The server option that sets the timers. The symbol is a registered one, because the caller may use another
 * copy of this file.
 */
export const timersOption: unique symbol = Symbol.for("@httpfx/node/http/timers") as never

/**
 * The key of our `WebSocket` class in the http module. A registered symbol, because the caller may use
 * another copy of this file.
 */
export const ownWebSocket: unique symbol = Symbol.for("@httpfx/node/http/ownWebSocket") as never
