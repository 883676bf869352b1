/**
 * What the options of agents and clients must be: tables, and the refusal of the first that is not. Defaults are `Agent`'s and
 * `clientRequest`'s.
 */
import type * as Agent from "../Agent.js"
import type * as Client from "../Client.js"
import type { Proxies } from "../Proxy.js"
import type { Step } from "./clientTimeouts.js"
import type { InvalidOption } from "./serverErrors.js"
import * as Check from "./optionChecks.js"
import type { Limits } from "../wire/index.js"

const ofAgent: Check.Checks<Agent.Options> = {
  keepAlive: Check.boolean,
  keepAliveMsecs: Check.finiteDuration,
  maxSockets: Check.limit(1),
  maxTotalSockets: Check.limit(1),
  maxFreeSockets: Check.limit(0),
  scheduling: Check.oneOf("lifo", "fifo"),
  timeout: Check.duration,
  idleTimeout: Check.duration,
  keepAliveTimeoutBuffer: Check.duration,
  maxAge: Check.duration,
  maxAgeJitter: Check.between(0, 1),
  maxCachedSessions: Check.limit(0),
  flags: Check.flags
}

const ofClient: Check.Checks<Client.ClientOptions> = { unreadTimeout: Check.duration }

const ofProxies: Check.Checks<Proxies> = { http: Check.proxy, https: Check.proxy, noProxy: Check.string }

const steps: Record<Step | "total", Check.Check> = {
  queue: Check.duration,
  resolve: Check.duration,
  connect: Check.duration,
  secure: Check.duration,
  send: Check.duration,
  head: Check.duration,
  body: Check.duration,
  total: Check.duration
}

/** Of an agent, and of a client with an agent of its own. */
export const refuseAgentOptions = (options: Agent.Options): InvalidOption | undefined =>
  Check.refuse(options, ofAgent) ??
  Check.refuse<Partial<Limits>>(options.limits, Check.sizes, "limits.") ??
  Check.refuse(options.tls, Check.tls, "tls.")

/** Of a client, whatever its agent is. */
export const refuseClientOptions = (options: Client.ClientOptions): InvalidOption | undefined =>
  Check.refuse(options, ofClient) ??
  Check.refuse(options.timeouts, steps, "timeouts.") ??
  Check.refuse(options.proxy, ofProxies, "proxy.")
