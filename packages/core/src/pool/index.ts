/**
 * Which connection serves which request. Start with `keepAlive.ts`.
 *
 * - `origin.ts`: the key under which connections may stand in for each other
 * - `keepAlive.ts`: reuse, keep, expire
 * - `resend.ts`: when a request may be sent again on a fresh connection
 *
 * Decisions only: no Effect, no I/O, no clock, nothing of `wire/`.
 */
export * from "./keepAlive.js"
export * from "./origin.js"
export * from "./resend.js"
