/**
 * What the bridge needs of this folder: how its servers wait (by Node's timers, unless the options bring
 * others, for a clock that is not the system's), and its own `WebSocket`, which the module does not give
 * where Node has one.
 */
export { nodeTimers } from "../../time/nodeTimers.js"

/** The option with other timers. Registered, because who gives them may be another copy of this file. */
export const timersOption: unique symbol = Symbol.for("@httpfx/node/http/timers") as never

/** The module's member that is our `WebSocket` on every version of Node; registered for the same reason. */
export const ownWebSocket: unique symbol = Symbol.for("@httpfx/node/http/ownWebSocket") as never
