/**
 * The callback API on a `Network`. Makes objects with the members of `node:http` and `node:https`. Their
 * servers listen on that network, and their requests connect on it. Their timeouts follow the Effect clock.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { Network, type ListenOptions, type Listener } from "@httpfx/core/Network"
import * as Timers from "@httpfx/core/Timers"
import { tcp, unix, type Transport } from "@httpfx/core/Transport"
import type * as nodeHttp from "node:http"
import type * as nodeHttps from "node:https"
import type { AddressInfo } from "node:net"
import { inherits } from "node:util"
import { ownWebSocket, timersOption } from "../http/own/timers.js"
import {
  connectionClosed,
  connectionOpened,
  connectionsOf,
  setHandle,
  type ServerHandle
} from "../socket/fast/listening.js"
import { errorOf } from "../socket/fault.js"
import { TransportSocket } from "../socket/transportSocket.js"
import { clientTls, serverTls } from "./boundTls.js"
import { ConnectingSocket, faultOfFailure } from "./connecting.js"
import { http, https } from "./modules.js"
import { nextTick } from "../time/realTime.js"

type Options = { readonly [name: string]: unknown }
type Callback = (...args: Array<unknown>) => void

interface Listening extends nodeHttp.Server {
  /** The TLS options for handshakes (`https` only). */
  [tlsOptions]?: Options
  /** Certificates by host name, from `addContext` (`https` only). */
  [tlsContexts]?: Map<string, Options>
}

const tlsOptions = Symbol("tlsOptions")
const tlsContexts = Symbol("tlsContexts")

/** The default of the `handshakeTimeout` option of `tls.Server`, ms. */
const handshakeTimeout = 120_000

interface Means {
  readonly network: typeof Network.Service
  readonly timers: Timers.Timers
  readonly runtime: Runtime.Runtime<never>
  readonly servers: Set<nodeHttp.Server>
  readonly sockets: Set<TransportSocket>
}

const coded = (code: string, message: string) => Object.assign(new Error(message), { code })

/** Parses the arguments of `listen`, in any of Node's call signatures. */
const readListen = (args: ReadonlyArray<unknown>): { options: Options; callback: Callback | undefined } => {
  const callback = args.find((arg) => typeof arg === "function") as Callback | undefined
  const [first, second] = args
  if (typeof first === "object" && first !== null) return { options: first as Options, callback }
  if (typeof first === "string" && Number.isNaN(Number(first))) return { options: { path: first }, callback }
  const port = typeof first === "function" || first === undefined ? 0 : Number(first)
  return { options: { port, host: typeof second === "string" ? second : undefined }, callback }
}

const listenOptions = (options: Options): ListenOptions =>
  typeof options["path"] === "string"
    ? { path: options["path"] }
    : {
        port: Number(options["port"] ?? 0),
        ...(typeof options["host"] === "string" && { host: options["host"] })
      }

const addressOf = ({ address }: Listener): AddressInfo | undefined => {
  if (address._tag !== "TcpAddress") return undefined
  const { hostname, port } = address
  return { address: hostname, family: hostname.includes(":") ? "IPv6" : "IPv4", port }
}

/** Converts a network's listener to the handle that a `net.Server` needs. */
const handleOf = (listener: Listener, close: () => void): ServerHandle => ({
  close,
  ref: () => listener.ref(),
  unref: () => listener.unref(),
  address: addressOf(listener)
})

const track = (means: Means, socket: TransportSocket): void => {
  means.sockets.add(socket)
  socket.once("close", () => means.sockets.delete(socket))
}

const accept = (means: Means, server: Listening, transport: Transport): void => {
  if (server.maxConnections && connectionsOf(server) >= server.maxConnections) {
    transport.reset()
    server.emit("drop", undefined)
    return
  }
  const options = server[tlsOptions]
  const socket =
    options === undefined
      ? new TransportSocket(transport, { allowHalfOpen: true, resetOnError: false, timers: means.timers })
      : shakingHands(means, server, options, transport)
  track(means, socket)
  connectionOpened(server)
  socket.once("close", () => connectionClosed(server))
  if (options === undefined) server.emit("connection", socket)
}

/**
 * Starts a TLS handshake on an accepted connection. Emits `secureConnection` on the server when the handshake
 * succeeds, and `tlsClientError` when the handshake fails.
 */
const shakingHands = (
  means: Means,
  server: Listening,
  options: Options,
  transport: Transport
): ConnectingSocket => {
  const { handshakeTimeout: limit = handshakeTimeout } = options as { handshakeTimeout?: number }
  const shaken = means.network.secure(transport, serverTls(options, server[tlsContexts])).pipe(
    Effect.timeoutFail({
      duration: limit,
      onTimeout: () => coded("ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout")
    })
  )
  const socket = new ConnectingSocket(shaken, means.runtime, means.timers, { allowHalfOpen: true })
  const failed = (error: Error) => void server.emit("tlsClientError", error, socket)
  socket.once("error", failed)
  socket.once("connect", () => {
    socket.off("error", failed)
    server.emit("secureConnection", socket)
  })
  return socket
}

const listen = (means: Means, server: Listening, args: ReadonlyArray<unknown>): nodeHttp.Server => {
  const { callback, options } = readListen(args)
  if (server.listening) {
    throw coded("ERR_SERVER_ALREADY_LISTEN", "Listen method has been called more than once without closing.")
  }
  if (callback !== undefined) server.once("listening", callback)
  const run = Runtime.runSync(means.runtime)
  const scope = run(Scope.make())
  const close = () => void Runtime.runFork(means.runtime, Scope.close(scope, Exit.void))
  const listening = means.network.listen(listenOptions(options), (transport) =>
    accept(means, server, transport)
  )
  // `server.listening` must be true as soon as `listen` returns, but the network listens later. Set a
  // placeholder until then.
  setHandle(server, { close, ref: () => {}, unref: () => {} })
  means.servers.add(server)
  server.once("close", () => means.servers.delete(server))
  Runtime.runCallback(means.runtime, Scope.extend(listening, scope), {
    onExit: (exit) => {
      if (Exit.isSuccess(exit)) {
        if (!server.listening) return close()
        const { address } = exit.value
        const path = address._tag === "UnixAddress" ? address.path : undefined
        setHandle(server, handleOf(exit.value, close), path)
        nextTick(() => {
          if (server.listening) server.emit("listening")
        })
      } else {
        setHandle(server, null)
        const failure = exit.cause._tag === "Fail" ? exit.cause.error : exit.cause
        nextTick(() => server.emit("error", errorOf(faultOfFailure(failure, "listen"))))
      }
    }
  })
  const { signal } = options as { signal?: AbortSignal }
  signal?.addEventListener("abort", () => void server.close(), { once: true })
  return server
}

const connect = (
  means: Means,
  options: Options,
  secure?: (transport: Transport) => Effect.Effect<Transport, unknown>
): TransportSocket => {
  const { network } = means
  const { family, localAddress, localPort } = options as {
    family?: 4 | 6
    localAddress?: string
    localPort?: number
  }
  const path = options["socketPath"]
  const host = String(options["host"] ?? "localhost")
  const opening =
    typeof path === "string"
      ? network.connect(unix(path))
      : Effect.flatMap(network.resolve(host, { family: family || undefined }), ([{ address }]) =>
          network.connect(tcp(address, Number(options["port"])), { localAddress, localPort })
        )
  const socket = new ConnectingSocket(
    secure === undefined ? opening : Effect.flatMap(opening, secure),
    means.runtime,
    means.timers
  )
  if (secure !== undefined) socket.once("connect", () => socket.emit("secureConnect"))
  track(means, socket)
  // `net.connect` applies an agent's `timeout` to the socket, so do the same here.
  if (typeof options["timeout"] === "number" && options["timeout"] > 0) socket.setTimeout(options["timeout"])
  return socket
}

/** Makes a constructor that can be called with and without `new`, like the constructors of `node:http`. */
const constructor = (
  Parent: Callback,
  build: (parent: (...args: Array<unknown>) => void, args: ReadonlyArray<unknown>) => void
): Callback => {
  const Child = function (this: unknown, ...args: Array<unknown>): unknown {
    if (!(this instanceof Child))
      return new (Child as unknown as new (...args: Array<unknown>) => unknown)(...args)
    build((...given) => Parent.apply(this as never, given), args)
    return undefined
  } as Callback
  Object.defineProperty(Child, "name", { value: Parent.name })
  inherits(Child as never, Parent as never)
  Object.setPrototypeOf(Child, Parent)
  return Child
}

const isAddress = (value: unknown): boolean => typeof value === "string" || value instanceof URL

type New<A> = new (...args: Array<unknown>) => A

/** Makes the classes and functions that `http` and `https` have in common, from the given module. */
const bindModule = (
  means: Means,
  module: typeof nodeHttp | typeof nodeHttps,
  createConnection: (this: never, options: Options) => unknown
) => {
  const Agent = constructor(module.Agent as unknown as Callback, (parent, args) => parent(...args))
  Object.assign(Agent.prototype as object, { createConnection })

  const Server = constructor(module.Server as unknown as Callback, (parent, [first, second]) => {
    const options =
      typeof first === "function" || first === undefined || first === null ? {} : (first as object)
    parent({ ...options, [timersOption]: means.timers }, typeof first === "function" ? first : second)
  })
  Object.assign(Server.prototype as object, {
    listen(this: Listening, ...args: Array<unknown>) {
      return listen(means, this, args)
    }
  })

  let globalAgent = new (Agent as unknown as New<nodeHttp.Agent>)({
    keepAlive: true,
    scheduling: "lifo",
    timeout: 5000
  })
  const ClientRequest = constructor(http.ClientRequest as unknown as Callback, (parent, args) => {
    const [input, options, callback] = args
    const usual = { _defaultAgent: globalAgent }
    if (!isAddress(input)) parent({ ...usual, ...(input as object) }, options)
    else if (typeof options === "function") parent(input, usual, options)
    else parent(input, { ...usual, ...(options as object) }, callback)
  })
  const request = (...args: Array<unknown>) =>
    new (ClientRequest as unknown as New<nodeHttp.ClientRequest>)(...args)

  const bound = Object.defineProperties({}, Object.getOwnPropertyDescriptors(module)) as {
    [name: string]: unknown
  }
  Object.assign(bound, {
    Agent,
    Server,
    createServer: (...args: Array<unknown>) => new (Server as unknown as New<nodeHttp.Server>)(...args),
    request,
    get: (...args: Array<unknown>) => {
      const req = request(...args)
      req.end()
      return req
    }
  })
  Object.defineProperty(bound, "globalAgent", {
    configurable: true,
    enumerable: true,
    get: () => globalAgent,
    set: (agent: nodeHttp.Agent) => {
      globalAgent = agent
    }
  })
  return { bound, Server, ClientRequest, agent: () => globalAgent }
}

interface SessionCache {
  _getSession(key: string): Uint8Array | undefined
  _cacheSession(key: string, session: Uint8Array): void
  _evictSession(key: string): void
}

const bindHttps = (means: Means) => {
  const module = bindModule(means, https, function (this: SessionCache, options) {
    const key = options["_agentKey"] as string | undefined
    const tls = clientTls({
      ...(key !== undefined && { session: this._getSession(key) }),
      ...options,
      onSession: (session: Uint8Array) => {
        if (key !== undefined) this._cacheSession(key, session)
      }
    })
    const socket = connect(means, options, (transport) => means.network.secure(transport, tls))
    // Do not resume a TLS session after its connection has failed, as the agent of `node:https` does.
    if (key !== undefined) socket.once("close", (failed: boolean) => failed && this._evictSession(key))
    return socket
  })
  const { checkTls } = means.network
  Object.assign(module.Server.prototype as object, {
    // The constructor of `tls.Server` calls this method, and programs call it to renew a certificate.
    setSecureContext(this: Listening, options: Options) {
      const exit = checkTls && Runtime.runSyncExit(means.runtime)(checkTls(serverTls(options, undefined)))
      if (exit !== undefined && Exit.isFailure(exit)) {
        throw errorOf(faultOfFailure(Cause.squash(exit.cause), "connect"))
      }
      this[tlsOptions] = options
    },
    addContext(this: Listening, name: string, options: Options) {
      ;(this[tlsContexts] ??= new Map()).set(name, options)
    }
  })
  return module
}

const bindHttp = (means: Means, secureAgent: () => nodeHttp.Agent) => {
  const module = bindModule(means, http, (options) => connect(means, options))
  const { agent, bound, ClientRequest } = module
  const Own = (http as unknown as { [ownWebSocket]: New<object> })[ownWebSocket]
  class WebSocket extends Own {
    constructor(url: string | URL, given: unknown = []) {
      const options = typeof given === "string" || Array.isArray(given) ? { protocols: given } : given
      const secure = /^(wss|https):/i.test(String(url))
      super(url, { agent: secure ? secureAgent() : agent(), ...(options as object) })
    }
  }
  Object.defineProperty(bound, "WebSocket", { configurable: true, enumerable: true, value: WebSocket })
  Object.assign(bound, { ClientRequest })
  return bound
}

const means = Effect.gen(function* () {
  const means: Means = {
    network: yield* Network,
    timers: Timers.backgroundFromClock(yield* Effect.clock),
    runtime: yield* Effect.runtime<never>(),
    servers: new Set(),
    sockets: new Set()
  }
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const server of [...means.servers]) server.close()
      for (const socket of [...means.sockets]) socket.resetAndDestroy()
    })
  )
  return means
})

/**
 * Makes an object with the members of `node:http` that uses the `Network` in the context.
 * `createServer().listen(80, "api.test")` listens on that network, and `request` and `WebSocket` connect on
 * it. Timeouts of servers, sockets and agents, and `Date` fields, follow the current `Clock`. On a network in
 * memory with a test clock, existing code therefore runs without ports and in virtual time.
 *
 * Two things stay real. Code that calls the global `setTimeout` waits in real time, and agents and requests
 * of other modules use real sockets. Closing the scope closes all servers made with the object and resets all
 * of their connections.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeHttp: Effect.Effect<typeof nodeHttp, never, Network | Scope.Scope> = Effect.map(
  means,
  (means) => bindHttp(means, bindHttps(means).agent) as unknown as typeof nodeHttp
)

/**
 * Makes an object with the members of `node:https` that uses the `Network` in the context. The object
 * otherwise behaves like the object of `makeHttp`. The network does the TLS handshakes. On a network in
 * memory, `cert`, `key` and `ca` are texts of `MemoryTls`, and handshakes fail with the same codes as real
 * handshakes.
 *
 * Certificates by host name come from `addContext`. `SNICallback` and contexts of `tls.createSecureContext`
 * are ignored. A handshake takes at most `handshakeTimeout` (milliseconds, default 120000).
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeHttps: Effect.Effect<typeof nodeHttps, never, Network | Scope.Scope> = Effect.map(
  means,
  (means) => bindHttps(means).bound as unknown as typeof nodeHttps
)
