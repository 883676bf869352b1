/**
 * Checks the options of agents, clients and requests by tables, and returns an error for the first invalid
 * option. The defaults are in `connection/client/defaults.ts`.
 */
import type * as Duration from "effect/Duration"
import type { ConnectionOptions, ParserOptions, RequestOptions, Timeouts, UpgradeRequest } from "./request.js"
import type { Options } from "../client/agent.js"
import type { Proxies } from "../client/proxies.js"
import type { TimeLimits } from "../../connection/client/limits.js"
import type { InvalidOption } from "../../errors/server.js"
import { schedulings } from "../../pool/index.js"
import * as Check from "./checks.js"

/**
 * Options of a client that do not depend on its agent.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions {
  /** Timeouts per phase. Default: only the agent's `timeout` limits the phases. */
  readonly timeouts?: Timeouts | undefined
  /** Maximum time that an incomplete response body may stay unread. Default 30 seconds. */
  readonly unreadTimeout?: Duration.DurationInput | undefined
  /**
   * Proxies for all requests. Default: no proxy. `Proxy.fromEnvironment` reads the variables that curl reads.
   */
  readonly proxy?: Proxies | undefined
}

const ofAgent: Check.Complete<Options> = {
  tls: Check.anything,
  limits: Check.anything,
  keepAlive: Check.boolean,
  keepAliveMsecs: Check.finiteDuration,
  maxSockets: Check.limit(1),
  maxTotalSockets: Check.limit(1),
  maxFreeSockets: Check.limit(0),
  scheduling: Check.oneOf(...schedulings),
  timeout: Check.duration,
  idleTimeout: Check.duration,
  keepAliveTimeoutBuffer: Check.duration,
  maxAge: Check.duration,
  maxAgeJitter: Check.between(0, 1),
  maxCachedSessions: Check.limit(0),
  flags: Check.flags
}

const ofClient: Check.Complete<ClientOptions> = {
  timeouts: Check.anything,
  unreadTimeout: Check.duration,
  proxy: Check.anything
}

const ofProxies: Check.Complete<Proxies> = { http: Check.proxy, https: Check.proxy, noProxy: Check.string }

const steps: Record<keyof TimeLimits, Check.Check> = {
  queue: Check.duration,
  resolve: Check.duration,
  connect: Check.duration,
  secure: Check.duration,
  send: Check.duration,
  head: Check.duration,
  body: Check.duration,
  attempt: Check.duration,
  total: Check.duration
}

const { role: _role, ...tls } = Check.tls

/** Checks the options of an agent. */
export const refuseAgentOptions = (options: Options): InvalidOption | undefined =>
  Check.refuseUnknown(options, ofAgent) ??
  Check.refuseUnknown(options.limits, Check.sizes, "limits.") ??
  Check.refuseUnknown(options.tls, tls, "tls.")

/** Checks the options of a client that do not depend on its agent. */
export const refuseClientOptions = (options: ClientOptions): InvalidOption | undefined =>
  Check.refuseUnknown(options, ofClient) ??
  Check.refuseUnknown(options.timeouts, steps, "timeouts.") ??
  Check.refuseUnknown(options.proxy, ofProxies, "proxy.")

const ofRequest: Check.Complete<RequestOptions<unknown>> = {
  agent: Check.anything,
  timeouts: Check.anything,
  connection: Check.anything,
  parser: Check.anything,
  proxy: Check.anything,
  trailers: Check.anything,
  unreadTimeout: Check.duration,
  expectContinue: Check.boolean,
  continueTimeout: Check.duration,
  earlyAnswer: Check.oneOf("stop", "continue"),
  joinDuplicateHeaders: Check.boolean,
  onInformational: Check.callback
}

const ofConnection: Check.Checks<ConnectionOptions> = {
  family: Check.family,
  hints: Check.integer(0),
  localAddress: Check.string,
  localPort: Check.port,
  noDelay: Check.boolean,
  lookup: Check.callback,
  attemptDelay: Check.between(0, Infinity),
  socketPath: Check.string,
  createConnection: Check.callback
}

// The members of a request and its options are in one record, so both sets of names are known.
const ofMessage: Readonly<Record<keyof UpgradeRequest, unknown>> = {
  ...ofRequest,
  method: true,
  url: true,
  headers: true,
  uniqueHeaders: true,
  auth: true,
  setHost: true,
  setDefaultHeaders: true,
  body: true,
  protocol: true
}

const ofParser: Check.Complete<ParserOptions> = {
  maxHeaderSize: Check.integer(0),
  insecureHTTPParser: Check.boolean
}

// Most requests set none of these options, so skip the checks for them.
const saysSomething = (options: RequestOptions<unknown>): boolean =>
  options.timeouts !== undefined ||
  options.unreadTimeout !== undefined ||
  options.connection !== undefined ||
  options.parser !== undefined ||
  options.expectContinue !== undefined ||
  options.continueTimeout !== undefined ||
  options.earlyAnswer !== undefined ||
  options.joinDuplicateHeaders !== undefined ||
  options.onInformational !== undefined ||
  (options.proxy !== undefined && options.proxy !== false)

/** Checks the options of one request. */
export const refuseRequestOptions = (options: RequestOptions<unknown>): InvalidOption | undefined => {
  const refused = Check.refuseOthers(options, ofMessage)
  if (refused !== undefined || !saysSomething(options)) return refused
  const { connection, parser, proxy, timeouts } = options
  return (
    Check.refuse(options, ofRequest) ??
    Check.refuseUnknown(timeouts, steps, "timeouts.") ??
    Check.refuse(connection, ofConnection, "connection.") ??
    Check.refuse(connection?.tls, Check.tls, "connection.tls.") ??
    Check.refuseUnknown(parser, ofParser, "parser.") ??
    Check.refuseUnknown(proxy === false ? undefined : proxy, ofProxies, "proxy.")
  )
}
