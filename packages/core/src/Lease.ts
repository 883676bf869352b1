/**
 * Loans of an agent's connections to other drivers, such as the callback API of `@httpfx/node`: borrowed,
 * used for one exchange, returned. They count against the agent's limits, wait in its queues and are kept by
 * its policy, like those of its own requests.
 *
 * @since 0.1.0
 */
import { poolOf, type Service as Agent } from "./internal/client/agent.js"

export { take, type Destination, type LeaseError } from "./internal/client/lease.js"
export type { Lease } from "./connection/client/loan.js"

/**
 * Whether the agent keeps connections alive; if not, a driver sends `Connection: close`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const keepsConnections = (agent: Agent): boolean => poolOf(agent).keepAlive
