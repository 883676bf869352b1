/**
 * Types of a client's objects: requests, agents and connection options. The types declare only the members
 * that the files of this folder use.
 */
import type { EventEmitter } from "node:events"
import type { Duplex } from "node:stream"
import type { Proxy } from "./proxyChoice.js"
import type { HttpSocket, Incoming, Outgoing, SocketParser } from "../message/shapes.js"
import type { destroyedBy, onKeylog, proxyKey, startTime, target } from "../own/symbols.js"
import type { HttpValidation } from "../own/validate.js"

/** The options of a connection. Options of the agent take precedence over options of the request. */
export interface ConnectOptions {
  [name: string]: unknown
  host?: string | undefined
  port?: number | string | undefined
  localAddress?: string | undefined
  family?: number | undefined
  socketPath?: string | undefined
  servername?: string | undefined
  timeout?: number | undefined
}

export type Lists<T> = { [name: string]: Array<T> | undefined }
export type OnCreate = (error: Error | null, socket?: HttpSocket) => void

/** `http.Agent`, or an object with its members. */
export interface AgentLike extends EventEmitter {
  defaultPort: number
  protocol: string
  options: ConnectOptions
  requests: Lists<ClientReq>
  sockets: Lists<HttpSocket>
  freeSockets: Lists<HttpSocket>
  keepAliveMsecs: number
  keepAlive: boolean
  maxSockets: number
  maxFreeSockets: number
  scheduling: string
  maxTotalSockets: number
  totalSocketCount: number
  agentKeepAliveTimeoutBuffer: number
  createConnection(options: ConnectOptions, callback?: OnCreate): HttpSocket | Duplex | null | undefined
  getName(options?: ConnectOptions): string
  addRequest(req: ClientReq, options: ConnectOptions | string, port?: unknown, localAddress?: unknown): void
  createSocket(req: ClientReq, options: ConnectOptions, callback: OnCreate): void
  removeSocket(socket: HttpSocket, options: ConnectOptions): void
  keepSocketAlive(socket: HttpSocket): boolean
  reuseSocket(socket: HttpSocket, req: ClientReq): void
  destroy(): void
  [proxyKey]?: Proxy | undefined
  [onKeylog]?: (this: HttpSocket, line: Buffer) => void
}

/** `http.ClientRequest` with its internal members. */
export interface ClientReq extends Outgoing {
  [destroyedBy]?: Error | null | undefined
  agent: AgentLike | false | null | undefined
  socketPath: string | undefined
  timeout?: number
  method: string
  maxHeaderSize: number | undefined
  insecureHTTPParser: boolean | undefined
  httpValidation: HttpValidation | undefined
  joinDuplicateHeaders: boolean | undefined
  path: string
  [target]: string
  _ended: boolean
  res: Incoming | null
  aborted: boolean
  timeoutCb: (() => void) | null
  upgradeOrConnect: boolean
  parser: SocketParser | null
  maxHeadersCount: number | null
  reusedSocket: boolean
  host: string
  protocol: string
  [startTime]?: number
  abort(): void
  onSocket(socket: HttpSocket | undefined, error?: Error): void
  _deferToConnect(method: string, args: ReadonlyArray<unknown>): void
}
