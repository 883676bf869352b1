/**
 * The callback API on a `Network`: an object of the shape of `node:http` whose servers listen there and whose requests go
 * there, and whose timeouts follow the clock.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { Network, type ListenOptions, type Listener } from "@httpfx/core/Network"
import * as Timers from "@httpfx/core/Timers"
import { tcp, unix, type Transport } from "@httpfx/core/Transport"
import type * as nodeHttp from "node:http"
import type { AddressInfo } from "node:net"
import { inherits } from "node:util"
import { timersOption } from "../http/timers.js"
import { errorOf } from "../internal/fault.js"
import { TransportSocket } from "../internal/transportSocket.js"
import { ConnectingSocket, faultOfFailure } from "./connecting.js"
import { http } from "./modules.js"

type Http = typeof nodeHttp
type Options = { readonly [name: string]: unknown }
type Callback = (...args: Array<unknown>) => void

/** What `net.Server` keeps of itself, whose own methods work on it. */
interface Listening extends nodeHttp.Server {
  _handle: object | null
  _connections: number
  _pipeName: string | undefined
  _emitCloseIfDrained(): void
}

interface Means {
  readonly network: typeof Network.Service
  readonly timers: Timers.Timers
  readonly runtime: Runtime.Runtime<never>
  readonly servers: Set<nodeHttp.Server>
  readonly sockets: Set<TransportSocket>
}

const coded = (code: string, message: string) => Object.assign(new Error(message), { code })

/** The ways in which `listen` is called. */
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

/** The listener of a network as the handle of a `net.Server`. */
const handleOf = (listener: Listener, close: () => void) => ({
  close,
  ref: () => listener.ref(),
  unref: () => listener.unref(),
  getsockname: (out: AddressInfo) => {
    const { address } = listener
    if (address._tag === "TcpAddress") {
      const { hostname, port } = address
      Object.assign(out, { address: hostname, family: hostname.includes(":") ? "IPv6" : "IPv4", port })
    }
    return 0
  }
})

const track = (means: Means, socket: TransportSocket): void => {
  means.sockets.add(socket)
  socket.once("close", () => means.sockets.delete(socket))
}

const accept = (means: Means, server: Listening, transport: Transport): void => {
  if (server.maxConnections && server._connections >= server.maxConnections) {
    transport.reset()
    server.emit("drop", undefined)
    return
  }
  const socket = new TransportSocket(transport, {
    allowHalfOpen: true,
    resetOnError: false,
    timers: means.timers
  })
  track(means, socket)
  server._connections++
  socket.once("close", () => {
    server._connections--
    server._emitCloseIfDrained()
  })
  server.emit("connection", socket)
}

const listen = (means: Means, server: Listening, args: ReadonlyArray<unknown>): nodeHttp.Server => {
  const { callback, options } = readListen(args)
  if (server._handle) {
    throw coded("ERR_SERVER_ALREADY_LISTEN", "Listen method has been called more than once without closing.")
  }
  if (callback !== undefined) server.once("listening", callback)
  const run = Runtime.runSync(means.runtime)
  const scope = run(Scope.make())
  const close = () => void Runtime.runFork(means.runtime, Scope.close(scope, Exit.void))
  const listening = means.network.listen(listenOptions(options), (transport) =>
    accept(means, server, transport)
  )
  // Until it is known, the server is one that listens.
  server._handle = { close, ref: () => {}, unref: () => {} }
  means.servers.add(server)
  server.once("close", () => means.servers.delete(server))
  Runtime.runCallback(means.runtime, Scope.extend(listening, scope), {
    onExit: (exit) => {
      if (Exit.isSuccess(exit)) {
        if (server._handle === null) return close()
        const { address } = exit.value
        server._handle = handleOf(exit.value, close)
        server._pipeName = address._tag === "UnixAddress" ? address.path : undefined
        process.nextTick(() => {
          if (server._handle !== null) server.emit("listening")
        })
      } else {
        server._handle = null
        const failure = exit.cause._tag === "Fail" ? exit.cause.error : exit.cause
        process.nextTick(() => server.emit("error", errorOf(faultOfFailure(failure, "listen"))))
      }
    }
  })
  const { signal } = options as { signal?: AbortSignal }
  signal?.addEventListener("abort", () => void server.close(), { once: true })
  return server
}

const connect = (means: Means, options: Options): TransportSocket => {
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
  const socket = new ConnectingSocket(opening, means.runtime, means.timers)
  track(means, socket)
  // As `net.connect` does: the agent's timeout is the socket's.
  if (typeof options["timeout"] === "number" && options["timeout"] > 0) socket.setTimeout(options["timeout"])
  return socket
}

/** A constructor that works with and without `new`, as those of `node:http` do. */
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

const bind = (means: Means): Http => {
  const Agent = constructor(http.Agent as unknown as Callback, (parent, args) => parent(...args))
  Object.assign(Agent.prototype as object, {
    createConnection: (options: Options) => connect(means, options)
  })

  const Server = constructor(http.Server as unknown as Callback, (parent, [first, second]) => {
    const options =
      typeof first === "function" || first === undefined || first === null ? {} : (first as object)
    parent({ ...options, [timersOption]: means.timers }, typeof first === "function" ? first : second)
  })
  Object.assign(Server.prototype as object, {
    listen(this: Listening, ...args: Array<unknown>) {
      return listen(means, this, args)
    }
  })

  let globalAgent = new (Agent as unknown as typeof nodeHttp.Agent)({
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
    new (ClientRequest as unknown as new (...args: Array<unknown>) => nodeHttp.ClientRequest)(...args)

  const bound = Object.defineProperties({}, Object.getOwnPropertyDescriptors(http)) as {
    [name: string]: unknown
  }
  // Its connections are the system's.
  delete bound["WebSocket"]
  Object.assign(bound, {
    Agent,
    Server,
    ClientRequest,
    createServer: (...args: Array<unknown>) =>
      new (Server as unknown as new (...args: Array<unknown>) => nodeHttp.Server)(...args),
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
  return bound as unknown as Http
}

/**
 * An object of the shape of `node:http` on the `Network` in the context: `createServer().listen(80, "api.test")` listens there,
 * `request` connects there. Timeouts of servers, sockets and agents, and `Date`, follow the current `Clock`: on a network in memory
 * with a test's clock legacy code runs without ports and in virtual time.
 *
 * What legacy code waits for by itself (`setTimeout`) is in real time, and agents and requests of other modules use real
 * sockets. The end of the scope closes its servers and resets every connection.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeHttp: Effect.Effect<Http, never, Network | Scope.Scope> = Effect.gen(function* () {
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
  return bind(means)
})
