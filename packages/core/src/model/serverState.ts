/**
 * The states of a server, and what a shutdown does with a handler.
 */

/**
 * Where a server is in its life.
 *
 * - `starting`: it listens; connections wait, because no app is served yet
 * - `ready`: it serves
 * - `lameDuck`: it serves as before, but readiness checks fail, so that new traffic goes elsewhere
 * - `draining`: it accepts no connection; every answer is the last of its connection
 * - `closed`: nothing is left
 *
 * @since 0.1.0
 * @category models
 */
export type State = "starting" | "ready" | "lameDuck" | "draining" | "closed"

/**
 * What a shutdown does with a handler that is under way.
 *
 * - `interruptAtDeadline` (default): it may go on until `gracefulShutdownTimeout` has passed
 * - `interruptAtDrain`: it is interrupted when draining begins; 503 if it had not answered
 * - `wait`: it is never interrupted by a shutdown, which waits for it up to twice `gracefulShutdownTimeout`
 *
 * @since 0.1.0
 * @category models
 */
export type Policy = "interruptAtDeadline" | "interruptAtDrain" | "wait"
