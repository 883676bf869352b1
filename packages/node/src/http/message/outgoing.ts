/**
 * `http.OutgoingMessage`, the base class of sent requests and responses. This file implements construction,
 * socket, destruction and timeouts. The header fields are in head.ts, and the body is in body.ts.
 */
import { getDefaultHighWaterMark, Stream } from "node:stream"
import type * as http from "node:http"
import { callParent, inherit } from "../own/inherit.js"
import { codedError } from "../own/errors.js"
import * as head from "./head.js"
import * as body from "./body.js"
import {
  bytesWritten,
  corked,
  errored,
  highWater,
  needDrain,
  outHeaders,
  rejectBody
} from "../own/symbols.js"
import type { HttpSocket, Outgoing } from "./shapes.js"

export interface OutgoingOptions {
  readonly highWaterMark?: number | undefined
  readonly rejectNonStandardBodyWrites?: boolean | undefined
}

const nothing = (): void => {}

function OutgoingMessage(this: Outgoing, options?: OutgoingOptions): void {
  callParent(Stream, this, undefined)
  this.outputData = []
  this.outputSize = 0
  this.writable = true
  this.destroyed = false
  this._last = false
  this.chunkedEncoding = false
  this.shouldKeepAlive = true
  this.maxRequestsOnConnectionReached = false
  this._defaultKeepAlive = true
  this.useChunkedEncodingByDefault = true
  this.sendDate = false
  this._removedConnection = false
  this._removedContLen = false
  this._removedTE = false
  this.strictContentLength = false
  this[bytesWritten] = 0
  this._contentLength = null
  this._hasBody = true
  this._trailer = ""
  this[needDrain] = false
  this.finished = false
  this._headerSent = false
  this[corked] = 0
  this._closed = false
  this.socket = null
  this._header = null
  this[outHeaders] = null
  this._keepAliveTimeout = 0
  this._onPendingData = nothing
  this[errored] = null
  this[highWater] = options?.highWaterMark ?? getDefaultHighWaterMark(false)
  this[rejectBody] = options?.rejectNonStandardBodyWrites ?? false
}
inherit(OutgoingMessage, Stream)

/**
 * Returns whether our constructor made the message. The check reads an own property, because programs may
 * replace the prototype of a message.
 */
export const isOutgoing = (message: object): boolean => Object.hasOwn(message, outHeaders)

const proto = OutgoingMessage.prototype as Outgoing

const getter = (name: string, get: (this: Outgoing) => unknown, enumerable = false) =>
  Object.defineProperty(proto, name, { configurable: true, enumerable, get })

getter("errored", function () {
  return this[errored]
})
getter("closed", function () {
  return this._closed
})
getter("writableFinished", function () {
  return this.finished && this.outputSize === 0 && (!this.socket || this.socket.writableLength === 0)
})
getter("writableObjectMode", () => false)
getter("writableLength", function () {
  return this.outputSize + (this.socket ? this.socket.writableLength : 0)
})
getter("writableHighWaterMark", function () {
  return this.socket ? this.socket.writableHighWaterMark : this[highWater]
})
getter("writableCorked", function () {
  return (this.socket ? this.socket.writableCorked : 0) + this[corked]
})
Object.defineProperty(proto, "connection", {
  configurable: true,
  enumerable: false,
  get(this: Outgoing) {
    return this.socket
  },
  set(this: Outgoing, socket: HttpSocket) {
    this.socket = socket
  }
})
head.install(proto, getter)
getter("writableEnded", function () {
  return this.finished
})
getter("writableNeedDrain", function () {
  return !this.destroyed && !this.finished && this[needDrain]
})

proto.cork = function cork(this: Outgoing) {
  if (this.socket) this.socket.cork()
  else this[corked]++
}

proto.uncork = function uncork(this: Outgoing) {
  if (this.socket) this.socket.uncork()
  else if (this[corked] > 0) this[corked]--
}

;(proto as unknown as http.OutgoingMessage).setTimeout = function setTimeout(
  this: http.OutgoingMessage,
  msecs: number,
  callback?: () => void
) {
  if (callback) this.on("timeout", callback)
  if (this.socket) this.socket.setTimeout(msecs)
  else this.once("socket", (socket: HttpSocket) => socket.setTimeout(msecs))
  return this
}

proto.destroy = function destroy<T extends Outgoing>(this: T, error?: Error | null): T {
  if (this.destroyed) return this
  this.destroyed = true
  this[errored] = error
  if (this.socket) this.socket.destroy(error ?? undefined)
  else this.once("socket", (socket: HttpSocket) => socket.destroy(error ?? undefined))
  return this
}

body.install(proto)

proto._implicitHeader = function _implicitHeader() {
  throw codedError("ERR_METHOD_NOT_IMPLEMENTED", "The _implicitHeader() method is not implemented")
}

proto.pipe = function pipe(this: Outgoing): void {
  this.emit("error", codedError("ERR_STREAM_CANNOT_PIPE", "Cannot pipe, not readable"))
}

Object.defineProperty(proto, Symbol.for("nodejs.rejection"), {
  configurable: true,
  writable: true,
  enumerable: true,
  value(this: Outgoing, error: Error) {
    this.destroy(error)
  }
})

const typed = OutgoingMessage as unknown as typeof http.OutgoingMessage
export { typed as OutgoingMessage }
