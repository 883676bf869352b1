/**
 * All error classes. The public module `HttpError` exports the same list.
 */
export { Attempt, Phase, Written, type Where } from "./facts.js"
export * from "./conditional.js"
export * from "./connection.js"
export * from "./content.js"
export * from "./events.js"
export * from "./listening.js"
export * from "./message.js"
export * from "./protocol.js"
export * from "./proxy.js"
export * from "./redirects.js"
export * from "./server.js"
export * from "./timeouts.js"
export * from "./url.js"
