/**
 * The way from an agent, as users hold it, to the pool that does its work.
 *
 * Users see what an agent tells; only clients reach through. An agent that is not ours has no pool: a defect.
 */
import type { Service } from "../Agent.js"
import type { ClientPool } from "./clientPool.js"

const pools = new WeakMap<Service, ClientPool>()

export const bind = (agent: Service, pool: ClientPool): void => {
  pools.set(agent, pool)
}

export const poolOf = (agent: Service): ClientPool => {
  const pool = pools.get(agent)
  if (pool === undefined) throw new Error("an agent that was not made by Agent.make")
  return pool
}
