/**
 * Which connection serves which request: decisions over counts, candidates and `now`, each with its reason.
 *
 * In the order in which a request meets them:
 *
 * - `origin.ts`: where a request goes to
 * - `noProxy.ts`: which hosts are reached without a proxy; `proxy.ts`: where a proxy is
 * - `name.ts`: the key under which connections may stand in for each other, as Node's agents write it
 * - `keepAlive.ts`: which idle connection serves; which is kept after an exchange, and until when
 * - `admission.ts`: make a connection, or wait
 * - `queue.ts`: who gets a place that became free
 * - `hint.ts`: what a server announces about its patience
 * - `age.ts`: when a connection is too old
 * - `resend.ts`: when a request may be sent again on a fresh connection
 * - `retry.ts`: when a failed request is tried once more, by those who ask for it
 *
 * What Node's agent does not do is left off by giving its neutral value: no `idleElsewhere`,
 * `agesAt: Infinity`, `nextAsNode` instead of `nextFair`, no `resend`.
 *
 * Decisions only: no Effect, no I/O, no clock, nothing of `wire/`.
 *
 * @since 0.1.0
 */
export * from "./admission.js"
export * from "./age.js"
export * from "./hint.js"
export * from "./keepAlive.js"
export * from "./name.js"
export { isDirect, type NoProxyReading } from "./noProxy.js"
export * from "./origin.js"
export * from "./proxy.js"
export * from "./queue.js"
export * from "./resend.js"
export * from "./retry.js"
