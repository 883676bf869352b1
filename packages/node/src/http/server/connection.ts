/**
 * One server connection. It passes the bytes of its socket to the parser, and makes a request and a response
 * for each head. The responses get the socket in the order of the requests. Until a response gets the socket,
 * its writes are queued.
 *
 * This file never decides about framing or reuse. The parser reports whether the request allows keep-alive.
 * The head of the response decides whether the connection closes after that response.
 *
 * This file follows four policies of Node (docs/node-http.md has the reasons). Handlers of pipelined requests
 * run concurrently. An unread body is discarded, whatever its length. After the last response, `destroySoon`
 * closes the socket. When the client sends FIN, our side sends FIN too, unless `httpAllowHalfOpen` lets
 * pending responses complete first.
 */
import {
  announcesBody,
  expectationFailed,
  expectationOf,
  idleLimit,
  lacksHost,
  nodeDefaultResponse,
  requestQuota,
  type RequestHead
} from "@httpfx/core/wire"
import { afterTasks } from "../../socket/fast/afterTasks.js"
import { stopFlowing } from "../../socket/fast/flowing.js"
import { sayTimeout, timerOf, type SocketTimer } from "../../socket/fast/idleTimer.js"
import { isSystems } from "../../socket/fast/isSystems.js"
import { isOnlyListener } from "../../socket/fast/onlyListener.js"
import { isResuming, isUnobserved, markEnded } from "../../socket/fast/unread.js"
import { nextTick } from "../../time/realTime.js"
import { Reader } from "../../socket/reader.js"
import { stillSilent } from "../../socket/stillSilent.js"
import { HTTPServerAsyncResource } from "../own/asyncResources.js"
import { serverRequestStart, serverResponseFinish } from "../own/channels.js"
import { codedError, resetError, type ParserError } from "../own/errors.js"
import { parserOptions } from "../own/flags.js"
import { adoptListener, adoptMessages } from "../own/foreignPrototypes.js"
import { isFoldedByProgram, discardsPlainly } from "../message/incoming.js"
import type { Incoming } from "../message/shapes.js"
import { freeParser, REQUEST, takeParser, type HttpParser } from "../message/parser.js"
import { measureEnd, measureStart } from "../own/measure.js"
import type { HttpServer } from "./shapes.js"
import { closeResponse, onSocketClose } from "./response.js"
import type { Response } from "./shapes.js"
import { debug } from "../own/debug.js"
import type { HttpSocket } from "../message/shapes.js"
import {
  clock,
  connectionOf,
  connections,
  emptyRequests,
  messageClass,
  needDrain,
  responseClass,
  startTime,
  uniqueHeaders,
  waiting
} from "../own/symbols.js"
import { nodeTimers } from "../own/timers.js"

type OnSocket = HttpSocket & { [connectionOf]?: ServerConnection | undefined }

function refuseEncoding(): never {
  throw codedError(
    "ERR_HTTP_SOCKET_ENCODING",
    "Changing the socket encoding is not allowed per RFC7230 Section 3."
  )
}

const noop = (): void => {}

// All connections share these listeners, as in Node. Each socket stores its connection under the key
// `connectionOf`.
function onData(this: OnSocket, chunk: Uint8Array): void {
  this[connectionOf]?.read(chunk)
}
function onEnd(this: OnSocket): void {
  this[connectionOf]?.ended()
}
function onClose(this: OnSocket): void {
  this[connectionOf]?.closed()
}
function onDrain(this: OnSocket): void {
  this[connectionOf]?.drained()
}
export function onError(this: OnSocket, error: Error & { code?: string }): void {
  failSocket(this, error)
}
function onTimeout(this: OnSocket): void {
  stillSilent(this, () => timedOut.call(this), noop)
}
function timedOut(this: OnSocket): void {
  const connection = this[connectionOf]
  const request = this.parser?.incoming
  const response = this._httpMessage
  const asked = request && !request.complete && request.emit("timeout", this)
  const answered = response && response.emit("timeout", this)
  const served = connection?.server.emit("timeout", this)
  if (!asked && !answered && !served) this.destroy()
}

/**
 * Emits `clientError`. If the server has no listener for this event, sends the default error response and
 * destroys the socket.
 */
export const failSocket = (socket: OnSocket, error: Error & { code?: string }): void => {
  socket.removeListener("error", onError)
  // Ignore later errors of the socket while the connection closes.
  if (!socket.listeners("error").includes(noop)) socket.on("error", noop)
  const server = socket.server as HttpServer
  if (server.emit("clientError", error, socket)) return
  if (socket.writable && (!socket._httpMessage || !socket._httpMessage._headerSent)) {
    socket.write(nodeDefaultResponse(error.code ?? ""))
  }
  socket.destroy(error)
}

type OfConnection = Response & { [connectionOf]?: ServerConnection }

function onFinish(this: OfConnection): void {
  this[connectionOf]?.finished(this.req, this)
}

export class ServerConnection {
  /** Requests whose responses are not complete yet. The oldest is the first. */
  readonly incoming: Array<Incoming> = []
  /** Responses that do not have the socket yet. The oldest is the first. */
  private readonly outgoing: Array<Response> = []
  /**
   * Number of bytes that the responses in `outgoing` have queued. For a string, its characters are counted.
   */
  private pendingSize = 0
  private requests = 0
  private idleTimeoutSet = false
  /**
   * The socket's idle timer, kept while a request is served, so that the next idle period can reuse the
   * timer. The timer keeps running until the end of this turn of the event loop. Meanwhile `socket.timeout`
   * is 0.
   */
  private held: SocketTimer | undefined = undefined
  /** The duration of the idle timer, ms. */
  private idleTime = 0
  /**
   * A received chunk whose bytes before `packetRead` are parsed. Parsing of the chunk continues after pending
   * ticks and promises.
   */
  private packet: Uint8Array | undefined = undefined
  /** Number of bytes of `packet` that have been parsed. */
  private packetRead = 0
  /** Chunks that arrived after `packet`. They are not parsed yet. */
  private packets: Array<Uint8Array> | undefined = undefined
  /** Whether the connection has ended. If it has, the remaining chunks are parsed without pauses. */
  private isLast = false
  private readonly isSystems: boolean
  readonly parser: HttpParser
  private readonly onPending = (delta: number): void => {
    this.pendingSize += delta
    this.drained()
  }

  constructor(
    readonly server: HttpServer,
    readonly socket: OnSocket
  ) {
    debug("SERVER new http connection")
    socket.server = server
    if (server.timeout && typeof socket.setTimeout === "function") socket.setTimeout(server.timeout)
    socket.on("timeout", onTimeout)
    const parser = takeParser()
    this.parser = parser
    const timers = server[waiting]
    parser.initialize({
      type: REQUEST,
      socket,
      Message: server[messageClass],
      onIncoming: (message, keepAlive) => this.request(message, keepAlive),
      options: parserOptions(server),
      joinDuplicateHeaders: server.joinDuplicateHeaders || null,
      maxHeadersCount: server.maxHeadersCount,
      resource: new HTTPServerAsyncResource(socket),
      now: timers === nodeTimers ? undefined : () => timers.now()
    })
    // The request timeout starts when the connection is accepted, so that it also applies to a client that
    // sends nothing.
    parser.begins()
    socket.parser = parser
    socket[connectionOf] = this
    socket.on("data", onData)
    socket.on("error", onError)
    socket.on("end", onEnd)
    socket.on("close", onClose)
    socket.on("close", onSocketClose)
    socket.on("drain", onDrain)
    socket.setEncoding = refuseEncoding
    socket._paused = false
    for (const listener of server.listeners("request")) adoptListener(listener)
    server[connections].add(this)
    this.isSystems = isSystems(socket)
    if (this.isSystems) new Reader().takeOver(socket, (chunk) => this.arrived(chunk))
  }

  /**
   * Parses a chunk directly, without the stream, as Node's parser does. If the program also reads the socket,
   * the chunk is pushed to the stream, so that all listeners get the chunk.
   */
  private arrived(chunk: Buffer): boolean {
    const { socket } = this
    if (!this.isAlone || socket.readableFlowing !== true || socket.readableLength > 0) {
      return socket.push(chunk)
    }
    this.read(chunk)
    return true
  }

  /** Whether our `data` listener is the only one of the socket. */
  private get isAlone(): boolean {
    return isOnlyListener(this.socket, "data", onData)
  }

  /** Whether the last request has been received completely and the next request has not begun. */
  get isIdle(): boolean {
    // While the handler of a pipelined request starts, `begun` is still unset, so check `headComplete` too.
    return this.parser.begun < 0 && !this.parser.headComplete
  }

  read(chunk: Uint8Array): void {
    if (this.packet === undefined) this.readFrom(chunk, 0)
    else (this.packets ??= []).push(chunk)
  }

  private readFrom(packet: Uint8Array, start: number): void {
    const { parser } = this
    // A parser that was released may already serve another connection, so drop these bytes.
    if (parser.socket !== this.socket) return
    // Node's parser on a system socket lets pending ticks and promises run after each slice of a body. Do the
    // same.
    parser.stopsAfterData = this.isSystems && !this.isLast && this.isAlone
    try {
      const read = parser.execute(start === 0 ? packet : packet.subarray(start))
      if (typeof read !== "number") {
        read.bytesParsed += start
        this.inContext(this.fail, read, packet)
      } else if (parser.hasStopped) {
        this.packet = packet
        this.packetRead = start + read
        afterTasks(() => this.readOn())
      } else if (parser.incoming !== null && parser.incoming.upgrade) {
        this.inContext(this.handOver, parser.incoming, (packet as Buffer).subarray(start + read))
      }
    } finally {
      if (this.held !== undefined) this.releaseTimer()
    }
  }

  private readOn(): void {
    const { packet } = this
    if (packet === undefined) return
    this.packet = undefined
    this.readFrom(packet, this.packetRead)
    while (this.packet === undefined && this.packets !== undefined && this.packets.length > 0) {
      this.readFrom(this.packets.shift()!, 0)
    }
  }

  /** Parses all received bytes without pauses. Called before the end of the connection is handled. */
  private readToEnd(): void {
    this.isLast = true
    this.readOn()
  }

  /**
   * Calls a method. Node's parser reads a system socket itself, and calls back in the asynchronous context of
   * the parser. On a system socket, the method therefore runs in that context.
   */
  private inContext<A extends ReadonlyArray<unknown>>(call: (...args: A) => void, ...args: A): void {
    if (this.isSystems) this.parser.inContext(call, this, ...args)
    else call.apply(this, args as never)
  }

  private fail(error: ParserError, packet: Uint8Array | undefined): void {
    if (packet !== undefined) error.rawPacket = packet
    onError.call(this.socket, error)
  }

  /** Hands over the socket and the bytes after the request head, which belong to another protocol. */
  private handOver(request: Incoming, rest: Buffer): void {
    const { parser, server, socket } = this
    this.detach()
    socket.removeListener("error", onError)
    socket.removeListener("timeout", onTimeout)
    parser.finish()
    freeParser(parser, request as { parser?: unknown }, socket)
    const event = request.method === "CONNECT" ? "connect" : "upgrade"
    if (server.listenerCount(event) > 0) {
      // Stop the flow of the socket. Its next bytes must wait until the new owner adds a `data` listener or
      // calls `resume`.
      stopFlowing(socket)
      server.emit(event, request, socket, rest)
    } else {
      socket.destroy()
    }
  }

  private detach(): void {
    const { server, socket } = this
    socket.removeListener("data", onData)
    socket.removeListener("end", onEnd)
    socket.removeListener("close", onClose)
    // An incomplete response still needs this `close` listener. `detachSocket` removes the listener later.
    if (!socket._httpMessage) socket.removeListener("close", onSocketClose)
    socket.removeListener("drain", onDrain)
    socket[connectionOf] = undefined
    server[connections].delete(this)
  }

  ended(): void {
    this.readToEnd()
    const { server, socket } = this
    const error = this.parser.finish()
    if (error !== undefined) {
      this.fail(error, undefined)
    } else if (!server.httpAllowHalfOpen) {
      socket.end()
    } else if (this.outgoing.length > 0) {
      this.outgoing[this.outgoing.length - 1]!._last = true
    } else if (socket._httpMessage) {
      socket._httpMessage._last = true
    } else {
      socket.end()
    }
  }

  closed(): void {
    this.readToEnd()
    const { parser, server, socket } = this
    server[connections].delete(this)
    freeParser(parser, null, socket)
    const { incoming } = this
    while (incoming.length > 0) incoming.shift()!.destroy(resetError("aborted"))
  }

  drained(): void {
    const { socket } = this
    if (socket._paused === true && this.pendingSize <= socket.writableHighWaterMark) {
      socket._paused = false
      socket.resume()
    }
    const message = socket._httpMessage
    if (message && !message.finished && message[needDrain]) {
      message[needDrain] = false
      message.emit("drain")
    }
  }

  private resetTimeout(): void {
    if (!this.idleTimeoutSet) return
    this.idleTimeoutSet = false
    const { server, socket } = this
    // Most responses complete in the same turn, and then an idle timer of the same duration is needed. Keep
    // this timer running.
    const timer = server.timeout === 0 ? timerOf(socket) : undefined
    if (timer === undefined) {
      socket.setTimeout(server.timeout || 0)
    } else {
      sayTimeout(socket, 0)
      this.held = timer
    }
  }

  private releaseTimer(): void {
    const { held, socket } = this
    // The response has been written, so `finished` is called next, and reuses the timer.
    if (socket._httpMessage?.finished === true && this.incoming.length === 1 && socket.writableLength === 0)
      return
    this.held = undefined
    // If the program has set or cleared a timeout meanwhile, leave the new timeout alone.
    if (timerOf(socket) === held) socket.setTimeout(0)
  }

  /**
   * Starts the idle timeout. If the timer of the previous idle period is still running, traffic has restarted
   * the timer, so only `socket.timeout` is set.
   */
  private startIdleTime(): void {
    const { held, server, socket } = this
    const time = idleLimit(server.keepAliveTimeout, server.keepAliveTimeoutBuffer)
    if (held !== undefined && this.idleTime === time && timerOf(socket) === held) sayTimeout(socket, time)
    else socket.setTimeout(time)
    this.held = undefined
    this.idleTime = time
    this.idleTimeoutSet = true
  }

  private request(req: Incoming, keepAlive: boolean): number {
    const { server, socket } = this
    this.resetTimeout()
    if (req.upgrade) {
      req.upgrade = req.method === "CONNECT" || server.shouldUpgradeCallback(req)
      if (req.upgrade) return 2
    }
    if (server[emptyRequests]) this.endEmpty(req)
    this.incoming.push(req)
    // Apply backpressure: stop reading from a client that does not read its responses.
    if (socket._paused === false) {
      if (socket.writableNeedDrain || this.pendingSize >= socket.writableHighWaterMark) {
        socket._paused = true
        socket.pause()
      }
    }
    const Response = server[responseClass]
    const res = new Response(req, {
      highWaterMark: socket.writableHighWaterMark,
      rejectNonStandardBodyWrites: server.rejectNonStandardBodyWrites
    })
    res._keepAliveTimeout = server.keepAliveTimeout
    res._maxRequestsPerSocket = server.maxRequestsPerSocket as number
    res._onPendingData = this.onPending
    res.shouldKeepAlive = keepAlive
    res[uniqueHeaders] = server[uniqueHeaders]
    if (server[waiting] !== nodeTimers) res[clock] = server[waiting]
    res[startTime] = measureStart()
    if (serverRequestStart.hasSubscribers) {
      serverRequestStart.publish({ request: req, response: res, socket, server })
    }
    if (socket._httpMessage) this.outgoing.push(res)
    else res.assignSocket(socket)
    ;(res as OfConnection)[connectionOf] = this
    res.on("finish", onFinish)
    if (!this.answeredBeforehand(req, res)) this.emit("request", req, res)
    return 0
  }

  /**
   * Emits an event with the request and the response. If the listener has replaced the prototypes of these
   * two messages, adapts the new prototypes to our classes.
   */
  private emit(event: "request" | "checkContinue" | "checkExpectation", req: Incoming, res: Response): void {
    const { server } = this
    try {
      server.emit(event, req, res)
    } finally {
      if (Object.getPrototypeOf(res) !== server[responseClass].prototype) adoptMessages(req, res)
    }
  }

  /** Implements `optimizeEmptyRequests`: ends the stream of a request without a body immediately. */
  private endEmpty(req: Incoming): void {
    const head = this.parser.currentHead
    // As in Node, a request with `content-length: 0` counts as a request with a body, so leave its stream
    // open.
    if (head === null || head.contentLength !== undefined || announcesBody(head, true)) return
    endAtOnce(req)
    req.complete = true
    this.parser.incoming = null
  }

  /** Returns whether fields of the request were dropped because of `maxHeadersCount`. */
  private isCut(head: RequestHead): boolean {
    const { maxHeaderPairs } = this.parser
    return maxHeaderPairs > 0 && head.rawHeaders.length > maxHeaderPairs
  }

  /**
   * Responds to a request that must not reach the `request` listeners, or emits another event in place of
   * `request`. Returns `false` if neither applies. The caller then emits `request`.
   */
  private answeredBeforehand(req: Incoming, res: Response): boolean {
    const { server, socket } = this
    const { httpVersionMajor: major, httpVersionMinor: minor } = req
    if (major !== 1 || minor !== 1) return false
    const head = this.parser.currentHead
    if (head === null) return false
    const host = this.isCut(head) || isFoldedByProgram(req) ? req.headers.host : head.get("host")
    // Take the value from `req.headers`, because `req.headers` joins several `expect` fields to one list.
    const expect = head.get("expect") === undefined ? undefined : req.headers["expect"]
    // As in Node, a missing `Host` gets a normal 400 response, without a `clientError` event.
    if (server.requireHostHeader && lacksHost(major, minor, host !== undefined)) {
      res.writeHead(400, ["Connection", "close"])
      res.end()
      return true
    }
    const max = server.maxRequestsPerSocket
    if (typeof max === "number" && max > 0) {
      const quota = requestQuota(max, ++this.requests)
      res.maxRequestsOnConnectionReached = quota !== "open"
      if (quota === "exceeded") {
        server.emit("dropRequest", req, socket)
        res.writeHead(503)
        res.end()
        return true
      }
    }
    const expectation = expectationOf(1, expect === undefined ? undefined : String(expect), "word")
    if (expectation === "none") return false
    if (expectation === "continue") {
      res._expect_continue = true
      if (server.listenerCount("checkContinue") > 0) {
        this.emit("checkContinue", req, res)
      } else {
        res.writeContinue()
        this.emit("request", req, res)
      }
    } else if (server.listenerCount("checkExpectation") > 0) {
      this.emit("checkExpectation", req, res)
    } else {
      res.writeHead(expectationFailed)
      res.end()
    }
    return true
  }

  /**
   * Called when a response has been written completely. Closes the connection after the last response.
   * Otherwise assigns the socket to the next response, or starts the idle timeout.
   */
  finished(req: Incoming, res: Response): void {
    const { server, socket } = this
    if (serverResponseFinish.hasSubscribers) {
      serverResponseFinish.publish({ request: req, response: res, socket, server })
    }
    if (res[startTime]) {
      measureEnd("HttpRequest", res[startTime], () => ({
        req: { method: req.method, url: req.url, headers: req.headers },
        res: {
          statusCode: res.statusCode,
          statusMessage: res.statusMessage,
          headers: (res as unknown as { getHeaders(): unknown }).getHeaders()
        }
      }))
    }
    const { incoming } = this
    // Prefer `pop` to `shift`, because `pop` keeps the storage of the array for the next request.
    if (incoming.length === 1) incoming.pop()
    else incoming.shift()
    // Discard an unread body, because its bytes would block the next request on the connection.
    if (!req._consuming && !isResuming(req)) discardUnread(req)
    res.detachSocket(socket)
    forget(req, this.parser)
    nextTick(closeResponse, res)
    if (res._last) {
      if (typeof socket.destroySoon === "function") socket.destroySoon()
      else socket.end()
    } else if (this.outgoing.length > 0) {
      this.outgoing.shift()!.assignSocket(socket)
    } else if (server.keepAliveTimeout && typeof socket.setTimeout === "function") {
      this.startIdleTime()
    }
  }
}

/**
 * Discards an unread request body. If the request is complete and has neither listeners nor buffered data,
 * its stream is marked as ended at once. This saves several turns of the event loop.
 */
const discardUnread = (req: Incoming): void => {
  if (isUnobserved(req) && req.complete && discardsPlainly(req)) endAtOnce(req)
  else req._dump()
}

const endAtOnce = (req: Incoming): void => {
  req._dumped = true
  markEnded(req)
}

/**
 * Removes the parser's reference to a request. If the request is still being read, removes the reference at
 * its end.
 */
const forget = (req: Incoming, parser: HttpParser): void => {
  if (parser.incoming !== req) return
  if (req.readableEnded) {
    parser.incoming = null
  } else {
    req.on("end", () => {
      if (parser.incoming === req) parser.incoming = null
    })
  }
}
