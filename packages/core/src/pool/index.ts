/**
 * The rules by which a connection pool decides which connection serves which request. The rules are pure
 * functions of counts, candidates and the current time. Each decision contains its reason.
 *
 * The files, in the order in which their rules apply to a request:
 *
 * - `origin.ts`: the origin of a request
 * - `noProxy.ts`: hosts that are reached without a proxy
 * - `proxy.ts`: the URL of a proxy
 * - `name.ts`: the key of interchangeable connections, in the format of Node's agents
 * - `choose.ts`: which idle connection serves a request
 * - `keepAlive.ts`: which connection is kept after an exchange, and until when
 * - `admission.ts`: whether a request gets a new connection or waits
 * - `queue.ts`: which queued request gets a free slot
 * - `hint.ts`: the idle timeout that a server announces
 * - `age.ts`: the maximum age of a connection
 * - `resend.ts`: when a request may be resent on a new connection
 * - `retry.ts`: when a failed request is retried, for users who enable retries
 *
 * The callback API turns off the rules that Node's agent lacks. For this purpose the callback API passes
 * `idleElsewhere: 0` and `agesAt: Infinity`, calls `nextAsNode` instead of `nextFair`, and does not call
 * `resend`.
 *
 * Never imports Effect or `wire/`, and never uses I/O or a clock.
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
