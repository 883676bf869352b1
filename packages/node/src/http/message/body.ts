/**
 * Sends the body of a message. `write` and `end` write to the socket. While the message has no socket, they
 * write to a queue.
 *
 * The head is sent with the first bytes of the body. If the head and these bytes can be joined to one string,
 * they are one write.
 */
import {
  bodyNotAllowed,
  checkLength,
  chunkedWhole,
  chunkLineEnd,
  chunkSize,
  lastChunk,
  writeAfterEnd
} from "@httpfx/core/wire"
import { codedError, codedTypeError, invalidArgType, violationError } from "../own/errors.js"
import { bytesWritten, corked, highWater, needDrain, rejectBody, uniqueHeaders } from "../own/symbols.js"
import { isValueOf, textOf, validateHeaderName } from "../own/validate.js"
import type { Outgoing } from "./shapes.js"
import type { Callback, HttpSocket } from "./shapes.js"
import { isSystems } from "../../socket/fast/isSystems.js"
import { uncorkWhole } from "../../socket/fast/uncorkWhole.js"
import { nextTick } from "../../time/realTime.js"

type Chunk = string | Uint8Array

const nothing = (): void => {}

/**
 * Returns whether the head and a text in this encoding can be joined to one string. The string must still
 * encode each character of the head as one byte.
 */
const joinsHead = (encoding: unknown): boolean => !encoding || encoding === "utf8" || encoding === "latin1"

function send(
  this: Outgoing,
  data: Chunk,
  encoding?: BufferEncoding | Callback | null,
  callback?: Callback | null,
  byteLength?: number
): boolean {
  const head = this._header
  // `head` is `null` if a request was destroyed before its head was built. Such a request sends no head.
  if (!this._headerSent && head !== null) {
    if (typeof data === "string" && joinsHead(encoding)) {
      data = head + data
    } else {
      this.outputData.unshift({ data: head, encoding: "latin1", callback: null })
      this.outputSize += head.length
      this._onPendingData(head.length)
    }
    this._headerSent = true
  }
  return this._writeRaw(data, encoding, callback, byteLength)
}

function writeRaw(
  this: Outgoing,
  data: Chunk,
  encoding?: BufferEncoding | Callback | null,
  callback?: Callback | null,
  _size?: number
): boolean {
  const socket = this.socket
  // Drop writes to a destroyed socket, as Node does.
  if (socket && socket.destroyed) return false
  if (typeof encoding === "function") {
    callback = encoding
    encoding = null
  }
  if (socket && socket._httpMessage === this && socket.writable) {
    if (this.outputData.length > 0) this._flushOutput(socket)
    return socket.write(data, encoding as BufferEncoding, callback as Callback)
  }
  this.outputData.push({ data, encoding, callback })
  this.outputSize += data.length
  this._onPendingData(data.length)
  return this.outputSize < this[highWater]
}

const fail = (message: Outgoing, error: Error, callback: Callback): void => {
  if (!message.destroyed) nextTick(failNow, message, error, callback)
}

const failNow = (message: Outgoing, error: Error, callback: Callback): void => {
  callback(error)
  if (typeof message.emit === "function" && !message.destroyed) message.emit("error", error)
}

const uncorkNext = (socket: HttpSocket): void => socket.uncork()

const sizeOf = (chunk: Chunk, encoding: unknown): number =>
  typeof chunk === "string" ? Buffer.byteLength(chunk, encoding as BufferEncoding) : chunk.byteLength

/**
 * Returns whether the size of the body is checked against `content-length`. As in Node, only messages with
 * `strictContentLength` are checked.
 */
const isCounted = (message: Outgoing): boolean =>
  message.strictContentLength &&
  message._contentLength !== null &&
  message._hasBody &&
  !message._removedContLen &&
  !message.chunkedEncoding &&
  !message.hasHeader("transfer-encoding")

const count = (message: Outgoing, total: number, ends: boolean): void => {
  if (!isCounted(message)) return
  const refused = checkLength(message._contentLength as number, total, ends)
  if (refused !== undefined) throw violationError(refused)
}

/**
 * Throws if the encoding of a chunk is unknown. Call this function before the chunk size is sent. If the
 * socket throws only after the chunk size was sent, the chunk is missing, and the peer cannot parse the body.
 */
const checkEncoding = (message: Outgoing, chunk: Chunk, encoding: string | null | undefined): void => {
  if (message.chunkedEncoding && typeof chunk === "string" && encoding && !Buffer.isEncoding(encoding)) {
    throw codedTypeError("ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`)
  }
}

const writeBody = (
  message: Outgoing,
  chunk: Chunk,
  encoding: BufferEncoding | null | undefined,
  callback: Callback,
  last: boolean
): boolean => {
  if (chunk === null) throw codedTypeError("ERR_STREAM_NULL_VALUES", "May not write null values to stream")
  const text = typeof chunk === "string"
  if (!text && !(chunk instanceof Uint8Array)) {
    throw invalidArgType("chunk", ["string", "Buffer", "Uint8Array"], chunk)
  }
  if (message.finished || message.destroyed) {
    if (message.destroyed) {
      const error = message.finished
        ? violationError(writeAfterEnd)
        : codedError("ERR_STREAM_DESTROYED", "Cannot call write after a stream was destroyed")
      nextTick(callback, error)
    } else {
      fail(message, violationError(writeAfterEnd), callback)
    }
    return false
  }
  let length = -1
  if (message.strictContentLength) {
    length = sizeOf(chunk, encoding)
    const total = message[bytesWritten] + length
    count(message, total, last)
    message[bytesWritten] = total
  }
  if (!message._header) {
    if (last) {
      if (length < 0) length = sizeOf(chunk, encoding)
      message._contentLength = length
    }
    message._implicitHeader()
  }
  if (!message._hasBody) {
    // As in Node, discard the body, unless the server has set `rejectNonStandardBodyWrites`.
    if (message[rejectBody]) throw violationError(bodyNotAllowed)
    nextTick(callback)
    return true
  }
  checkEncoding(message, chunk, encoding)
  const socket = message.socket
  if (!last && socket && !socket.writableCorked) {
    socket.cork()
    nextTick(uncorkNext, socket)
  }
  if (!message.chunkedEncoding || chunk.length === 0) {
    return message._send(chunk, encoding, callback, length < 0 ? undefined : length)
  }
  if (length < 0) length = sizeOf(chunk, encoding)
  message._send(chunkSize(length), "latin1", null)
  if (sendsPlainly(message)) {
    message._send(chunkLineEnd, "latin1", null)
    message._send(chunk, encoding, null, length)
    return message._send(chunkLineEnd, "latin1", callback)
  }
  message._send(lineEnd, null, null)
  message._send(chunk, encoding, null, length)
  return message._send(lineEnd, null, callback)
}

/**
 * The end of a chunk line, as a Buffer. If a program overrides `_send`, Node passes the line end as a Buffer,
 * so we pass a Buffer too.
 */
const lineEnd = Buffer.from(chunkLineEnd)

/** Returns whether `_send` and `_writeRaw` are our methods, and have not been overridden by the program. */
const sendsPlainly = (message: Outgoing): boolean => message._send === send && message._writeRaw === writeRaw

function write(this: Outgoing, chunk: Chunk, encoding?: unknown, callback?: unknown): boolean {
  if (typeof encoding === "function") {
    callback = encoding
    encoding = null
  }
  const done = typeof callback === "function" ? (callback as Callback) : nothing
  const room = writeBody(this, chunk, encoding as BufferEncoding, done, false)
  if (!room) this[needDrain] = true
  return room
}

const finished = (message: Outgoing): void => {
  if (message.socket && message.socket._hadError) return
  message.emit("finish")
}

function end(this: Outgoing, chunk?: unknown, encoding?: unknown, callback?: unknown): Outgoing {
  if (typeof chunk === "function") {
    callback = chunk
    chunk = null
    encoding = null
  } else if (typeof encoding === "function") {
    callback = encoding
    encoding = null
  }
  const hasChunk = chunk !== undefined && chunk !== null && chunk !== ""
  if (chunk) {
    if (this.finished) {
      fail(
        this,
        violationError(writeAfterEnd),
        typeof callback === "function" ? (callback as Callback) : nothing
      )
      return this
    }
    return endWith(this, chunk as Chunk, encoding as BufferEncoding, callback, hasChunk)
  }
  if (this.finished) {
    if (typeof callback === "function") {
      if (!this.writableFinished) this.on("finish", callback as () => void)
      else {
        ;(callback as Callback)(
          codedError("ERR_STREAM_ALREADY_FINISHED", "Cannot call end after a stream was finished")
        )
      }
    }
    return this
  }
  return endWith(this, undefined, undefined, callback, false)
}

/**
 * Returns whether the message can be sent in one call. Earlier parts of it must not have been sent or queued,
 * and its socket must accept writes.
 */
const isWhole = (message: Outgoing, socket: HttpSocket | null): socket is HttpSocket =>
  socket !== null &&
  !message._headerSent &&
  message[corked] === 0 &&
  message.outputData.length === 0 &&
  socket._httpMessage === message &&
  socket.writable &&
  !socket.destroyed &&
  !socket.writableCorked &&
  // Only sockets of the system join writes. A stream of another kind gets each write separately, as in Node.
  isSystems(socket) &&
  sendsPlainly(message) &&
  !message.strictContentLength

// Maximum size of a body that is copied behind the head, bytes. For smaller bodies, one plain write with a
// copy costs less than a vectored write.
const copyLimit = 16 * 1024

/** Joins the head and the body in one buffer. */
const joined = (head: string, body: Uint8Array): Uint8Array => {
  const bytes = Buffer.allocUnsafe(head.length + body.length)
  bytes.write(head, "latin1")
  bytes.set(body, head.length)
  return bytes
}

/**
 * Encodes a whole body in the chunked coding as one string, including the last chunk and the trailers.
 * Returns `undefined` if the text contains characters outside of ASCII.
 */
const chunkedText = (message: Outgoing, text: string, encoding: unknown): string | undefined => {
  if (sizeOf(text, encoding) !== text.length) return undefined
  return chunkedWhole(text, message._trailer)
}

/** Sends the whole message in one call and, if possible, in one write. */
const endWhole = (
  message: Outgoing,
  socket: HttpSocket,
  chunk: Chunk,
  encoding: BufferEncoding | null | undefined,
  callback: unknown
): Outgoing => {
  const text = typeof chunk === "string"
  if (!text && !(chunk instanceof Uint8Array)) {
    throw invalidArgType("chunk", ["string", "Buffer", "Uint8Array"], chunk)
  }
  if (message._header === null) {
    message._contentLength = sizeOf(chunk, encoding)
    message._implicitHeader()
  }
  // If the message cannot have a body, `writeBody` discards the chunk, or throws with
  // `rejectNonStandardBodyWrites`.
  if (!message._hasBody) writeBody(message, chunk, encoding, nothing, true)
  if (typeof callback === "function") message.once("finish", callback as () => void)
  const done = finished.bind(undefined, message)
  const pieces =
    text && message._hasBody && message.chunkedEncoding && joinsHead(encoding)
      ? chunkedText(message, chunk, encoding)
      : undefined
  if (!message._hasBody) {
    message._send("", "latin1", done)
  } else if (text && !message.chunkedEncoding) {
    message._send(chunk, encoding, done)
  } else if (pieces !== undefined) {
    // The pieces are pure ASCII, so `_send` can join them with the head to one latin1 string.
    message._send(pieces, "latin1", done)
  } else if (!text && !message.chunkedEncoding && chunk.length <= copyLimit) {
    message._headerSent = true
    message._writeRaw(joined(message._header as unknown as string, chunk), null, done)
  } else {
    checkEncoding(message, chunk, encoding)
    socket.cork()
    writeBody(message, chunk, encoding, message.chunkedEncoding ? nothing : done, true)
    if (message.chunkedEncoding) message._send(lastChunk(message._trailer), "latin1", done)
    socket.uncork()
  }
  message.finished = true
  if (message.outputData.length === 0 && message.socket && message.socket._httpMessage === message) {
    message._finish()
  }
  return message
}

const endWith = (
  message: Outgoing,
  chunk: Chunk | undefined,
  encoding: BufferEncoding | null | undefined,
  callback: unknown,
  hasChunk: boolean
): Outgoing => {
  const socket = message.socket
  if (hasChunk && isWhole(message, socket)) {
    return endWhole(message, socket, chunk as Chunk, encoding, callback)
  }
  // Cork the socket, so that the last bytes are sent in one write with the head or with earlier bytes of the
  // body.
  if (socket && (hasChunk || !message._header)) socket.cork()
  if (hasChunk) {
    writeBody(message, chunk as Chunk, encoding, nothing, true)
  } else if (!message._header) {
    message._contentLength = 0
    message._implicitHeader()
  }
  if (typeof callback === "function") message.once("finish", callback as () => void)
  count(message, message[bytesWritten], true)
  const done = finished.bind(undefined, message)
  if (message._hasBody && message.chunkedEncoding) {
    message._send(lastChunk(message._trailer), "latin1", done)
  } else if (!message._headerSent || message.writableLength > 0 || hasChunk) {
    message._send("", "latin1", done)
  } else {
    nextTick(done)
  }
  if (message.socket) uncorkWhole(message.socket)
  message[corked] = 0
  message.finished = true
  if (message.outputData.length === 0 && message.socket && message.socket._httpMessage === message) {
    message._finish()
  }
  return message
}

function addTrailers(this: Outgoing, headers: unknown): void {
  this._trailer = ""
  const entries = Object.entries(headers as object)
  for (const [key, given] of entries as Array<[string, unknown]>) {
    const [name, value] = Array.isArray(headers)
      ? [(given as [string, unknown])[0], (given as [string, unknown])[1]]
      : [key, given]
    validateHeaderName(name, "Trailer name")
    const together =
      Array.isArray(value) && (value.length < 2 || this[uniqueHeaders]?.has(name.toLowerCase()) === true)
    for (const one of Array.isArray(value) && !together ? (value as Array<unknown>) : [value]) {
      const text = textOf(together ? (one as Array<unknown>).join("; ") : one)
      if (!isValueOf(this, text)) {
        throw violationError({ _tag: "Violation", code: "ERR_INVALID_CHAR", what: "trailer content", name })
      }
      this._trailer += name + ": " + text + "\r\n"
    }
  }
}

function finish(this: Outgoing): void {
  this.emit("prefinish")
}

function flush(this: Outgoing): void {
  const socket = this.socket
  if (!socket || !socket.writable) return
  const room = this._flushOutput(socket)
  if (this.finished) {
    this._finish()
  } else if (room && this[needDrain]) {
    this[needDrain] = false
    this.emit("drain")
  }
}

function flushOutput(this: Outgoing, socket: HttpSocket): boolean | undefined {
  while (this[corked] > 0) {
    this[corked]--
    socket.cork()
  }
  const pending = this.outputData
  if (pending.length === 0) return undefined
  socket.cork()
  let room: boolean | undefined
  for (const { callback, data, encoding } of pending) {
    room = socket.write(data, encoding as BufferEncoding, callback as Callback)
  }
  socket.uncork()
  this.outputData = []
  this._onPendingData(-this.outputSize)
  this.outputSize = 0
  return room
}

function flushHeaders(this: Outgoing): void {
  if (!this._header) this._implicitHeader()
  this._send("")
}

/** Adds the members defined in this file to a prototype. */
export const install = (proto: Outgoing): void => {
  Object.assign(proto, {
    _send: send,
    _writeRaw: writeRaw,
    write,
    addTrailers,
    end,
    _finish: finish,
    _flush: flush,
    _flushOutput: flushOutput,
    flushHeaders
  })
}
