/**
 * `http.IncomingMessage`: a received message as a readable stream. The fields are stored as a raw list (name,
 * value, name, value). When the program first reads `headers`, `wire/` folds the list to an object.
 */
import { foldField, foldHeaders, type FoldedFields, type DistinctFields } from "@httpfx/core/wire"
import type * as http from "node:http"
import { finished, Readable } from "node:stream"
import { distinctView } from "../own/distinct.js"
import { inherit } from "../own/inherit.js"
import { readOn } from "./parser.js"
import type { HttpSocket, Incoming } from "./shapes.js"
import { asksAgain, asksForNothing } from "../../socket/fast/pushed.js"
import { nextTick } from "../../time/realTime.js"

const folded = Symbol("kHeaders")
const foldedCount = Symbol("kHeadersCount")
const distinct = Symbol("kHeadersDistinct")
const trailers = Symbol("kTrailers")
const trailersCount = Symbol("kTrailersCount")
const abort = Symbol("abortController")
const distinctTrailers = Symbol("kTrailersDistinct")

/** A message with the private fields of this module. */
interface Stored extends Incoming {
  [folded]: FoldedFields | null
  [foldedCount]: number
  [distinct]?: DistinctFields
  [trailers]: FoldedFields | null
  [trailersCount]: number
  [distinctTrailers]?: DistinctFields
  [abort]?: AbortController
}

const { destroy } = Readable.prototype

function IncomingMessage(this: Stored, socket: HttpSocket): void {
  Readable.call(this, socket ? { highWaterMark: socket.readableHighWaterMark } : undefined)
  asksForNothing(this)
  this.socket = socket
  this.httpVersionMajor = null
  this.httpVersionMinor = null
  this.httpVersion = null
  this.complete = false
  this[folded] = null
  this[foldedCount] = 0
  this.rawHeaders = []
  this[trailers] = null
  this[trailersCount] = 0
  this.rawTrailers = []
  this.joinDuplicateHeaders = false
  this.aborted = false
  this.upgrade = null
  this.url = ""
  this.method = null
  this.statusCode = null
  this.statusMessage = null
  this.client = socket
  this._consuming = false
  this._dumped = false
}
inherit(IncomingMessage, Readable)

/**
 * Returns whether our constructor made the message. The check reads an own property, because programs may
 * replace the prototype of a message.
 */
export const isIncoming = (message: object): boolean => Object.hasOwn(message, folded)

const proto = IncomingMessage.prototype as Incoming

const accessor = (name: string, get: (this: Stored) => unknown, set: (this: Stored, value: never) => void) =>
  Object.defineProperty(proto, name, { configurable: true, enumerable: false, get, set })

accessor(
  "connection",
  function () {
    return this.socket
  },
  function (value: HttpSocket) {
    this.socket = value
  }
)

/**
 * Folds a raw list (name, value, name, value) to an object. If the program overrides `_addHeaderLine`, calls
 * the override for each field.
 */
const fold = (message: Stored, raw: ReadonlyArray<string>, count: number): FoldedFields => {
  const into: FoldedFields = {}
  if (message._addHeaderLine === addHeaderLine) {
    const list = count < raw.length ? raw.slice(0, count) : raw
    return foldHeaders(list, { into, joinDuplicateHeaders: message.joinDuplicateHeaders === true })
  }
  for (let i = 0; i + 1 < count; i += 2) message._addHeaderLine(raw[i]!, raw[i + 1]!, into)
  return into
}

accessor(
  "headers",
  function () {
    return (this[folded] ||= fold(this, this.rawHeaders, this[foldedCount]))
  },
  function (value: FoldedFields) {
    this[folded] = value
  }
)
accessor(
  "headersDistinct",
  function () {
    return (this[distinct] ||= distinctView(this.rawHeaders.slice(0, this[foldedCount])))
  },
  function (value: DistinctFields) {
    this[distinct] = value
  }
)
accessor(
  "trailers",
  function () {
    return (this[trailers] ||= fold(this, this.rawTrailers, this[trailersCount]))
  },
  function (value: FoldedFields) {
    this[trailers] = value
  }
)
accessor(
  "trailersDistinct",
  function () {
    return (this[distinctTrailers] ??= distinctView(this.rawTrailers.slice(0, this[trailersCount])))
  },
  function (value: DistinctFields) {
    this[distinctTrailers] = value
  }
)

accessor(
  "signal",
  function () {
    return (this[abort] ??= watched(this)).signal
  },
  // Define an own property. Middleware for versions of Node without `signal` may assign a property with this
  // name, and the assignment must work here too.
  function (value: AbortSignal) {
    Object.defineProperty(this, "signal", { value, writable: true, enumerable: true, configurable: true })
  }
)

/**
 * Makes the controller of the message's `signal`. The signal aborts when the message is aborted or its
 * connection closes.
 */
const watched = (message: Stored): AbortController => {
  const controller = new AbortController()
  const end = (): void => controller.abort()
  const { socket } = message
  if (message.aborted || socket?.destroyed) end()
  message.once("aborted", end)
  socket?.once("close", end)
  message.once("close", () => socket?.removeListener("close", end))
  return controller
}

proto.setTimeout = function setTimeout<T extends Incoming>(this: T, msecs: number, callback?: () => void): T {
  if (callback) this.on("timeout", callback)
  this.socket!.setTimeout(msecs)
  return this
}

proto._read = function _read(this: Incoming, _n: number) {
  if (!this._consuming) {
    asksAgain(this)
    this._consuming = true
  }
  // This stream already contains all received data, so only resume the socket, if backpressure has paused it.
  if (this.socket && this.socket.readable) readOn(this.socket)
}

const settle = (message: Incoming, error: Error | null | undefined, done: (error?: Error | null) => void) => {
  // A peer that disconnects must not crash the process. Emit the error only if the message has an `error`
  // listener.
  if (message.listenerCount("error") === 0) done()
  else done(error)
}

proto._destroy = function _destroy(
  this: Stored,
  error: Error | null | undefined,
  done: (error?: Error | null) => void
) {
  if (!this.readableEnded || !this.complete) {
    this.aborted = true
    this.emit("aborted")
  }
  const { socket } = this
  if (socket && !socket.destroyed && this.aborted) {
    socket.destroy(error ?? undefined)
    const cleanup = finished(socket, (ended) => {
      const cause = ended?.code === "ERR_STREAM_PREMATURE_CLOSE" ? null : ended
      cleanup()
      nextTick(settle, this, error ?? cause, done)
    })
  } else {
    nextTick(settle, this, error, done)
  }
}

proto._addHeaderLines = function _addHeaderLines(this: Stored, raw: Array<string>, count: number) {
  if (!raw || raw.length === 0) return
  let view: FoldedFields | null
  if (this.complete) {
    this.rawTrailers = raw
    this[trailersCount] = count
    view = this[trailers]
  } else {
    this.rawHeaders = raw
    this[foldedCount] = count
    view = this[folded]
  }
  if (view === null) return
  for (let i = 0; i + 1 < count; i += 2) this._addHeaderLine(raw[i]!, raw[i + 1]!, view)
}

const addHeaderLine = function _addHeaderLine(
  this: Stored,
  name: string,
  value: string,
  into: FoldedFields
): void {
  foldField(name, value, into, this.joinDuplicateHeaders === true)
}
proto._addHeaderLine = addHeaderLine

proto._addHeaderLineDistinct = function _addHeaderLineDistinct(
  this: Stored,
  name: string,
  value: string,
  into: DistinctFields
) {
  const key = name.toLowerCase()
  if (Object.hasOwn(into, key)) into[key]!.push(value)
  // Define the property, because an assignment to `__proto__` would set the prototype of the object.
  else
    Object.defineProperty(into, key, { value: [value], configurable: true, enumerable: true, writable: true })
}

/** Discards the body of a message that the program does not read. */
const dump = function _dump(this: Incoming) {
  if (this._dumped) return
  this._dumped = true
  // Remove the `data` listeners first, because they would get the buffered data when the stream resumes.
  this.removeAllListeners("data")
  this.resume()
}
proto._dump = dump

/** Returns whether `_dump` and `destroy` are the original methods, which discard an unread message. */
export const discardsPlainly = (message: Incoming): boolean =>
  message._dump === dump && message.destroy === destroy

/**
 * Returns whether the program overrides `_addHeaderLine`. The override is called when `headers` is first
 * read.
 */
export const isFoldedByProgram = (message: Incoming): boolean => message._addHeaderLine !== addHeaderLine

const typed = IncomingMessage as unknown as typeof http.IncomingMessage
export { typed as IncomingMessage }
