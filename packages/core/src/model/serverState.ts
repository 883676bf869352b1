/**
 * The states of a server, and the policies of a shutdown for running handlers.
 */

/**
 * State of a server.
 *
 * - `starting`: the server listens, but no app is served yet, so accepted connections wait
 * - `ready`: the server serves requests
 * - `lameDuck`: the server still serves requests, but readiness checks fail, so that load balancers choose
 *   other servers
 * - `draining`: the server accepts no connections, and every response is the last of its connection
 * - `closed`: all connections have closed and all handlers have ended
 *
 * @since 0.1.0
 * @category models
 */
export type State = "starting" | "ready" | "lameDuck" | "draining" | "closed"

/**
 * The policy of a shutdown for a handler that is still running.
 *
 * - `interruptAtDeadline` (default): the handler may run until `gracefulShutdownTimeout` has expired
 * - `interruptAtDrain`: the handler is interrupted when draining begins; the client gets 503 if no response
 *   was sent
 * - `wait`: the handler is never interrupted; the shutdown waits for the handler, at most twice
 *   `gracefulShutdownTimeout`
 *
 * @since 0.1.0
 * @category models
 */
export type Policy = "interruptAtDeadline" | "interruptAtDrain" | "wait"
