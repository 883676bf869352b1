/**
 * Stores the current `http.globalAgent`, which is the default agent of requests. agent.ts creates the first
 * global agent, and programs may replace it.
 */
import type { AgentLike } from "./shapes.js"

let current: AgentLike

export const globalAgent = (): AgentLike => current
export const setGlobalAgent = (agent: AgentLike): void => {
  current = agent
}
