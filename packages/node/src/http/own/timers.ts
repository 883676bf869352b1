/**
 * Hooks for the bridge: injected timers, for a clock other than the system's, and our `WebSocket` class,
 * which the module does not export where Node has its own.
 */
export { nodeTimers } from "../../time/nodeTimers.js"

/** The option with the timers. A registered symbol, because the caller may have another copy of this file. */
export const timersOption: unique symbol = Symbol.for("@httpfx/node/http/timers") as never

/** The member that is our `WebSocket` on every version of Node. Registered for the same reason. */
export const ownWebSocket: unique symbol = Symbol.for("@httpfx/node/http/ownWebSocket") as never
