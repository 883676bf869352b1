/**
 * Lends an agent's connections to other drivers, such as the callback API of `@httpfx/node`. A driver borrows
 * a connection, uses it for one exchange and returns it. Loans count against the agent's limits, wait in its
 * queues and follow its keep-alive policy, as the agent's own requests do.
 *
 * @since 0.1.0
 */
import { poolOf, type Service as Agent } from "./internal/client/agent.js"

export { take, type Destination, type LeaseError } from "./internal/client/lease.js"
export type { Lease } from "./connection/client/loan.js"

/**
 * Whether the agent keeps connections alive. If it does not, a driver must send `Connection: close`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const keepsConnections = (agent: Agent): boolean => poolOf(agent).keepAlive
