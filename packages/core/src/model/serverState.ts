/**
 * The states of a server, and the policies of a shutdown for handlers.
 */

/**
 * State of a server.
 *
 * - `starting`: it listens; connections wait, because no app is served yet
 * - `ready`: it serves
 * - `lameDuck`: it serves as before, but readiness checks fail, so that new traffic goes elsewhere
 * - `draining`: it accepts no connections; each response is the last of its connection
 * - `closed`: no connection and no handler is left
 *
 * @since 0.1.0
 * @category models
 */
export type State = "starting" | "ready" | "lameDuck" | "draining" | "closed"

/**
 * How a shutdown treats a running handler.
 *
 * - `interruptAtDeadline` (default): it may run until `gracefulShutdownTimeout` has expired
 * - `interruptAtDrain`: it is interrupted when draining begins; 503 if it has not responded
 * - `wait`: a shutdown never interrupts it, but waits for it up to twice `gracefulShutdownTimeout`
 *
 * @since 0.1.0
 * @category models
 */
export type Policy = "interruptAtDeadline" | "interruptAtDrain" | "wait"
