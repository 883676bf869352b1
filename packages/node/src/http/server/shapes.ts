/**
 * Types of a server's objects: servers, connections and responses. The types declare only the members that
 * the files of this folder use.
 */
import type { Server as NetServer } from "node:net"
import type { Timers } from "@httpfx/core/Timers"
import type { Callback, HttpSocket, Incoming, Outgoing } from "../message/shapes.js"
import type {
  connections,
  emptyRequests,
  messageClass,
  responseClass,
  startTime,
  sweep,
  uniqueHeaders,
  waiting
} from "../own/symbols.js"
import type { HttpValidation } from "../own/validate.js"

/** The members of a connection that its server uses. */
export interface OpenConnection {
  readonly socket: HttpSocket
  readonly isIdle: boolean
  readonly parser: { begun: number; readonly headComplete: boolean }
}

/** The members that `http.Server` and `https.Server` have in common. */
export interface HttpServer extends NetServer {
  maxHeaderSize: number | undefined
  insecureHTTPParser: boolean | undefined
  httpValidation: HttpValidation | undefined
  requestTimeout: number
  headersTimeout: number
  keepAliveTimeout: number
  keepAliveTimeoutBuffer: number
  connectionsCheckingInterval: number
  requireHostHeader: boolean
  joinDuplicateHeaders: boolean | undefined
  rejectNonStandardBodyWrites: boolean
  timeout: number
  maxHeadersCount: number | null
  maxRequestsPerSocket: number | null
  httpAllowHalfOpen: boolean
  shouldUpgradeCallback(req: Incoming): boolean
  closeIdleConnections(): void
  [connections]: Set<OpenConnection>
  [waiting]: Timers
  [emptyRequests]: boolean
  [messageClass]: new (socket: HttpSocket) => Incoming
  [responseClass]: new (req: Incoming, options: object) => Response
  [uniqueHeaders]: Set<string> | null
  /** Cancels the next check of connection timeouts. */
  [sweep]: (() => void) | undefined
}

/** `http.ServerResponse` with its internal members. */
export interface Response extends Outgoing {
  req: Incoming
  statusCode: number
  statusMessage: string | undefined
  _sent100: boolean
  _expect_continue: boolean
  assignSocket(socket: HttpSocket): void
  detachSocket(socket: HttpSocket): void
  writeContinue(callback?: Callback): void
  writeHead(status: number, reason?: unknown, headers?: unknown): this
  writeHeader(status: number, reason?: unknown, headers?: unknown): this
  writeProcessing(callback?: Callback): void
  writeInformation(status: number, headers?: unknown, callback?: Callback): void
  writeEarlyHints(hints: { [name: string]: unknown }, callback?: Callback): void
  [startTime]?: number
}
