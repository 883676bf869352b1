/**
 * Lends an agent's connections to other HTTP code, such as the callback API of `@httpfx/node`. The borrowing
 * code gets a connection, uses it for one exchange and returns it. Like the agent's own requests, these loans
 * count against the agent's limits, wait in its queues and follow its keep-alive options.
 *
 * @since 0.1.0
 */
import { poolOf, type Service as Agent } from "./internal/client/agent.js"

export { take, type Destination, type LeaseError } from "./internal/client/lease.js"
export type { Lease } from "./connection/client/loan.js"

/**
 * Returns whether the agent keeps connections alive. If `false`, the borrower of a connection must send
 * `Connection: close`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const keepsConnections = (agent: Agent): boolean => poolOf(agent).keepAlive
