/**
 * `http.ServerResponse`. Writes the status line, and the informational responses (100, 102, 103) that precede
 * it. connection.ts decides when the response gets the socket, and then calls `assignSocket`.
 */
import {
  continueHead,
  isBodiless,
  isRestRead,
  isStatusCode,
  processingHead,
  saysChunked,
  STATUS_CODES,
  statusLine
} from "@httpfx/core/wire"
import type * as http from "node:http"
import { format } from "node:util"
import { serverResponseCreated } from "../own/channels.js"
import { codedError, codedRangeError, headersSent, invalidArgValue, violationError } from "../own/errors.js"
import { callParent, inherit } from "../own/inherit.js"
import type { Callback, HttpSocket, Incoming, Outgoing } from "../message/shapes.js"
import { OutgoingMessage, type OutgoingOptions } from "../message/outgoing.js"
import type { Response } from "./shapes.js"
import { connectionOf, outHeaders } from "../own/symbols.js"
import {
  linkFieldValue,
  validateHeaderName,
  validateHeaderValue,
  validateInteger,
  validateObject,
  validateValueOf
} from "../own/validate.js"

const base = OutgoingMessage.prototype as unknown as Outgoing

function ServerResponse(this: Response, req: Incoming, options?: OutgoingOptions): void {
  callParent(OutgoingMessage, this, options)
  if (req.method === "HEAD") this._hasBody = false
  this.req = req
  this.sendDate = true
  this._sent100 = false
  this._expect_continue = false
  if (req.httpVersionMajor! < 1 || req.httpVersionMinor! < 1) {
    this.useChunkedEncodingByDefault = saysChunked(String(req.headers?.["te"] ?? ""))
    this.shouldKeepAlive = false
  }
  if (serverResponseCreated.hasSubscribers) serverResponseCreated.publish({ request: req, response: this })
}
inherit(ServerResponse, OutgoingMessage)

const proto = ServerResponse.prototype as Response

proto._finish = function _finish(this: Response) {
  base._finish.call(this)
}

proto.statusCode = 200
proto.statusMessage = undefined

/**
 * Emits `close` on the response, once. Called when the response has been sent, or when its socket has closed.
 */
export const closeResponse = (response: Outgoing): void => {
  if (response._closed) return
  response.destroyed = true
  response._closed = true
  response.emit("close")
}

/** The `close` listener of a socket. Emits `close` on the response to which the socket is assigned. */
export function onSocketClose(this: HttpSocket): void {
  if (this._httpMessage) closeResponse(this._httpMessage)
}

interface WithConnection {
  [connectionOf]?: object
}

proto.assignSocket = function assignSocket(this: Response, socket: HttpSocket) {
  if (socket._httpMessage) {
    throw codedError("ERR_HTTP_SOCKET_ASSIGNED", "ServerResponse has an already assigned socket")
  }
  socket._httpMessage = this
  // On a socket with a `ServerConnection`, the connection has already added this listener.
  if ((socket as WithConnection)[connectionOf] === undefined) socket.on("close", onSocketClose)
  this.socket = socket
  this.emit("socket", socket)
  this._flush()
}

proto.detachSocket = function detachSocket(this: Response, socket: HttpSocket) {
  if ((socket as WithConnection)[connectionOf] === undefined) socket.removeListener("close", onSocketClose)
  socket._httpMessage = null
  this.socket = null
}

proto.writeContinue = function writeContinue(this: Response, callback?: Callback) {
  this._writeRaw(continueHead, "ascii", callback)
  this._sent100 = true
}

proto.writeProcessing = function writeProcessing(this: Response, callback?: Callback) {
  this._writeRaw(processingHead, "ascii", callback)
}

proto.writeInformation = function writeInformation(
  this: Response,
  status: number,
  headers?: unknown,
  callback?: Callback
) {
  if (this._header) throw headersSent("write")
  validateInteger(status, "statusCode", 100, 199)
  if (status === 101) {
    throw codedRangeError("ERR_HTTP_INVALID_STATUS_CODE", format("Invalid status code: %s", status))
  }
  let lines = ""
  if (headers !== undefined && headers !== null) {
    if (!Array.isArray(headers)) validateObject(headers, "headers")
    const entries = Array.isArray(headers) ? pairsOf(headers) : Object.entries(headers as object)
    for (const [name, value] of entries) lines += fieldLine(this, name, value)
  }
  return this._writeRaw(`${lineOf(status)}${lines}\r\n`, "latin1", callback)
}

/**
 * Encodes a field of an informational response. As in Node, every field is allowed, even a field that
 * declares a body.
 */
const fieldLine = (response: Response, name: string, value: unknown): string => {
  validateHeaderName(name)
  validateValueOf(response, name, value)
  return `${name}: ${String(value)}\r\n`
}

proto.writeEarlyHints = function writeEarlyHints(
  this: Response,
  hints: { [name: string]: unknown },
  callback?: Callback
) {
  validateObject(hints, "hints")
  if (hints["link"] === null || hints["link"] === undefined) return
  const link = linkFieldValue(hints["link"])
  if (link.length === 0) return
  validateHeaderValue("Link", link)
  let head = `${lineOf(103)}Link: ${link}\r\n`
  for (const name of Object.keys(hints)) {
    if (name !== "link") head += fieldLine(this, name, hints[name])
  }
  this._writeRaw(head + "\r\n", "ascii", callback)
}

proto._implicitHeader = function _implicitHeader(this: Response) {
  this.writeHead(this.statusCode)
}

/** Returns name-value pairs, made from a flat list (name, value, name, value) or from a list of pairs. */
const pairsOf = (list: Array<unknown>): Array<[string, unknown]> => {
  if (list.length > 0 && Array.isArray(list[0])) return list as Array<[string, unknown]>
  if (list.length % 2 !== 0) throw invalidArgValue("headers", list)
  const pairs: Array<[string, unknown]> = []
  for (let i = 0; i < list.length; i += 2) pairs.push([list[i] as string, list[i + 1]])
  return pairs
}

/**
 * Sets the fields that were passed to `writeHead`. They replace fields of the same names. A list must be flat
 * (name, value, name, value), as in Node.
 */
const mergeHeaders = (response: Response, given: unknown): void => {
  if (Array.isArray(given)) {
    if (given.length % 2 !== 0) throw invalidArgValue("headers", given)
    const list = given as Array<string>
    for (let i = 0; i < list.length; i += 2) response.removeHeader(list[i]!)
    for (let i = 0; i < list.length; i += 2) if (list[i]) response.appendHeader(list[i]!, list[i + 1]!)
  } else if (given) {
    for (const name of Object.keys(given)) {
      if (name) response.setHeader(name, (given as { [name: string]: string })[name]!)
    }
  }
}

/** Returns the status line. If `message` is `undefined`, the line contains the standard reason phrase. */
const lineOf = (status: number, message?: string): string => {
  const line = statusLine(status, message)
  if (typeof line !== "string") throw violationError(line)
  return line
}

proto.writeHead = function writeHead<T extends Response>(
  this: T,
  status: number,
  reason?: unknown,
  headers?: unknown
): T {
  if (this._header) throw headersSent("write")
  const given = status
  status |= 0
  if (!isStatusCode(status)) {
    throw codedRangeError("ERR_HTTP_INVALID_STATUS_CODE", format("Invalid status code: %s", given))
  }
  if (typeof reason === "string") {
    this.statusMessage = reason
  } else {
    this.statusMessage ||= STATUS_CODES[status] || "unknown"
    headers ??= reason
  }
  this.statusCode = status
  if (this[outHeaders]) {
    mergeHeaders(this, headers)
    headers = this[outHeaders]
  }
  const message = this.statusMessage
  // The template literal throws a TypeError if the message is a symbol, as in Node.
  const line = lineOf(status, message === STATUS_CODES[status] ? undefined : `${message}`)
  if (isBodiless(status)) this._hasBody = false
  // As in Node, an unread rest of the request body is discarded whatever its size, so pass infinite limits.
  if (!isRestRead(this._expect_continue && !this._sent100, Infinity, Infinity)) this.shouldKeepAlive = false
  this._storeHeader(line, headers)
  return this
}
proto.writeHeader = proto.writeHead

const typed = ServerResponse as unknown as typeof http.ServerResponse
export { typed as ServerResponse }
