/**
 * `http.ClientRequest`. Converts options to a request line and fields. Gets a socket from an agent, or opens
 * a socket itself. connection.ts handles the events of the socket.
 */
import { isBodilessMethod, isRequestTarget, isToken } from "@httpfx/core/wire"
import type * as http from "node:http"
import { createConnection } from "node:net"
import { addAbortSignal, finished, type Writable } from "node:stream"
import { urlToHttpOptions } from "node:url"
import { format } from "node:util"
import type { AgentLike, ClientReq, ConnectOptions } from "./shapes.js"
import { globalAgent } from "./globalAgent.js"
import { clientRequestCreated, clientRequestStart } from "../own/channels.js"
import { beginExchange, closeRequest, emitError, listenForTimeout, release, reserve } from "./connection.js"
import { headersSent, invalidArgType, resetError, violationError } from "../own/errors.js"
import { callParent, inherit } from "../own/inherit.js"
import { OutgoingMessage } from "../message/outgoing.js"
import { parseUniqueHeaders } from "../message/head.js"
import { measureStart } from "../own/measure.js"
import type { HeaderValue, HttpSocket, Outgoing } from "../message/shapes.js"
import { destroyedBy, highWater, outHeaders, startTime, target, uniqueHeaders } from "../own/symbols.js"
import {
  validateBoolean,
  validateInteger,
  validateTimeout,
  validationOption,
  type HttpValidation
} from "../own/validate.js"
import { nextTick } from "../../time/realTime.js"

const base = OutgoingMessage.prototype as unknown as Outgoing

interface Options extends ConnectOptions {
  agent?: AgentLike | false | null
  _defaultAgent?: AgentLike
  protocol?: string | null
  path?: string | null
  defaultPort?: number | string
  hostname?: string | null
  setHost?: boolean
  setDefaultHeaders?: boolean
  signal?: AbortSignal
  method?: string
  maxHeaderSize?: number
  insecureHTTPParser?: boolean
  httpValidation?: HttpValidation
  highWaterMark?: number | null
  joinDuplicateHeaders?: boolean
  headers?: unknown
  auth?: string | null
  uniqueHeaders?: unknown
  createConnection?: (
    options: ConnectOptions,
    callback: (error: Error | null, socket?: HttpSocket) => void
  ) => HttpSocket | null | undefined
}

const isUrl = (value: unknown): value is URL =>
  typeof value === "object" &&
  value !== null &&
  Boolean((value as URL).href) &&
  Boolean((value as URL).protocol) &&
  (value as { auth?: unknown }).auth === undefined &&
  (value as { path?: unknown }).path === undefined

/** Parses the arguments in any of three call signatures: (URL), (URL, options) or (options). */
const readArguments = (
  input: unknown,
  options: unknown,
  callback: unknown
): { readonly options: Options; readonly callback: unknown } => {
  let address: object | null = null
  if (typeof input === "string") {
    address = urlToHttpOptions(new URL(input))
  } else if (isUrl(input)) {
    address = urlToHttpOptions(input)
  } else {
    callback = options
    options = input
  }
  // Use an object without a prototype, so that members of `Object.prototype` are not read as options.
  const own = Object.assign(Object.create(null), address) as Options
  if (typeof options === "function") return { options: own, callback: options }
  return { options: Object.assign(own, options), callback }
}

const agentOf = (options: Options, usual: AgentLike): AgentLike | null | undefined | false => {
  const { agent } = options
  if (agent === false) return new (usual.constructor as new () => AgentLike)()
  if (agent === null || agent === undefined) {
    return typeof options.createConnection === "function" ? agent : usual
  }
  if (typeof agent.addRequest !== "function") {
    throw invalidArgType("options.agent", ["Agent-like Object", "undefined", "false"], agent)
  }
  return agent
}

const checkedHost = (host: unknown, name: string): string | null | undefined => {
  if (host !== null && host !== undefined && typeof host !== "string") {
    throw invalidArgType(`options.${name}`, ["string", "undefined", "null"], host)
  }
  return host
}

const checkPath = (path: string): void => {
  if (path !== "" && !isRequestTarget(path)) {
    throw violationError({ _tag: "Violation", code: "ERR_UNESCAPED_CHARACTERS", what: "Request path" })
  }
}

const checkedMethod = (method: unknown): string => {
  if (method !== null && method !== undefined && typeof method !== "string") {
    throw invalidArgType("options.method", "string", method)
  }
  if (!method) return "GET"
  if (!isToken(method)) {
    throw violationError({ _tag: "Violation", code: "ERR_INVALID_HTTP_TOKEN", what: "Method", value: method })
  }
  return method.toUpperCase()
}

const hostField = (host: string, port: unknown, defaultPort: unknown): string => {
  const colon = host.indexOf(":")
  // A host with at least two colons is an IPv6 address, which needs brackets.
  const name = colon >= 0 && host.includes(":", colon + 1) && host[0] !== "[" ? `[${host}]` : host
  return port && +(port as string) !== defaultPort ? `${name}:${String(port)}` : name
}

function ClientRequest(this: ClientReq, input: unknown, given?: unknown, callback?: unknown): void {
  callParent(OutgoingMessage, this, undefined)
  const read = readArguments(input, given, callback)
  const { options } = read
  // Set the high-water mark before the request has a socket, because the mark also limits writes that are
  // queued until then.
  if (options.highWaterMark !== undefined && options.highWaterMark !== null) {
    this[highWater] = options.highWaterMark
  }
  const usual = options._defaultAgent ?? globalAgent()
  const agent = (this.agent = agentOf(options, usual))
  const protocol = options.protocol || usual.protocol
  let expected = usual.protocol
  if (agent && agent.protocol) expected = agent.protocol
  if (options.path) checkPath(String(options.path))
  this[target] = options.path || "/"
  if (protocol !== expected) {
    throw violationError({
      _tag: "Violation",
      code: "ERR_INVALID_PROTOCOL",
      protocol: format("%s", protocol),
      expected
    })
  }
  const defaultPort = options.defaultPort || (agent ? agent.defaultPort : undefined)
  const port = options.port || (defaultPort as number) || 80
  const host = checkedHost(options.hostname, "hostname") || checkedHost(options.host, "host") || "localhost"
  const bare = options.setDefaultHeaders === false
  const setHost = options.setHost !== undefined ? Boolean(options.setHost) : !bare
  this._removedConnection = this._removedContLen = this._removedTE = bare
  this.socketPath = options.socketPath
  if (options.timeout !== undefined) this.timeout = validateTimeout(options.timeout, "timeout")
  const { signal } = options
  if (signal) addAbortSignal(signal, this as unknown as Writable)
  const method = (this.method = checkedMethod(options.method))
  if (options.maxHeaderSize !== undefined) validateInteger(options.maxHeaderSize, "maxHeaderSize", 0)
  this.maxHeaderSize = options.maxHeaderSize
  if (options.insecureHTTPParser !== undefined) {
    validateBoolean(options.insecureHTTPParser, "options.insecureHTTPParser")
  }
  this.insecureHTTPParser = options.insecureHTTPParser
  this.httpValidation = validationOption(options.httpValidation, options.insecureHTTPParser)
  if (options.joinDuplicateHeaders !== undefined) {
    validateBoolean(options.joinDuplicateHeaders, "options.joinDuplicateHeaders")
  }
  this.joinDuplicateHeaders = options.joinDuplicateHeaders
  if (read.callback) this.once("response", read.callback as () => void)
  this.useChunkedEncodingByDefault = !isBodilessMethod(method)
  this._ended = false
  this.res = null
  this.aborted = false
  this.timeoutCb = null
  this.upgradeOrConnect = false
  this.parser = null
  this.maxHeadersCount = null
  this.reusedSocket = false
  this.host = host
  this.protocol = protocol
  if (agent) {
    // An agent without keep-alive and without a socket limit never reuses a socket, so send `Connection:
    // close`.
    const reuses = agent.keepAlive || Number.isFinite(agent.maxSockets)
    this._last = !reuses
    this.shouldKeepAlive = reuses
  }
  if (Array.isArray(options.headers)) {
    this._storeHeader(requestLine(this), options.headers)
  } else {
    setFields(this, options, setHost ? hostField(host, port, defaultPort) : "")
  }
  this[uniqueHeaders] = parseUniqueHeaders(options.uniqueHeaders)
  if (clientRequestCreated.hasSubscribers) clientRequestCreated.publish({ request: this })
  connect(this, connectionOptions(options, host, port))
}
inherit(ClientRequest, OutgoingMessage)

const requestLine = (req: ClientReq): string => `${req.method} ${req.path} HTTP/1.1\r\n`

const setFields = (req: ClientReq, options: Options, host: string): void => {
  const headers = options.headers as { [name: string]: HeaderValue } | null | undefined
  if (headers) for (const name of Object.keys(headers)) req.setHeader(name, headers[name]!)
  if (!req.getHeader("host") && host !== "") req.setHeader("Host", host)
  if (options.auth && !req.getHeader("Authorization")) {
    req.setHeader("Authorization", "Basic " + Buffer.from(options.auth).toString("base64"))
  }
  // After `Expect: 100-continue` the program writes the body only when the 100 has arrived, so send the head
  // now.
  if (req.getHeader("expect")) {
    if (req._header) throw headersSent("render")
    req._storeHeader(requestLine(req), req[outHeaders])
  }
}

/**
 * Returns the options for agents and `createConnection`. Leaves out `signal`, because `signal` must abort
 * only this request, and other requests may use the same socket later.
 */
const connectionOptions = (options: Options, host: string, port: number | string): Options => {
  const given = Object.assign(Object.create(null) as Options, options)
  given.port = port
  given.host = host
  if (options.signal) delete given.signal
  return given
}

const connect = (req: ClientReq, given: Options): void => {
  if (req.agent) {
    req.agent.addRequest(req, given)
    return
  }
  req._last = true
  req.shouldKeepAlive = false
  let options: object = given
  if (given.socketPath) options = { ...given, path: given.socketPath }
  // Remove the request path from the options, because `net.connect` takes `path` for the path of a Unix
  // socket.
  else if (given.path) options = { ...given, path: undefined }
  const own = given.createConnection
  if (typeof own !== "function") {
    req.onSocket(createConnection(options as never) as HttpSocket)
    return
  }
  let called = false
  const onCreate = (error: Error | null, socket?: HttpSocket): void => {
    if (called) return
    called = true
    if (error) nextTick(emitError, req, error)
    else req.onSocket(socket)
  }
  try {
    const socket = (options as Options).createConnection!(options as ConnectOptions, onCreate)
    if (socket) onCreate(null, socket)
  } catch (error) {
    onCreate(error as Error)
  }
}

const proto = ClientRequest.prototype as ClientReq

Object.defineProperty(proto, "path", {
  configurable: true,
  enumerable: true,
  get(this: ClientReq) {
    return this[target]
  },
  set(this: ClientReq, value: unknown) {
    const path = String(value)
    checkPath(path)
    this[target] = path
  }
})

const emitAbort = (req: ClientReq): void => {
  req.emit("abort")
}

Object.assign(proto, {
  _finish(this: ClientReq) {
    base._finish.call(this)
    if (clientRequestStart.hasSubscribers) clientRequestStart.publish({ request: this })
    this[startTime] = measureStart()
  },

  _implicitHeader(this: ClientReq) {
    if (this._header) throw headersSent("render")
    this._storeHeader(requestLine(this), this[outHeaders])
  },

  abort(this: ClientReq) {
    if (this.aborted) return
    this.aborted = true
    nextTick(emitAbort, this)
    this.destroy()
  },

  destroy(this: ClientReq, error?: Error) {
    if (this.destroyed) return this
    this.destroyed = true
    if (this.res) this.res._dump()
    this[destroyedBy] = error
    this.socket?.destroy(error)
    return this
  },

  onSocket(this: ClientReq, socket: HttpSocket | undefined, error?: Error) {
    const before = socket && !error ? reserve(this, socket) : undefined
    nextTick(takeSocket, this, socket, error, before)
  },

  _deferToConnect(this: ClientReq, method: string, args: ReadonlyArray<unknown>) {
    const call = (): void => {
      const socket = this.socket as unknown as { [name: string]: (...args: ReadonlyArray<unknown>) => void }
      if (method) socket[method]!(...args)
    }
    const onSocket = (): void => {
      if (this.socket!.writable) call()
      else this.socket!.once("connect", call)
    }
    if (this.socket) onSocket()
    else this.once("socket", onSocket)
  },

  setTimeout(this: ClientReq, msecs: number, callback?: () => void) {
    if (this._ended) return this
    listenForTimeout(this)
    msecs = validateTimeout(msecs, "msecs")
    if (callback) this.once("timeout", callback)
    if (this.socket) setSocketTimeout(this.socket, msecs)
    else this.once("socket", (socket: HttpSocket) => setSocketTimeout(socket, msecs))
    return this
  },

  setNoDelay(this: ClientReq, noDelay?: boolean) {
    this._deferToConnect("setNoDelay", [noDelay])
  },

  setSocketKeepAlive(this: ClientReq, enable?: boolean, initialDelay?: number) {
    this._deferToConnect("setKeepAlive", [enable, initialDelay])
  },

  clearTimeout(this: ClientReq, callback?: () => void) {
    ;(this as unknown as http.ClientRequest).setTimeout(0, callback)
  }
})

const setSocketTimeout = (socket: HttpSocket, msecs: number): void => {
  if (socket.connecting) socket.once("connect", () => socket.setTimeout(msecs))
  else socket.setTimeout(msecs)
}

/** Closes a request that was destroyed before it used a socket, or for which opening a socket failed. */
const giveUp = (req: ClientReq, error: Error | null | undefined): void => {
  const cause = !req.aborted && !error ? resetError("socket hang up") : error
  req.destroyed = true
  if (cause) emitError(req, cause)
  closeRequest(req)
}

const takeSocket = (
  req: ClientReq,
  socket: HttpSocket | undefined,
  error: Error | undefined,
  before: HttpSocket["_httpMessage"]
): void => {
  if (socket?._hadError === true) {
    // The error of the socket has been emitted already. The socket may have emitted `close` before we
    // listened, so close the request here.
    req.destroyed = true
    closeRequest(req)
    return
  }
  if (!req.destroyed && !error) {
    beginExchange(req, socket!)
    req._flush()
    return
  }
  if (socket && !error) release(socket, before)
  const cause = error ?? req[destroyedBy]
  if (!socket) {
    giveUp(req, cause)
  } else if (!error && req.agent && !socket.destroyed) {
    // The request has not used the socket, so return the socket to the agent.
    socket.emit("free")
    giveUp(req, cause)
  } else {
    finished(socket.destroy(cause ?? undefined), (ended) => {
      giveUp(req, (ended?.code === "ERR_STREAM_PREMATURE_CLOSE" ? null : ended) ?? cause)
    })
  }
}

const typed = ClientRequest as unknown as typeof http.ClientRequest
export { typed as ClientRequest }

type New = new (...args: ReadonlyArray<unknown>) => http.ClientRequest

/** `http.request`. */
export function request(
  url: string | URL | http.RequestOptions,
  options?: http.RequestOptions | ((res: http.IncomingMessage) => void),
  callback?: (res: http.IncomingMessage) => void
): http.ClientRequest {
  return new (ClientRequest as unknown as New)(url, options, callback)
}

/** `http.get`. */
export function get(
  url: string | URL | http.RequestOptions,
  options?: http.RequestOptions | ((res: http.IncomingMessage) => void),
  callback?: (res: http.IncomingMessage) => void
): http.ClientRequest {
  const req = request(url, options, callback)
  req.end()
  return req
}
