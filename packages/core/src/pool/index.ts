/**
 * The rules of a connection pool: which connection serves which request. Pure functions over counts,
 * candidates and `now`, each with its reason.
 *
 * In the order in which a request meets them:
 *
 * - `origin.ts`: the origin of a request
 * - `noProxy.ts`: hosts that are reached without a proxy; `proxy.ts`: the URL of a proxy
 * - `name.ts`: the key of interchangeable connections, as Node's agents write it
 * - `choose.ts`: which idle connection serves it
 * - `keepAlive.ts`: which connection is kept after an exchange, and until when
 * - `admission.ts`: open a connection, or wait
 * - `queue.ts`: which queued request gets a free slot
 * - `hint.ts`: the idle timeout that a server announces
 * - `age.ts`: the maximum age of a connection
 * - `resend.ts`: when a request may be resent on a new connection
 * - `retry.ts`: when a failed request is retried, for users who enable that
 *
 * Neutral values turn off what Node's agent does not have: no `idleElsewhere`, `agesAt: Infinity`,
 * `nextAsNode` instead of `nextFair`, no `resend`.
 *
 * Never uses Effect, I/O, a clock or `wire/`.
 *
 * @since 0.1.0
 */
export * from "./admission.js"
export * from "./age.js"
export * from "./choose.js"
export * from "./hint.js"
export * from "./keepAlive.js"
export * from "./name.js"
export { isDirect, type NoProxyReading } from "./noProxy.js"
export * from "./origin.js"
export * from "./proxy.js"
export * from "./queue.js"
export * from "./resend.js"
export * from "./retry.js"
