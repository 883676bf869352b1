/**
 * `http.Server`: a `net.Server` whose connections speak HTTP. The server has the options, the timeouts and
 * the list of connections. A `ServerConnection` handles each connection.
 */
import type { Timers } from "@httpfx/core/Timers"
import {
  contradicts,
  defaultCheckingInterval,
  defaultDeadlines,
  defaultKeepAliveTimeout,
  defaultKeepAliveTimeoutBuffer,
  judgeRequest,
  makeDeadlines
} from "@httpfx/core/wire"
import type * as http from "node:http"
import { Server as NetServer } from "node:net"
import { codedError, outOfRange } from "../own/errors.js"
import { IncomingMessage } from "../message/incoming.js"
import type { HttpSocket, Incoming } from "../message/shapes.js"
import { callParent, inherit, type Constructor as AnyConstructor } from "../own/inherit.js"
import { failSocket, ServerConnection } from "./connection.js"
import { parseUniqueHeaders } from "../message/head.js"
import { ServerResponse } from "./response.js"
import type { HttpServer, Response } from "./shapes.js"
import {
  connections,
  emptyRequests,
  messageClass,
  responseClass,
  uniqueHeaders,
  waiting,
  sweep
} from "../own/symbols.js"
import { nodeTimers, timersOption } from "../own/timers.js"
import {
  validateBoolean,
  validateFunction,
  validateInteger,
  validateObject,
  validationOption,
  type HttpValidation
} from "../own/validate.js"

export interface ServerOptions extends http.ServerOptions {
  readonly rejectNonStandardBodyWrites?: boolean
  readonly keepAliveTimeoutBuffer?: number
  readonly httpValidation?: HttpValidation
  readonly optimizeEmptyRequests?: boolean
  readonly shouldUpgradeCallback?: (request: Incoming) => boolean
  readonly noDelay?: boolean
  readonly keepAlive?: boolean
  readonly keepAliveInitialDelay?: number
  readonly [timersOption]?: Timers
}

const optionalInteger = (value: unknown, name: string, fallback: number): number => {
  if (value === undefined) return fallback
  validateInteger(value, name, 0)
  return value as number
}

const optionalBoolean = <T>(value: unknown, name: string, fallback: T): boolean | T => {
  if (value === undefined) return fallback
  validateBoolean(value, name)
  return value as boolean
}

/** Validates the HTTP options and stores them on the server. */
export const storeOptions = (server: HttpServer, options: ServerOptions): void => {
  server[waiting] = options[timersOption] ?? nodeTimers
  server[messageClass] = (options.IncomingMessage || IncomingMessage) as never
  server[responseClass] = (options.ServerResponse || ServerResponse) as never
  const { maxHeaderSize } = options
  if (maxHeaderSize !== undefined) validateInteger(maxHeaderSize, "maxHeaderSize", 0)
  server.maxHeaderSize = maxHeaderSize
  server.insecureHTTPParser = optionalBoolean(
    options.insecureHTTPParser,
    "options.insecureHTTPParser",
    undefined
  )
  server.httpValidation = validationOption(options.httpValidation, options.insecureHTTPParser)
  const { requestTimeout: defaultRequestTimeout } = defaultDeadlines
  server.requestTimeout = optionalInteger(options.requestTimeout, "requestTimeout", defaultRequestTimeout)
  const { headersTimeout } = makeDeadlines({ requestTimeout: server.requestTimeout })
  server.headersTimeout = optionalInteger(options.headersTimeout, "headersTimeout", headersTimeout)
  if (contradicts(server)) {
    throw outOfRange("headersTimeout", "<= requestTimeout", options.headersTimeout)
  }
  server.keepAliveTimeout = optionalInteger(
    options.keepAliveTimeout,
    "keepAliveTimeout",
    defaultKeepAliveTimeout
  )
  server.keepAliveTimeoutBuffer = optionalInteger(
    options.keepAliveTimeoutBuffer,
    "keepAliveTimeoutBuffer",
    defaultKeepAliveTimeoutBuffer
  )
  server[emptyRequests] = optionalBoolean(
    options.optimizeEmptyRequests,
    "options.optimizeEmptyRequests",
    false
  )
  server.connectionsCheckingInterval = optionalInteger(
    options.connectionsCheckingInterval,
    "connectionsCheckingInterval",
    defaultCheckingInterval
  )
  server.requireHostHeader = optionalBoolean(options.requireHostHeader, "options.requireHostHeader", true)
  server.joinDuplicateHeaders = optionalBoolean(
    options.joinDuplicateHeaders,
    "options.joinDuplicateHeaders",
    undefined
  )
  server.rejectNonStandardBodyWrites = optionalBoolean(
    options.rejectNonStandardBodyWrites,
    "options.rejectNonStandardBodyWrites",
    false
  )
  const { shouldUpgradeCallback } = options
  if (shouldUpgradeCallback !== undefined) {
    validateFunction(shouldUpgradeCallback, "options.shouldUpgradeCallback")
  }
  server.shouldUpgradeCallback = shouldUpgradeCallback ?? upgradesHeard
}

/** The default `shouldUpgradeCallback`. Accepts upgrades if the server has an `upgrade` listener. */
function upgradesHeard(this: HttpServer): boolean {
  return this.listenerCount("upgrade") > 0
}

/**
 * Sets up an `http.Server` or `https.Server`. Call this function after the constructor of `net.Server` or
 * `tls.Server`.
 */
export const initialize = (server: HttpServer, options: ServerOptions, requestListener: unknown): void => {
  server[connections] = new Set()
  if (requestListener) server.on("request", requestListener as () => void)
  server.on("listening", startSweep)
  server.httpAllowHalfOpen = false
  server.timeout = 0
  server.maxHeadersCount = null
  server.maxRequestsPerSocket = 0
  server[uniqueHeaders] = parseUniqueHeaders((options as { uniqueHeaders?: unknown }).uniqueHeaders)
}

/** `http._connectionListener`: makes the server (`this`) serve HTTP on the socket. */
export function connectionListener(this: HttpServer, socket: HttpSocket): void {
  new ServerConnection(this, socket)
}

function startSweep(this: HttpServer): void {
  this[sweep]?.()
  this[sweep] = lookAgain(new WeakRef(this), this[waiting], this.connectionsCheckingInterval)
}

const lookAgain = (reference: WeakRef<HttpServer>, timers: Timers, interval: number): (() => void) =>
  timers.at(timers.now() + interval, () => {
    const server = reference.deref()
    if (server === undefined) return
    server[sweep] = lookAgain(reference, timers, interval)
    findLate(server)
  })

/**
 * Emits a timeout error on all connections whose deadline has expired. One check covers all connections, so a
 * connection needs no timer.
 */
const findLate = (server: HttpServer): void => {
  if (server.headersTimeout === 0 && server.requestTimeout === 0) return
  const now = server[waiting].now()
  for (const connection of [...server[connections]]) {
    const { parser } = connection
    if (typeof judgeRequest(parser, server, now) === "number") continue
    // A `clientError` listener may keep the connection open. Restart its time, so that the next check does
    // not report the connection again.
    parser.begun = now
    failSocket(connection.socket, codedError("ERR_HTTP_REQUEST_TIMEOUT", "Request timeout"))
  }
}

interface ServerConstructor {
  (this: HttpServer | void, options?: unknown, requestListener?: unknown): HttpServer
  new (options?: unknown, requestListener?: unknown): HttpServer
}

function Server(this: HttpServer, options?: unknown, requestListener?: unknown): HttpServer | void {
  if (!(this instanceof Server)) {
    return new (Server as unknown as ServerConstructor)(options, requestListener)
  }
  let given: ServerOptions
  if (typeof options === "function") {
    requestListener = options
    given = {}
  } else if (options === undefined || options === null) {
    given = {}
  } else {
    validateObject(options, "options")
    given = { ...options }
  }
  storeOptions(this, given)
  callParent(NetServer, this, {
    allowHalfOpen: true,
    noDelay: given.noDelay ?? true,
    keepAlive: given.keepAlive,
    keepAliveInitialDelay: given.keepAliveInitialDelay,
    highWaterMark: given.highWaterMark
  })
  initialize(this, given, requestListener)
  this.on("connection", connectionListener as never)
}
inherit(Server, NetServer)

/**
 * Prepares the close of a server. Calls its `closeIdleConnections`, and cancels the next check of deadlines.
 */
export const prepareClose = (server: HttpServer): void => {
  server.closeIdleConnections()
  server[sweep]?.()
}

export const closeAll = (server: HttpServer): void => {
  for (const connection of [...server[connections]]) connection.socket.destroy()
}

export const closeIdle = (server: HttpServer): void => {
  for (const { isIdle, socket } of [...server[connections]]) {
    if (isIdle && !(socket._httpMessage && !socket._httpMessage.finished)) socket.destroy()
  }
}

/** Returns the methods that `http.Server` and `https.Server` have in common. */
export const serverMembers = (Parent: { prototype: object }) => {
  const parent = Parent.prototype as NetServer
  return {
    close(this: HttpServer, callback?: (error?: Error) => void): HttpServer {
      prepareClose(this)
      parent.close.call(this, callback)
      return this
    },
    closeAllConnections(this: HttpServer): void {
      if (this[connections]) closeAll(this)
    },
    closeIdleConnections(this: HttpServer): void {
      if (this[connections]) closeIdle(this)
    },
    setTimeout(this: HttpServer, msecs: number, callback?: () => void): HttpServer {
      this.timeout = msecs
      if (callback) this.on("timeout", callback)
      return this
    }
  }
}

type Rejection = (this: unknown, error: Error, event: string, ...args: ReadonlyArray<unknown>) => void
const rejectionOfNet = (NetServer.prototype as unknown as { [key: symbol]: Rejection })[
  Symbol.for("nodejs.rejection")
]!

const rejection = function (
  this: HttpServer,
  error: Error,
  event: string,
  ...args: ReadonlyArray<unknown>
): void {
  const [, res] = args as [unknown, Response | undefined]
  if (event !== "request" || !res) {
    rejectionOfNet.call(this, error, event, ...args)
    return
  }
  if (!res._header && !res.writableEnded) {
    // Remove the fields that the failed handler has set, because they do not describe this 500 response.
    for (const name of (res as unknown as http.ServerResponse).getHeaderNames()) res.removeHeader(name)
    res.statusCode = 500
    res.end("Internal Server Error")
  } else {
    res.destroy()
  }
}

const asyncDispose = (Symbol as { asyncDispose?: symbol }).asyncDispose ?? Symbol.for("nodejs.asyncDispose")

/** Adds the members of an HTTP server to a class that extends `net.Server` or `tls.Server`. */
export const installServer = (Child: AnyConstructor, Parent: { prototype: object }): void => {
  const proto = Child.prototype as { [key: symbol]: unknown }
  Object.assign(proto, serverMembers(Parent))
  Object.defineProperty(proto, asyncDispose, {
    configurable: true,
    enumerable: true,
    writable: true,
    async value(this: HttpServer) {
      await new Promise<void>((resolve, reject) => {
        ;(this as NetServer & HttpServer).close((error) => (error ? reject(error) : resolve()))
      })
    }
  })
  Object.defineProperty(proto, Symbol.for("nodejs.rejection"), {
    configurable: true,
    enumerable: true,
    writable: true,
    value: rejection
  })
}
installServer(Server, NetServer)

const typed = Server as unknown as typeof http.Server
export { typed as Server }

export const createServer = ((options?: unknown, requestListener?: unknown) =>
  new (Server as unknown as ServerConstructor)(
    options,
    requestListener
  )) as unknown as typeof http.createServer
