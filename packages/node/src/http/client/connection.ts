/**
 * Handles the events of a client socket while a request uses the socket. Passes received bytes to the parser,
 * emits the response, and releases the socket when the exchange completes. Adds and removes exactly the same
 * listeners as Node. Libraries count listeners to find out whether a message is complete.
 *
 * Never decides whether a connection may be reused. The parser, the sent head and `afterExchange` decide.
 *
 * This file follows three policies of Node (docs/node-http.md has the reasons). After any response to
 * CONNECT, the connection is handed over. A response to HEAD without a length closes the connection. An
 * upload continues after an early response.
 */
import { afterExchange, Body, bodyOf, isInformational, type AfterExchange } from "@httpfx/core/wire"
import { stopFlowing } from "../../socket/fast/flowing.js"
import { stopGuarding } from "../../socket/fast/idleGuard.js"
import { stillSilent } from "../../socket/stillSilent.js"
import { HTTPClientAsyncResource } from "../own/asyncResources.js"
import { clientRequestError, clientResponseFinish } from "../own/channels.js"
import type { ClientReq } from "./shapes.js"
import { resetError, type ParserError } from "../own/errors.js"
import { parserOptions } from "../own/flags.js"
import { IncomingMessage } from "../message/incoming.js"
import type { HttpSocket, Incoming } from "../message/shapes.js"
import { freeParser, RESPONSE, takeParser, type HttpParser } from "../message/parser.js"
import { measureEnd } from "../own/measure.js"
import { debug } from "../own/debug.js"
import { needDrain, startTime } from "../own/symbols.js"
import { nextTick } from "../../time/realTime.js"

interface ClientSocket extends HttpSocket {
  parser?: HttpParser | null
  _httpMessage?: ClientReq | null
}

type Message = new (socket: HttpSocket) => Incoming
const MessageClass = IncomingMessage as unknown as Message

export const emitError = (req: ClientReq, error: Error): void => {
  if (clientRequestError.hasSubscribers) clientRequestError.publish({ request: req, error })
  req.emit("error", error)
}

export const closeRequest = (req: ClientReq): void => {
  req._closed = true
  req.emit("close")
}

/** Starts an exchange on the socket. Bytes that arrive from now on belong to the response of this request. */
export const beginExchange = (req: ClientReq, plain: HttpSocket): void => {
  const socket = plain as ClientSocket
  debug("CLIENT request takes its socket")
  const parser = takeParser()
  req.socket = socket
  parser.initialize({
    type: RESPONSE,
    socket,
    Message: MessageClass,
    onIncoming: onResponse,
    options: parserOptions(req),
    joinDuplicateHeaders: req.joinDuplicateHeaders,
    maxHeadersCount: req.maxHeadersCount,
    resource: new HTTPClientAsyncResource(req)
  })
  parser.outgoing = req
  req.parser = parser
  socket.parser = parser
  stopGuarding(socket)
  socket.on("data", onData)
  socket.on("end", onEnd)
  socket.on("close", onClose)
  socket.on("drain", onDrain)
  const { agent } = req
  if (req.timeout !== undefined || (agent && agent.options && agent.options.timeout)) listenForTimeout(req)
  req.emit("socket", socket)
}

/**
 * Reserves the socket for a request that starts to use the socket in the next tick. Until then, errors of the
 * socket are emitted on the request. Returns the last message that used the socket.
 */
export const reserve = (req: ClientReq, socket: HttpSocket): HttpSocket["_httpMessage"] => {
  const before = socket._httpMessage
  socket._httpMessage = req
  socket.on("error", onError)
  return before
}

/**
 * Cancels the reservation of a request that was destroyed before it used the socket. `before` becomes the
 * socket's last message again, because the agent keeps a socket only if the last request on the socket
 * allowed keep-alive.
 */
export const release = (socket: HttpSocket, before: HttpSocket["_httpMessage"]): void => {
  socket._httpMessage = before ?? null
  socket.removeListener("error", onError)
}

/** Stops passing bytes to the parser. Called when the response is complete or has failed. */
const stopReading = (socket: ClientSocket): void => {
  socket.removeListener("data", onData)
  socket.removeListener("end", onEnd)
}

const noop = (): void => {}

/**
 * Makes the next `timeout` event of the socket also a `timeout` event of the request, if the request still
 * has the socket.
 */
export const listenForTimeout = (req: ClientReq): void => {
  if (req.timeoutCb) return
  req.timeoutCb = emitTimeout
  if (req.socket) req.socket.once("timeout", emitTimeout)
  else req.on("socket", (socket: HttpSocket) => socket.once("timeout", emitTimeout))
}

function emitTimeout(this: ClientSocket): void {
  const req = this._httpMessage
  if (!req) return
  stillSilent(
    this,
    () => req.emit("timeout"),
    // Data that arrived since the `timeout` event has restarted the idle time, so listen for the next
    // `timeout`.
    () => {
      if (this._httpMessage === req && req.timeoutCb === emitTimeout) this.once("timeout", emitTimeout)
    }
  )
}

function onTimeout(this: ClientSocket): void {
  const res = this._httpMessage?.res
  if (res) stillSilent(this, () => res.emit("timeout"), noop)
}

function onDrain(this: ClientSocket): void {
  const req = this._httpMessage
  if (req && !req.finished && req[needDrain]) {
    req[needDrain] = false
    req.emit("drain")
  }
}

function onError(this: ClientSocket, error: Error): void {
  const req = this._httpMessage
  if (req) {
    // This flag suppresses later errors of the socket, because they are consequences of this error.
    this._hadError = true
    emitError(req, error)
  }
  const parser = this.parser
  if (parser) {
    parser.finish()
    freeParser(parser, req as { parser?: unknown } | null, this)
  }
  stopReading(this)
  this.destroy()
}

function onEnd(this: ClientSocket): void {
  const req = this._httpMessage
  const parser = this.parser
  if (req && !req.res && !this._hadError) {
    this._hadError = true
    emitError(req, resetError("socket hang up"))
  }
  if (parser) {
    parser.finish()
    freeParser(parser, req as { parser?: unknown } | null, this)
  }
  this.destroy()
}

function onClose(this: ClientSocket): void {
  const req = this._httpMessage
  const parser = this.parser
  if (req) tellClosed(this, req)
  // Call `finish` only after `tellClosed`. `finish` completes a response whose body ends with the connection,
  // but `tellClosed` must fail such a response if the connection was lost.
  if (parser) {
    parser.finish()
    freeParser(parser, req as { parser?: unknown } | null, this)
  }
}

const tellClosed = (socket: ClientSocket, req: ClientReq): void => {
  req.destroyed = true
  const res = req.res
  if (res) {
    if (!res.complete) res.destroy(resetError("aborted"))
    closeRequest(req)
    if (!res.aborted && res.readable) res.push(null)
  } else {
    if (!socket._hadError) {
      socket._hadError = true
      emitError(req, resetError("socket hang up"))
    }
    closeRequest(req)
  }
  // Discard queued writes, because they can no longer be sent.
  if (req.outputData) req.outputData.length = 0
}

function onData(this: ClientSocket, chunk: Buffer): void {
  const parser = this.parser
  const req = this._httpMessage
  if (!parser || !req) return
  const read = parser.execute(chunk)
  const incoming = parser.incoming
  if (typeof read !== "number") {
    refuse(this, req, parser, read, chunk)
  } else if (incoming !== null && incoming.upgrade) {
    handOver(this, req, parser, incoming, chunk.subarray(read))
  } else if (incoming !== null && incoming.complete && !isInformational(incoming.statusCode!)) {
    stopReading(this)
    // Unlike Node, keep the `drain` listener of a request that is still sending, because the upload would
    // stall without it.
    if (req.finished) this.removeListener("drain", onDrain)
    freeParser(parser, req as { parser?: unknown }, this)
  }
}

const refuse = (
  socket: ClientSocket,
  req: ClientReq,
  parser: HttpParser,
  error: ParserError,
  chunk: Buffer
): void => {
  error.rawPacket = chunk
  freeParser(parser, req as { parser?: unknown }, socket)
  stopReading(socket)
  socket.destroy()
  socket._hadError = true
  emitError(req, error)
}

/**
 * Hands over the connection after a 101, or after any response to CONNECT. The bytes after the response head
 * belong to another protocol.
 */
const handOver = (
  socket: ClientSocket,
  req: ClientReq,
  parser: HttpParser,
  res: Incoming,
  rest: Buffer
): void => {
  req.res = res
  stopReading(socket)
  socket.removeListener("drain", onDrain)
  if (req.timeoutCb) socket.removeListener("timeout", emitTimeout)
  socket.removeListener("timeout", onTimeout)
  parser.finish()
  freeParser(parser, req as { parser?: unknown }, socket)
  const event = req.method === "CONNECT" ? "connect" : "upgrade"
  if (req.listenerCount(event) === 0) {
    socket.destroy()
    return
  }
  req.upgradeOrConnect = true
  socket.emit("agentRemove")
  socket.removeListener("close", onClose)
  socket.removeListener("error", onError)
  socket._httpMessage = null
  stopFlowing(socket)
  req.emit(event, res, socket, rest)
  req.destroyed = true
  closeRequest(req)
}

/**
 * Emits a response, and returns how the parser handles its body. The parser calls this function with each
 * response head.
 */
function onResponse(this: HttpParser, res: Incoming, keepAlive: boolean): number {
  const socket = this.socket as ClientSocket
  const req = socket._httpMessage as ClientReq
  if (req.res) {
    // The server has sent a second response to one request, so the next response would be ambiguous. Destroy
    // the socket.
    socket.destroy()
    return Body.Read
  }
  req.res = res
  if (res.upgrade) return Body.Stop
  // As in Node, a response to CONNECT with any status ends HTTP on this connection.
  if (req.method === "CONNECT") {
    res.upgrade = true
    return Body.Stop
  }
  const status = res.statusCode!
  if (isInformational(status)) {
    req.res = null
    if (status === 100) req.emit("continue")
    req.emit("information", {
      statusCode: status,
      statusMessage: res.statusMessage,
      httpVersion: res.httpVersion,
      httpVersionMajor: res.httpVersionMajor,
      httpVersionMinor: res.httpVersionMinor,
      headers: res.headers,
      rawHeaders: res.rawHeaders
    })
    return Body.Skip
  }
  if (req.shouldKeepAlive && !keepAlive && !req.upgradeOrConnect) req.shouldKeepAlive = false
  if (clientResponseFinish.hasSubscribers) clientResponseFinish.publish({ request: req, response: res })
  if (req[startTime]) {
    measureEnd("HttpClient", req[startTime], () => ({
      req: {
        method: req.method,
        url: `${req.protocol}//${req.host}${req.path}`,
        headers: (req as unknown as { getHeaders(): unknown }).getHeaders()
      },
      res: { statusCode: status, statusMessage: res.statusMessage, headers: res.headers }
    }))
  }
  ;(res as { req?: unknown }).req = req
  socket.on("timeout", onTimeout)
  res.on("end", onResponseEnd)
  req.on("finish", onRequestFinish)
  if (req.aborted || !req.emit("response", res)) res._dump()
  return bodyOf(req.method, status)
}

function onResponseEnd(this: Incoming): void {
  const req = this.req as unknown as ClientReq
  const socket = req.socket as ClientSocket | null
  if (socket) {
    if (req.timeoutCb) socket.removeListener("timeout", emitTimeout)
    socket.removeListener("timeout", onTimeout)
  }
  req._ended = true
  const after = afterResponse(req, req.writableFinished)
  if (after === "Close") {
    if (socket && socket.writable) {
      if (typeof socket.destroySoon === "function") socket.destroySoon()
      else socket.end()
    }
  } else if (after === "Reuse" && !this.aborted) {
    releaseSocket(req)
  }
}

function onRequestFinish(this: ClientReq): void {
  // If `onResponseEnd` has already released the socket to another request, `destroyed` is `true`.
  if (afterResponse(this, true) === "Reuse" && !this.destroyed) releaseSocket(this)
}

/**
 * Returns whether the connection is now reused, closed or still in use. `sent` says whether the request has
 * been sent completely.
 */
const afterResponse = (req: ClientReq, sent: boolean): AfterExchange["_tag"] =>
  afterExchange(req.shouldKeepAlive ? undefined : "ResponseClose", req._ended, sent, "wait")._tag

/** Releases the connection after a complete exchange. */
const releaseSocket = (req: ClientReq): void => {
  const socket = req.socket as ClientSocket
  if (req.timeoutCb) {
    socket.setTimeout(0, req.timeoutCb)
    req.timeoutCb = null
  }
  socket.removeListener("close", onClose)
  socket.removeListener("error", onError)
  socket.removeListener("drain", onDrain)
  stopReading(socket)
  req.destroyed = true
  // Another request may get the socket. Remove the socket from the complete response, so that methods of the
  // response cannot reach the socket.
  if (req.res) req.res.socket = null
  nextTick(free, req, socket)
}

const free = (req: ClientReq, socket: ClientSocket): void => {
  closeRequest(req)
  socket.emit("free")
}
