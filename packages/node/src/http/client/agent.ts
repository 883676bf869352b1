/**
 * `http.Agent`: the pool that assigns sockets to requests. The lists of sockets and requests are plain
 * objects, which programs may read and change. Each step of an assignment is a method, which a subclass may
 * override. `pool/` of core makes the decisions.
 */
import {
  admit,
  choose,
  connectionName,
  keepAliveHintAsNode,
  nextAsNode,
  retain,
  type NameOptions,
  type Scheduling
} from "@httpfx/core/pool"
import { AsyncResource } from "node:async_hooks"
import { EventEmitter } from "node:events"
import type * as http from "node:http"
import { createConnection, isIP } from "node:net"
import { adoptContext, leaveContext } from "../../socket/fast/asyncHandle.js"
import { nextTick } from "../../time/realTime.js"
import { setHighWaterMark } from "../../socket/fast/highWaterMark.js"
import { startGuarding } from "../../socket/fast/idleGuard.js"
import { hasBytesWaiting } from "../../socket/fast/pendingRead.js"
import type { AgentLike, ClientReq, ConnectOptions, Lists, OnCreate } from "./shapes.js"
import { usesEnvProxy } from "../own/flags.js"
import { globalAgent, setGlobalAgent } from "./globalAgent.js"
import { providePlainGlobals } from "./globalProxy.js"
import { callParent, inherit } from "../own/inherit.js"
import { addressToProxy, goesBy, openTunnel, secureToProxy, toProxy, type TunnelError } from "./proxy.js"
import { proxyOf, type ProxyEnv } from "./proxyChoice.js"
import type { HttpSocket } from "../message/shapes.js"
import { onKeylog, proxyKey } from "../own/symbols.js"
import { validateNumber, validateOneOf, validateString } from "../own/validate.js"

/** The key of a queued request's connection options and of its asynchronous context. */
const waiting = Symbol("waiting")

interface Waiting extends ClientReq {
  [waiting]?: { readonly options: ConnectOptions; readonly resource: AsyncResource } | undefined
}

/**
 * Default of `agentKeepAliveTimeoutBuffer`, ms (as in Node 20). The agent closes an idle socket this long
 * before the timeout in the server's `Keep-Alive` field expires.
 */
const usualBuffer = 1000

const emptyLists = <T>(): Lists<T> => Object.create(null) as Lists<T>

function Agent(this: AgentLike, options?: http.AgentOptions & { [name: string]: unknown }): unknown {
  if (!(this instanceof Agent)) return new (Agent as unknown as typeof http.Agent)(options)
  callParent(EventEmitter, this, undefined)
  const own = (this.options = Object.assign(Object.create(null) as ConnectOptions, options))
  this.defaultPort = (own["defaultPort"] as number | undefined) || 80
  this.protocol = (own["protocol"] as string | undefined) || "http:"
  if (own["noDelay"] === undefined) own["noDelay"] = true
  // Remove the request path from the options, because `net.connect` takes `path` for the path of a Unix
  // socket.
  own["path"] = null
  this.requests = emptyLists()
  this.sockets = emptyLists()
  this.freeSockets = emptyLists()
  this.keepAliveMsecs = options?.keepAliveMsecs || 1000
  this.keepAlive = options?.keepAlive || false
  this.maxSockets = options?.maxSockets || Infinity
  this.maxFreeSockets = options?.maxFreeSockets || 256
  this.scheduling = options?.scheduling || "lifo"
  this.maxTotalSockets = options?.maxTotalSockets as number
  this.totalSocketCount = 0
  const buffer = options?.["agentKeepAliveTimeoutBuffer"]
  this.agentKeepAliveTimeoutBuffer =
    typeof buffer === "number" && buffer >= 0 && Number.isFinite(buffer) ? buffer : usualBuffer
  setProxy(this, options?.["proxyEnv"] as ProxyEnv | undefined)
  validateOneOf(this.scheduling, "scheduling", ["fifo", "lifo"])
  if (this.maxTotalSockets !== undefined) validateNumber(this.maxTotalSockets, "maxTotalSockets", 1)
  else this.maxTotalSockets = Infinity
  this.on("free", onFree)
  // When a program adds the first `keylog` listener, make all sockets report their TLS keys.
  this.on("newListener", onNewListener)
  return undefined
}
inherit(Agent, EventEmitter)

/**
 * Handles a socket that has become free. Assigns the socket to the next queued request, adds the socket to
 * the idle list, or destroys the socket.
 */
function onFree(this: AgentLike, socket: HttpSocket, options: ConnectOptions): void {
  const name = this.getName(options)
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const queue = this.requests[name]
  if (queue !== undefined && queue.length > 0) {
    // `isUsable` has destroyed this socket, so leave the request in the queue. The `close` event of the
    // socket makes the agent open another socket for the request.
    if (!isUsable(socket)) return
    assignWaiting(this, queue.shift()!, socket)
    if (queue.length === 0) delete this.requests[name]
    return
  }
  const req = socket._httpMessage
  const idle = this.freeSockets[name] ?? []
  const used = this.sockets[name]?.length ?? 0
  const crowded = this.totalSocketCount > this.maxTotalSockets || used + idle.length > this.maxSockets
  const kept = retain(
    { now: 0, free: idle.length, crowded, hint: undefined, agesAt: Infinity },
    {
      keepAlive: Boolean(this.keepAlive && req?.shouldKeepAlive),
      maxFreeSockets: this.maxFreeSockets,
      idleTimeout: Infinity,
      hintBuffer: 0
    }
  )
  if (kept._tag === "Close" || !this.keepSocketAlive(socket)) {
    socket.destroy()
    return
  }
  this.freeSockets[name] = idle
  leaveContext(socket)
  socket._httpMessage = null
  this.removeSocket(socket, options)
  socket.once("error", onIdleError)
  idle.push(socket)
  // Destroy the idle socket if bytes arrive, because the parser would take these bytes for the next response.
  startGuarding(socket)
}

function onIdleError(this: HttpSocket): void {
  this.destroy()
  this.emit("agentRemove")
}

function onNewListener(this: AgentLike, event: string): void {
  if (event !== "keylog" || this[onKeylog] !== undefined) return
  const listener = (this[onKeylog] = keylogListener(this))
  for (const lists of [this.sockets, this.freeSockets]) {
    for (const name in lists) for (const socket of lists[name]!) socket.on("keylog", listener)
  }
}

const keylogListener = (agent: AgentLike) =>
  function (this: HttpSocket, line: Buffer): void {
    agent.emit("keylog", line, this)
  }

/** Assigns a socket to a request. If the request has its own timeout, sets that timeout on the socket. */
const assign = (agent: AgentLike, req: ClientReq, socket: HttpSocket): void => {
  req.onSocket(socket)
  const timeout = agent.options.timeout || 0
  if (req.timeout === undefined || req.timeout === timeout) return
  socket.setTimeout(req.timeout)
}

/** Assigns a reused socket to a request, and moves the socket to the current asynchronous context. */
const assignReused = (agent: AgentLike, req: ClientReq, socket: HttpSocket): void => {
  adoptContext(socket)
  assign(agent, req, socket)
}

/** Assigns a reused socket to a queued request, in the asynchronous context in which the request was made. */
const assignWaiting = (agent: AgentLike, req: Waiting, socket: HttpSocket): void => {
  const held = req[waiting]
  req[waiting] = undefined
  if (held === undefined) assign(agent, req, socket)
  else held.resource.runInAsyncScope(assignReused, undefined, agent, req, socket)
}

/**
 * Returns the server name for SNI: the host of the `Host` field or, without that field, the host of the
 * options. Returns an empty string for IP addresses.
 */
const serverName = (options: ConnectOptions, req: ClientReq): string => {
  let name = options.host as string
  const host = req.getHeader("host")
  if (host) {
    validateString(host, "options.headers.host")
    name = hostOf(host as string)
  }
  return isIP(name) ? "" : name
}

const hostOf = (field: string): string => {
  if (!field.startsWith("[")) return field.split(":", 1)[0]!
  const end = field.indexOf("]")
  return end < 0 ? field : field.slice(1, end)
}

const connectOptions = (agent: AgentLike, req: ClientReq, given: ConnectOptions): ConnectOptions => {
  const options = Object.assign(Object.create(null) as ConnectOptions, given, agent.options)
  if (options.socketPath) options["path"] = options.socketPath
  if (!options.servername && options.servername !== "") options.servername = serverName(options, req)
  return options
}

const proto = Agent.prototype as AgentLike

const isAdmitted = (agent: AgentLike, open: number): boolean =>
  admit({ open, total: agent.totalSocketCount, idleElsewhere: 0 }, agent)._tag === "Open"

/**
 * Returns whether unread bytes are in the kernel's receive buffer. Such bytes are unsolicited, and the parser
 * would take them for the response to the next request.
 */
const hasUnreadBytes = (socket: HttpSocket): boolean => !socket.connecting && hasBytesWaiting(socket)

const isUsable = (socket: HttpSocket): boolean => {
  if (socket.destroyed) return false
  if (!hasUnreadBytes(socket)) return true
  socket.destroy()
  return false
}

/**
 * Chooses an idle socket for the next request, removes the socket from the list and returns it. Empties the
 * list if none of its sockets is usable.
 */
const takeIdle = (idle: Array<HttpSocket> | undefined, scheduling: string): HttpSocket | undefined => {
  const choice = choose(idle, scheduling as Scheduling, 0, isUsable)
  if (choice._tag === "Reuse") {
    idle!.splice(choice.index, 1)
    return choice.connection
  }
  if (idle !== undefined) idle.length = 0
  return undefined
}

/** Takes an idle socket from the list under this name. Deletes the list when it is empty. */
const takeIdleOf = (agent: AgentLike, name: string): HttpSocket | undefined => {
  const idle = agent.freeSockets[name]
  if (idle === undefined) return undefined
  const socket = takeIdle(idle, agent.scheduling)
  if (idle.length === 0) delete agent.freeSockets[name]
  return socket
}

const getName = function (this: AgentLike, options?: ConnectOptions): string {
  return connectionName(options as NameOptions)
}
Object.defineProperty(getName, "name", { value: "getName" })

const wanted = <K extends keyof ConnectOptions>(name: K, given: ConnectOptions, own: ConnectOptions) =>
  name in own ? own[name] : given[name]

/**
 * Returns the name under which the agent lists a connection. Reads the options of the request and of the
 * agent without merging the two objects.
 */
const plainName = (given: ConnectOptions, own: ConnectOptions): string =>
  connectionName({
    host: wanted("host", given, own) as string | undefined,
    port: wanted("port", given, own) as string | undefined,
    localAddress: wanted("localAddress", given, own) as string | undefined,
    family: wanted("family", given, own) as number | undefined,
    socketPath: wanted("socketPath", given, own) as string | undefined
  })

/** Sets the `highWaterMark` of a reused socket to the value that its next request wants. */
const adjust = (socket: HttpSocket, mark: unknown): void => {
  if (mark !== undefined && mark !== null && socket.writableHighWaterMark !== mark)
    setHighWaterMark(socket, mark)
}

/** Opens a connection to the host in the options, either directly or through the agent's proxy. */
const open = (agent: AgentLike, req: ClientReq, options: ConnectOptions, onCreate: OnCreate) => {
  const proxy = agent[proxyKey]
  if (!goesBy(proxy, options)) return agent.createConnection(options, onCreate)
  if (agent.protocol === "https:") {
    const secure = (socket: HttpSocket) => agent.createConnection({ ...options, socket }) as HttpSocket
    const timeout = req.timeout || options.timeout || 0
    openTunnel(proxy, options, { keepAlive: req.shouldKeepAlive, timeout, secure }, onCreate)
    return undefined
  }
  if (proxy.protocol === "https:") return secureToProxy(proxy)
  return agent.createConnection(toProxy(proxy, options), onCreate)
}

Object.assign(proto, {
  createConnection,

  getName,

  addRequest(
    this: AgentLike,
    req: ClientReq,
    given: ConnectOptions | string,
    port?: number,
    localAddress?: string
  ): void {
    const asked: ConnectOptions = typeof given === "string" ? { host: given, port, localAddress } : given
    if (
      this.getName === getName &&
      this[proxyKey] === undefined &&
      typeof req.getHeader("host") !== "object"
    ) {
      const name = plainName(asked, this.options)
      const kept = takeIdleOf(this, name)
      if (kept !== undefined) {
        adoptContext(kept)
        this.reuseSocket(kept, req)
        adjust(kept, wanted("highWaterMark", asked, this.options))
        assign(this, req, kept)
        ;(this.sockets[name] ??= []).push(kept)
        return
      }
    }
    const options = connectOptions(this, req, asked)
    const proxy = this[proxyKey]
    if (proxy !== undefined && this.protocol === "http:" && goesBy(proxy, options)) {
      addressToProxy(req, proxy, options)
    }
    const name = this.getName(options)
    const inUse = (this.sockets[name] ??= [])
    const socket = takeIdleOf(this, name)
    const idle = this.freeSockets[name]
    if (socket !== undefined) {
      adoptContext(socket)
      this.reuseSocket(socket, req)
      adjust(socket, options["highWaterMark"])
      assign(this, req, socket)
      inUse.push(socket)
    } else if (isAdmitted(this, (idle?.length ?? 0) + inUse.length)) {
      this.createSocket(req, options, (error, created) => {
        if (error) failToOpen(req, created, error)
        else assign(this, req, created!)
      })
    } else {
      ;(req as Waiting)[waiting] = { options, resource: new AsyncResource("QueuedRequest") }
      ;(this.requests[name] ??= []).push(req)
    }
  },

  createSocket(this: AgentLike, req: ClientReq, given: ConnectOptions, callback: OnCreate): void {
    const options = connectOptions(this, req, given)
    const name = this.getName(options)
    options["_agentKey"] = name
    options["encoding"] = null
    let called = false
    const onCreate: OnCreate = (error, socket) => {
      if (called) return
      called = true
      if (error) {
        callback(error)
        return
      }
      ;(this.sockets[name] ??= []).push(socket!)
      this.totalSocketCount++
      watch(this, socket!, options)
      callback(null, socket)
    }
    if (this.keepAlive) {
      options["keepAlive"] = this.keepAlive
      options["keepAliveInitialDelay"] = this.keepAliveMsecs
    }
    const socket = open(this, req, options, onCreate)
    if (socket) onCreate(null, socket as HttpSocket)
  },

  removeSocket(this: AgentLike, socket: HttpSocket, options: ConnectOptions): void {
    const name = this.getName(options)
    dropFrom(this.sockets, name, socket)
    if (!socket.writable) dropFrom(this.freeSockets, name, socket)
    serveWaiting(this, name, options)
  },

  keepSocketAlive(this: AgentLike, socket: HttpSocket): boolean {
    socket.setKeepAlive(true, this.keepAliveMsecs)
    socket.unref()
    const res = (socket._httpMessage as ClientReq | null | undefined)?.res
    const hint = res?.headers["keep-alive"] as string | undefined
    const timeout = this.options.timeout || 0
    const kept = retain(
      {
        now: 0,
        free: 0,
        crowded: false,
        hint: hint === undefined ? undefined : keepAliveHintAsNode(hint),
        agesAt: Infinity
      },
      {
        keepAlive: true,
        maxFreeSockets: Infinity,
        idleTimeout: timeout || Infinity,
        hintBuffer: this.agentKeepAliveTimeoutBuffer
      }
    )
    if (kept._tag === "Close") return false
    // A `Keep-Alive` hint of the server can only shorten the agent's `timeout`. If the agent has no
    // `timeout`, ignore the hint.
    const time = timeout === 0 ? 0 : kept.until
    if (socket.timeout !== time) socket.setTimeout(time)
    return true
  },

  reuseSocket(this: AgentLike, socket: HttpSocket, req: ClientReq): void {
    socket.removeListener("error", onIdleError)
    req.reusedSocket = true
    socket.ref()
  },

  destroy(this: AgentLike): void {
    for (const lists of [this.freeSockets, this.sockets]) {
      for (const name of Object.keys(lists)) for (const socket of [...lists[name]!]) socket.destroy()
    }
  }
})

/**
 * Fails a request for which no socket could be opened. If a tunnel has timed out, first emits `timeout` on
 * the request, as a timeout of the request's own socket would do.
 */
const failToOpen = (req: ClientReq, socket: HttpSocket | undefined, error: Error): void => {
  if ((error as TunnelError).proxyTunnelTimeout !== undefined) req.emit("timeout")
  req.onSocket(socket, error)
}

/** Opens a connection for the next queued request, if the limits allow another connection now. */
const serveWaiting = (agent: AgentLike, name: string, options: ConnectOptions): void => {
  const next = nextAsNode(agent, name)
  if (next === undefined) return
  const req = agent.requests[next]![0]!
  const held = (req as Waiting)[waiting]
  agent.createSocket(req, next !== name && held ? held.options : options, (error, created) => {
    if (error) {
      leaveQueue(agent, next, req)
      failToOpen(req, created, error)
      // No socket was opened, so no `close` event will make the agent serve its queue. Serve the queue in the
      // next tick.
      nextTick(() => {
        const open = (agent.sockets[next]?.length ?? 0) + (agent.freeSockets[next]?.length ?? 0)
        if (isAdmitted(agent, open)) serveWaiting(agent, name, options)
      })
    } else if (created!.destroyed && leaveQueue(agent, next, req)) {
      assignWaiting(agent, req, created!)
    } else {
      created!.emit("free")
    }
  })
}

/**
 * Removes a request from its queue. Called when opening a socket for the request failed, or when that socket
 * was destroyed in the same turn. Returns `false` if the request was not in the queue.
 */
const leaveQueue = (agent: AgentLike, name: string, req: ClientReq): boolean => {
  const queue = agent.requests[name]
  const index = queue?.indexOf(req) ?? -1
  if (queue === undefined || index < 0) return false
  queue.splice(index, 1)
  if (queue.length === 0) delete agent.requests[name]
  return true
}

const dropFrom = (lists: Lists<HttpSocket>, name: string, socket: HttpSocket): void => {
  const list = lists[name]
  if (list === undefined) return
  const index = list.indexOf(socket)
  if (index < 0) return
  list.splice(index, 1)
  if (list.length === 0) delete lists[name]
}

/** Adds the agent's listeners to a socket that the agent has opened. */
const watch = (agent: AgentLike, socket: HttpSocket, options: ConnectOptions): void => {
  const onSocketFree = (): void => {
    agent.emit("free", socket, options)
  }
  const onClose = (): void => {
    agent.totalSocketCount--
    agent.removeSocket(socket, options)
  }
  const onTimeout = (): void => {
    for (const name in agent.freeSockets) {
      if (agent.freeSockets[name]!.includes(socket)) {
        socket.destroy()
        return
      }
    }
  }
  // `agentRemove` means that the socket never returns to the agent, so remove the agent's listeners.
  const onRemove = (): void => {
    onClose()
    socket.removeListener("close", onClose)
    socket.removeListener("free", onSocketFree)
    socket.removeListener("timeout", onTimeout)
    socket.removeListener("agentRemove", onRemove)
  }
  socket.on("free", onSocketFree)
  socket.on("close", onClose)
  socket.on("timeout", onTimeout)
  socket.on("agentRemove", onRemove)
  if (agent[onKeylog] !== undefined) socket.on("keylog", agent[onKeylog])
}

/** `http.Agent`. */
const typed = Agent as unknown as typeof http.Agent & { defaultMaxSockets: number }
export { typed as Agent }
typed.defaultMaxSockets = Infinity

/** Sets the proxy of an agent. The environment determines the proxy for the protocol of the agent. */
export const setProxy = (agent: AgentLike, env: ProxyEnv | undefined): void => {
  // Return before `protocol` is read, because a subclass may set `protocol` only after this constructor
  // returns.
  if (env === undefined) return
  const proxy = proxyOf(env, agent.protocol)
  if (proxy !== undefined || agent[proxyKey] !== undefined) agent[proxyKey] = proxy
}

/** Returns `process.env` as the option `proxyEnv`, if `NODE_USE_ENV_PROXY=1` or `--use-env-proxy` is set. */
export const globalProxyEnv = (): { readonly proxyEnv?: ProxyEnv } =>
  process.env["NODE_USE_ENV_PROXY"] === "1" || usesEnvProxy ? { proxyEnv: process.env } : {}

/** Makes the default agent of the http module. https/agent.ts makes the default agent of the https module. */
const makeGlobalAgent = (proxyEnv?: ProxyEnv): http.Agent =>
  new typed({
    keepAlive: true,
    scheduling: "lifo",
    timeout: 5000,
    ...(proxyEnv === undefined ? globalProxyEnv() : { proxyEnv })
  } as http.AgentOptions)

setGlobalAgent(makeGlobalAgent() as unknown as AgentLike)
providePlainGlobals({
  get: globalAgent,
  set: (agent) => setGlobalAgent(agent as AgentLike),
  make: makeGlobalAgent
})
