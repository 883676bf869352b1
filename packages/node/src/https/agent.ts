/** `https.Agent`: an agent for TLS sockets. The agent caches TLS sessions for later handshakes. */
import { secureConnectionName, sniName, type NameOptions } from "@httpfx/core/pool"
import type * as https from "node:https"
import { checkServerIdentity, connect } from "node:tls"
import { Agent as HttpAgent, globalProxyEnv, setProxy } from "../http/client/agent.js"
import type { AgentLike, ConnectOptions } from "../http/client/shapes.js"
import { provideSecureGlobals } from "../http/client/globalProxy.js"
import { callParent, inherit } from "../http/own/inherit.js"
import { provideSecureAgent } from "../http/own/webSocket.js"
import type { ProxyEnv } from "../http/client/proxyChoice.js"
import type { HttpSocket } from "../http/message/shapes.js"

interface TlsAgent extends AgentLike {
  maxCachedSessions: number
  _sessionCache: { map: { [key: string]: Buffer }; list: Array<string> }
  _getSession(key: string): Buffer | undefined
  _cacheSession(key: string, session: Buffer): void
  _evictSession(key: string): void
}

/**
 * The key of a number that identifies a request with its own `checkServerIdentity`. The number is stored on
 * the options of that request and on its socket.
 */
const ownCheck = Symbol("checkServerIdentity of the request")
let checks = 0

interface Checked {
  [ownCheck]?: number | undefined
  readonly agent?: { readonly options?: { readonly checkServerIdentity?: unknown } } | false | null
  readonly checkServerIdentity?: unknown
}

/**
 * Marks the options of a request that has its own `checkServerIdentity`. Only this request has accepted the
 * certificate of the server, so other requests must not use its connection or its TLS session.
 */
export const withOwnCheck = (options: ConnectOptions, usual: unknown): ConnectOptions => {
  const own = options as Checked
  const check = own.checkServerIdentity
  if (check === undefined || check === checkServerIdentity) return options
  const agent = own.agent ?? (usual as Checked["agent"])
  if (!agent || agent.options?.checkServerIdentity === undefined) own[ownCheck] = ++checks
  return options
}

function Agent(this: TlsAgent, options?: https.AgentOptions): unknown {
  if (!(this instanceof Agent)) return new (Agent as unknown as typeof https.Agent)(options)
  callParent(HttpAgent, this, options)
  const own = options as { defaultPort?: number; protocol?: string } | undefined
  this.defaultPort = own?.defaultPort ?? 443
  this.protocol = own?.protocol ?? "https:"
  setProxy(this, (options as { proxyEnv?: ProxyEnv } | undefined)?.proxyEnv)
  this.maxCachedSessions = options?.maxCachedSessions ?? 100
  this._sessionCache = { map: {}, list: [] }
  return undefined
}
inherit(Agent, HttpAgent)

const proto = Agent.prototype as TlsAgent
const base = HttpAgent.prototype as unknown as AgentLike

/**
 * Parses the arguments in any of three call signatures: (options), (port, options) or (port, host, options).
 */
const readArguments = (port: unknown, host: unknown, options: unknown): ConnectOptions => {
  if (port !== null && typeof port === "object") return port as ConnectOptions
  let read: ConnectOptions
  if (host !== null && typeof host === "object") read = { ...(host as object) }
  else if (options === null || typeof options !== "object") read = {}
  else read = { ...options }
  if (typeof port === "number") read.port = port
  if (typeof host === "string") read.host = host
  return read
}

Object.assign(proto, {
  createConnection(this: TlsAgent, port: unknown, host: unknown, given: unknown): HttpSocket {
    let options = readArguments(port, host, given)
    const checked = (options as Checked)[ownCheck]
    const key = checked === undefined ? (options["_agentKey"] as string | undefined) : undefined
    if (key) {
      const session = this._getSession(key)
      if (session) options = { session, ...options }
    }
    const { servername } = options
    // Remove the final dot only for SNI. As in Node, the lists of the agent use the name as given.
    if (servername?.endsWith(".")) options = { ...options, servername: sniName(servername) }
    const socket = connect(options as never) as unknown as HttpSocket & Checked
    if (checked !== undefined) socket[ownCheck] = checked
    if (key) {
      socket.on("session", (session: Buffer) => this._cacheSession(key, session))
      // After a connection has failed, its TLS session must not be resumed.
      socket.once("close", (failed: boolean) => {
        if (failed) this._evictSession(key)
      })
    }
    return socket
  },

  getName(this: TlsAgent, options?: ConnectOptions): string {
    const name = secureConnectionName(options as NameOptions)
    const checked = (options as Checked | undefined)?.[ownCheck]
    return checked === undefined ? name : `${name}:${checked}`
  },

  keepSocketAlive(this: TlsAgent, socket: HttpSocket & Checked): boolean {
    return socket[ownCheck] === undefined && base.keepSocketAlive.call(this, socket)
  },

  _getSession(this: TlsAgent, key: string): Buffer | undefined {
    return this._sessionCache.map[key]
  },

  _cacheSession(this: TlsAgent, key: string, session: Buffer): void {
    if (this.maxCachedSessions === 0) return
    const { list, map } = this._sessionCache
    if (!map[key]) {
      if (list.length >= this.maxCachedSessions) delete map[list.shift()!]
      list.push(key)
    }
    map[key] = session
  },

  _evictSession(this: TlsAgent, key: string): void {
    const { list, map } = this._sessionCache
    const index = list.indexOf(key)
    if (index < 0) return
    list.splice(index, 1)
    delete map[key]
  }
})

/** `https.Agent`. */
const typed = Agent as unknown as typeof https.Agent
export { typed as Agent }

const makeGlobalAgent = (proxyEnv?: ProxyEnv): https.Agent =>
  new typed({
    keepAlive: true,
    scheduling: "lifo",
    timeout: 5000,
    ...(proxyEnv === undefined ? globalProxyEnv() : { proxyEnv })
  } as https.AgentOptions)

const globals = { agent: makeGlobalAgent() }
export const globalAgent = (): https.Agent => globals.agent
provideSecureAgent(globalAgent)
export const setGlobalAgent = (agent: https.Agent): void => {
  globals.agent = agent
}
provideSecureGlobals({
  get: globalAgent,
  set: (agent) => setGlobalAgent(agent as https.Agent),
  make: makeGlobalAgent
})
