/**
 * One server connection: passes its socket's events to the parser, makes requests and responses of heads, and
 * assigns the socket to the responses in order.
 *
 * A response that is not first in order writes into its own queue. Framing and reuse are not decided here:
 * the parser says whether the request allows keep-alive, the sent head whether its response is the last.
 *
 * Node's policies of this file, each with its reason in docs/node-http.md: handlers of pipelined requests run
 * concurrently; an unread body is discarded, whatever its length; the last response ends with `destroySoon`;
 * the client's FIN ends our side too, unless `httpAllowHalfOpen` lets pending responses complete first.
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

// Shared listeners, as in Node: they find the connection by a property of the socket.
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

/** Emits `clientError`; without a listener sends the default response and destroys the socket. */
export const failSocket = (socket: OnSocket, error: Error & { code?: string }): void => {
  socket.removeListener("error", onError)
  // Ignore further errors while the connection closes.
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
  /** Requests whose responses are not complete, oldest first. */
  readonly incoming: Array<Incoming> = []
  /** Responses waiting for the socket. */
  private readonly outgoing: Array<Response> = []
  /** Bytes (or characters) queued in waiting responses. */
  private pendingSize = 0
  private requests = 0
  private idleTimeoutSet = false
  /**
   * The idle timer, still running although `socket.timeout` is 0: kept until the end of this turn for reuse.
   */
  private held: SocketTimer | undefined = undefined
  /** The timer's duration, ms. */
  private idleTime = 0
  /** A chunk parsed only in part: the tasks started by its last body slice run first. */
  private packet: Uint8Array | undefined = undefined
  /** Bytes of it already parsed. */
  private packetRead = 0
  /** Chunks received after it. */
  private packets: Array<Uint8Array> | undefined = undefined
  /** The connection has ended, so the remaining chunks are parsed without pauses. */
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
    // A client that sends nothing counts as late from the moment it connects.
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
   * Parses the chunk without pushing it to the stream, as long as nobody else reads the socket. (Node's
   * parser reads from the handle.)
   */
  private arrived(chunk: Buffer): boolean {
    const { socket } = this
    if (!this.isAlone || socket.readableFlowing !== true || socket.readableLength > 0) {
      return socket.push(chunk)
    }
    this.read(chunk)
    return true
  }

  /** Whether ours is the only `data` listener of the socket. */
  private get isAlone(): boolean {
    return isOnlyListener(this.socket, "data", onData)
  }

  /** Whether it is between two requests, after at least one. */
  get isIdle(): boolean {
    // In the handler of a pipelined request `begun` is not set yet, so check `headComplete` too.
    return this.parser.begun < 0 && !this.parser.headComplete
  }

  read(chunk: Uint8Array): void {
    if (this.packet === undefined) this.readFrom(chunk, 0)
    else (this.packets ??= []).push(chunk)
  }

  private readFrom(packet: Uint8Array, start: number): void {
    const { parser } = this
    // The parser was released, and may belong to another connection.
    if (parser.socket !== this.socket) return
    // As in Node, whose parser reads a system socket itself, ticks and promises run after each body slice.
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

  /** Parses all received bytes before the end of the connection is handled. */
  private readToEnd(): void {
    this.isLast = true
    this.readOn()
  }

  /**
   * Calls a function in the parser's asynchronous context on a system socket, which Node's parser reads
   * itself.
   */
  private inContext<A extends ReadonlyArray<unknown>>(call: (...args: A) => void, ...args: A): void {
    if (this.isSystems) this.parser.inContext(call, this, ...args)
    else call.apply(this, args as never)
  }

  private fail(error: ParserError, packet: Uint8Array | undefined): void {
    if (packet !== undefined) error.rawPacket = packet
    onError.call(this.socket, error)
  }

  /** Hands over the socket: the bytes after this head are not HTTP. */
  private handOver(request: Incoming, rest: Buffer): void {
    const { parser, server, socket } = this
    this.detach()
    socket.removeListener("error", onError)
    socket.removeListener("timeout", onTimeout)
    parser.finish()
    freeParser(parser, request as { parser?: unknown }, socket)
    const event = request.method === "CONNECT" ? "connect" : "upgrade"
    if (server.listenerCount(event) > 0) {
      // The next owner decides whether the socket flows.
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
    // An incomplete response keeps its `close` listener; `detachSocket` removes it.
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
    // Most requests are answered in the same turn and need the same timer again, so keep it running.
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
    // The response was written: `finished` is called soon and reuses the timer.
    if (socket._httpMessage?.finished === true && this.incoming.length === 1 && socket.writableLength === 0)
      return
    this.held = undefined
    // Clear it, unless the program has set or cleared a timeout meanwhile.
    if (timerOf(socket) === held) socket.setTimeout(0)
  }

  /**
   * Restarts the idle time. Traffic has refreshed a held timer, so only `socket.timeout` must be set again.
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
    // Backpressure: stop reading from a client that does not read its responses.
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

  /** Emits an event with request and response. */
  private emit(event: "request" | "checkContinue" | "checkExpectation", req: Incoming, res: Response): void {
    const { server } = this
    try {
      server.emit(event, req, res)
    } finally {
      if (Object.getPrototypeOf(res) !== server[responseClass].prototype) adoptMessages(req, res)
    }
  }

  /** `optimizeEmptyRequests`: ends a request without a body at once. */
  private endEmpty(req: Incoming): void {
    const head = this.parser.currentHead
    // Node's policy: `content-length: 0` announces a body too.
    if (head === null || head.contentLength !== undefined || announcesBody(head, true)) return
    endAtOnce(req)
    req.complete = true
    this.parser.incoming = null
  }

  /** Whether `maxHeadersCount` drops some fields of the request. */
  private isCut(head: RequestHead): boolean {
    const { maxHeaderPairs } = this.parser
    return maxHeaderPairs > 0 && head.rawHeaders.length > maxHeaderPairs
  }

  /** Answers requests that need no handler, or emits their own event; `true` if it did. */
  private answeredBeforehand(req: Incoming, res: Response): boolean {
    const { server, socket } = this
    const { httpVersionMajor: major, httpVersionMinor: minor } = req
    if (major !== 1 || minor !== 1) return false
    const head = this.parser.currentHead
    if (head === null) return false
    const host = this.isCut(head) || isFoldedByProgram(req) ? req.headers.host : head.get("host")
    // Read several `expect` fields as one list.
    const expect = head.get("expect") === undefined ? undefined : req.headers["expect"]
    // Node's policy: sent as a normal response, without a `clientError`.
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

  /** A response has been written completely: assigns the socket to the next one, or ends the connection. */
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
    // `pop` keeps the array's storage for the next request.
    if (incoming.length === 1) incoming.pop()
    else incoming.shift()
    // An unread body would block the connection, so discard it.
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
 * Discards an unread request. One without a body and without listeners is set to the state after its last
 * event at once, which saves several turns.
 */
const discardUnread = (req: Incoming): void => {
  if (isUnobserved(req) && req.complete && discardsPlainly(req)) endAtOnce(req)
  else req._dump()
}

const endAtOnce = (req: Incoming): void => {
  req._dumped = true
  markEnded(req)
}

/** Drops the parser's reference to a request, once the request is read. */
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
