/**
 * Hooks for the bridge. `timersOption` injects timers with another clock than the system's. `ownWebSocket`
 * gives access to our `WebSocket` class, because the http module exports Node's own `WebSocket` class if Node
 * has one.
 */
export { nodeTimers } from "../../time/nodeTimers.js"

/**
 * The key of the server option that sets the timers. The symbol is registered (`Symbol.for`), because the
 * caller may use another copy of this file.
 */
export const timersOption: unique symbol = Symbol.for("@httpfx/node/http/timers") as never

/**
 * The key of our `WebSocket` class in the http module. The symbol is registered (`Symbol.for`), because the
 * caller may use another copy of this file.
 */
export const ownWebSocket: unique symbol = Symbol.for("@httpfx/node/http/ownWebSocket") as never
