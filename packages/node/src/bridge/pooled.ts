/**
 * Callback agents over an agent of core. Each request of the callback API borrows a connection from core's
 * pool and returns the connection afterwards. Requests of both APIs therefore share connections, limits and
 * queues.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Agent from "@httpfx/core/Agent"
import type { ConnectionOptions } from "@httpfx/core/Client"
import * as Lease from "@httpfx/core/Lease"
import type { TlsOptions } from "@httpfx/core/Network"
import * as Timers from "@httpfx/core/Timers"
import { isIP } from "node:net"
import type * as nodeHttp from "node:http"
import type * as nodeHttps from "node:https"
import { errorOf } from "../socket/fault.js"
import { TransportSocket } from "../socket/transportSocket.js"
import { faultOfFailure } from "./connecting.js"
import { http, https } from "./modules.js"

/**
 * The agents of both protocols over one pool.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallbackAgents {
  /** For `http.request({ agent })`. */
  readonly http: nodeHttp.Agent
  /** For `https.request({ agent })`. */
  readonly https: nodeHttps.Agent
}

type Options = { readonly [name: string]: unknown }

interface Socket extends TransportSocket {
  _httpMessage?: Request | null
}

interface Request {
  readonly timeout?: number
  readonly shouldKeepAlive: boolean
  readonly res: nodeHttp.IncomingMessage | null
  reusedSocket: boolean
  getHeader(name: string): unknown
  onSocket(socket: Socket | undefined, error?: Error): void
}

/** The members of `http.Agent` that this module uses. Node's documentation allows subclasses to use them. */
interface Pooled {
  options: Options
  keepAlive: boolean
  totalSocketCount: number
  requests: { [name: string]: Array<Request> | undefined }
  sockets: { [name: string]: Array<Socket> | undefined }
  getName(options: Options): string
}

const text = (value: unknown): string | undefined =>
  value === undefined || value === null
    ? undefined
    : Array.isArray(value)
      ? value.map(text).join("\n")
      : String(value)

// The `Host` field determines the SNI name, because the certificate must match the host of the request (RFC
// 9110 §4.3.4).
const serverName = (options: Options, req: Request, host: string): string | undefined => {
  if (typeof options["servername"] === "string" && options["servername"] !== "") return options["servername"]
  const field = req.getHeader("host")
  if (typeof field !== "string") return undefined
  const name = /^\[?(.*?)\]?(?::\d+)?$/.exec(field)![1]!
  return name === host || isIP(name) ? undefined : name
}

const tlsOf = (options: Options, req: Request, host: string): Omit<TlsOptions, "role"> | undefined => {
  const tls: { [name: string]: unknown } = {
    serverName: serverName(options, req, host),
    ca: text(options["ca"]),
    cert: text(options["cert"]),
    key: text(options["key"]),
    pfx: options["pfx"],
    passphrase: options["passphrase"],
    rejectUnauthorized: options["rejectUnauthorized"],
    checkServerIdentity: options["checkServerIdentity"],
    ciphers: options["ciphers"],
    minVersion: options["minVersion"],
    maxVersion: options["maxVersion"]
  }
  for (const name in tls) if (tls[name] === undefined) delete tls[name]
  return Object.keys(tls).length === 0 ? undefined : tls
}

// Return `undefined` if none of these options is set. The callback request then has the same pool key as an
// Effect request.
const connectionOf = (
  options: Options,
  tls: Omit<TlsOptions, "role"> | undefined
): ConnectionOptions | undefined => {
  const family = options["family"] === 4 || options["family"] === 6 ? options["family"] : undefined
  const localAddress = text(options["localAddress"])
  const socketPath = text(options["socketPath"])
  return family === undefined && localAddress === undefined && socketPath === undefined && tls === undefined
    ? undefined
    : { family, localAddress, socketPath, tls }
}

const drop = <A>(lists: { [name: string]: Array<A> | undefined }, name: string, item: A): void => {
  const list = lists[name]
  const at = list?.indexOf(item) ?? -1
  if (list === undefined || at < 0) return
  list.splice(at, 1)
  if (list.length === 0) delete lists[name]
}

const pooled = (
  Base: typeof nodeHttp.Agent,
  protocol: "http:" | "https:",
  agent: Agent.Service,
  runtime: Runtime.Runtime<never>,
  timers: Timers.Timers
): nodeHttp.Agent => {
  const settled = (self: Pooled, req: Request, name: string, exit: Exit.Exit<Lease.Lease, unknown>) => {
    drop(self.requests, name, req)
    if (Exit.isSuccess(exit)) return lent(self, req, name, exit.value)
    req.onSocket(undefined, errorOf(faultOfFailure(Cause.squash(exit.cause), "connect")))
  }

  const lent = (self: Pooled, req: Request, name: string, lease: Lease.Lease) => {
    const socket: Socket = new TransportSocket(lease.transport, { timers, resetOnError: false })
    ;(self.sockets[name] ??= []).push(socket)
    self.totalSocketCount++
    let over = false
    const end = (how: () => void) => {
      if (over) return
      over = true
      drop(self.sockets, name, socket)
      self.totalSocketCount--
      how()
    }
    socket.on("free", () => {
      const served = socket._httpMessage
      socket._httpMessage = null
      const hint = served?.res?.headers["keep-alive"]
      end(() => {
        if (served?.shouldKeepAlive === false || !socket.writable) lease.close()
        else lease.release(typeof hint === "string" ? hint : undefined)
      })
    })
    socket.once("close", () => end(lease.close))
    socket.once("agentRemove", () => end(lease.keep))
    req.reusedSocket = lease.reused
    if (req.timeout !== undefined) socket.setTimeout(req.timeout)
    req.onSocket(socket)
  }

  class PooledAgent extends Base {
    addRequest(req: Request, given: Options | string, port?: number, localAddress?: string): void {
      const self = this as unknown as Pooled
      const asked: Options = typeof given === "string" ? { host: given, port, localAddress } : given
      const options: Options = { ...asked, ...self.options, path: undefined }
      const name = self.getName(options)
      const host = text(options["host"]) ?? "localhost"
      const destination: Lease.Destination = {
        protocol,
        host: host.replace(/^\[|\]$/g, "").toLowerCase(),
        port: Number(options["port"] ?? (protocol === "http:" ? 80 : 443)),
        connection: connectionOf(options, protocol === "https:" ? tlsOf(options, req, host) : undefined)
      }
      ;(self.requests[name] ??= []).push(req)
      const take = Effect.withUnhandledErrorLogLevel(Lease.take(agent, destination), Option.none())
      // This fiber is never interrupted, so the observer receives every lease that the pool grants, and no
      // lease leaks.
      Runtime.runFork(runtime, take).addObserver((exit) => settled(self, req, name, exit))
    }
  }
  return new PooledAgent({ keepAlive: Lease.keepsConnections(agent) })
}

/**
 * Makes callback agents that use the connections of an `Agent`. Every callback request borrows a connection
 * from that `Agent` and returns the connection afterwards. The `Agent`'s limits and queue apply. A callback
 * request can reuse an idle connection of an Effect client, and vice versa.
 *
 * In a callback agent, `sockets` lists the sockets that its requests are using, and `requests` lists its
 * queued requests. `freeSockets` stays empty, because idle connections belong to the pool. Limits of a
 * callback agent, such as `maxSockets`, have no effect. `destroy()` destroys the sockets in use.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toCallbackAgents: Effect.Effect<CallbackAgents, never, Agent.Agent> = Effect.gen(function* () {
  const agent = yield* Agent.Agent
  const runtime = yield* Effect.runtime<never>()
  const timers = Timers.backgroundFromClock(yield* Effect.clock)
  return {
    http: pooled(http.Agent, "http:", agent, runtime, timers),
    https: pooled(https.Agent, "https:", agent, runtime, timers) as nodeHttps.Agent
  }
})
