/**
 * One connection of a server: its socket's events become calls of the parser, heads become requests and
 * responses, and responses take their turn on the socket.
 *
 * Order is kept here: a response that is not first in the line writes into its queue. Framing and reuse are
 * not decided here: the parser says what keeps alive, the head that was sent says what is last.
 *
 * Node's policies of this file, each with its reason in docs/node-http.md: handlers of pipelined requests
 * run at the same time; a body that nobody reads is dropped, however long; the last response ends with
 * `destroySoon`; the client's FIN ends our side too, unless `httpAllowHalfOpen` holds it back behind what is
 * due.
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
import { isFoldedByProgram, isLetGoPlainly } from "../message/incoming.js"
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

// One function for all connections where Node allows it: a listener finds its connection on its socket.
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

/** What a listener of `clientError` is told, or else the peer. */
export const failSocket = (socket: OnSocket, error: Error & { code?: string }): void => {
  socket.removeListener("error", onError)
  // Whatever else goes wrong while the connection ends is of no interest.
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
  /** Requests whose responses are not finished, oldest first. */
  readonly incoming: Array<Incoming> = []
  /** Responses that wait for their turn. */
  private readonly outgoing: Array<Response> = []
  /** Bytes (or characters) that waiting responses hold. */
  private pendingSize = 0
  private requests = 0
  private idleTimeoutSet = false
  /**
   * The timer of the idle time goes on, though the socket says that it has none: until the end of this turn.
   */
  private held: SocketTimer | undefined = undefined
  /** For how long it was set, ms. */
  private idleTime = 0
  /** A packet that is not read to its end: what the last slice of a body has started comes first. */
  private packet: Uint8Array | undefined = undefined
  /** How much of it has been read. */
  private packetRead = 0
  /** Packets behind it. */
  private packets: Array<Uint8Array> | undefined = undefined
  /** Nothing comes behind the packet, so it is read to its end at once. */
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
    // A connection that sends nothing is late from its first moment on.
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
   * Past the stream, as long as nobody else wants the bytes: as from Node's parser, which reads from the
   * handle.
   */
  private arrived(chunk: Buffer): boolean {
    const { socket } = this
    if (!this.isAlone || socket.readableFlowing !== true || socket.readableLength > 0) {
      return socket.push(chunk)
    }
    this.read(chunk)
    return true
  }

  /** Nobody else listens for the socket's bytes. */
  private get isAlone(): boolean {
    return isOnlyListener(this.socket, "data", onData)
  }

  /** Between two requests, with at least one behind it. */
  get isIdle(): boolean {
    // In the handler of a request that came in one packet with others the time of its beginning is not set
    // yet.
    return this.parser.begun < 0 && !this.parser.headComplete
  }

  read(chunk: Uint8Array): void {
    if (this.packet === undefined) this.readFrom(chunk, 0)
    else (this.packets ??= []).push(chunk)
  }

  private readFrom(packet: Uint8Array, start: number): void {
    const { parser } = this
    // It was let go of, and may be another connection's.
    if (parser.socket !== this.socket) return
    // As Node's parser, which reads a system's socket itself: ticks and promises run behind each slice of a
    // body.
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
      if (this.held !== undefined) this.letGoOfTimer()
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

  /** What has come is read before the end of the connection. */
  private readToEnd(): void {
    this.isLast = true
    this.readOn()
  }

  /**
   * Node's parser reads a system's socket itself, and tells in its own context what becomes of the
   * connection.
   */
  private inContext<A extends ReadonlyArray<unknown>>(call: (...args: A) => void, ...args: A): void {
    if (this.isSystems) this.parser.inContext(call, this, ...args)
    else call.apply(this, args as never)
  }

  private fail(error: ParserError, packet: Uint8Array | undefined): void {
    if (packet !== undefined) error.rawPacket = packet
    onError.call(this.socket, error)
  }

  /** Lets go of the socket: from here on its bytes are not HTTP. */
  private handOver(request: Incoming, rest: Buffer): void {
    const { parser, server, socket } = this
    this.detach()
    socket.removeListener("error", onError)
    socket.removeListener("timeout", onTimeout)
    parser.finish()
    freeParser(parser, request as { parser?: unknown }, socket)
    const event = request.method === "CONNECT" ? "connect" : "upgrade"
    if (server.listenerCount(event) > 0) {
      // Whoever listens next decides how it is read.
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
    // A response that is not finished hears of the end all the same; its own `detachSocket` lets go of the
    // listener.
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
    // Most requests are answered in the turn in which they come, and need the same timer again.
    const timer = server.timeout === 0 ? timerOf(socket) : undefined
    if (timer === undefined) {
      socket.setTimeout(server.timeout || 0)
    } else {
      sayTimeout(socket, 0)
      this.held = timer
    }
  }

  private letGoOfTimer(): void {
    const { held, socket } = this
    // Answered, and the system has it: `finished` comes in a moment.
    if (socket._httpMessage?.finished === true && this.incoming.length === 1 && socket.writableLength === 0)
      return
    this.held = undefined
    // Unless somebody has set another one meanwhile, or none.
    if (timerOf(socket) === held) socket.setTimeout(0)
  }

  /** Traffic has put the timer off, so one that was held need only be called by its name again. */
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
    // A peer that does not read its answers is not read either.
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

  /** Hands a request to the listeners of an event. */
  private emit(event: "request" | "checkContinue" | "checkExpectation", req: Incoming, res: Response): void {
    const { server } = this
    try {
      server.emit(event, req, res)
    } finally {
      if (Object.getPrototypeOf(res) !== server[responseClass].prototype) adoptMessages(req, res)
    }
  }

  /** A request that announces no body is at its end from the beginning. */
  private endEmpty(req: Incoming): void {
    const head = this.parser.currentHead
    // Node's policy: a length of 0 announces one too.
    if (head === null || head.contentLength !== undefined || announcesBody(head, true)) return
    endAtOnce(req)
    req.complete = true
    this.parser.incoming = null
  }

  /** `maxHeadersCount` leaves some fields of the request out. */
  private isCut(head: RequestHead): boolean {
    const { maxHeaderPairs } = this.parser
    return maxHeaderPairs > 0 && head.rawHeaders.length > maxHeaderPairs
  }

  /** Answers that need no handler, or that have events of their own. */
  private answeredBeforehand(req: Incoming, res: Response): boolean {
    const { server, socket } = this
    const { httpVersionMajor: major, httpVersionMinor: minor } = req
    if (major !== 1 || minor !== 1) return false
    const head = this.parser.currentHead
    if (head === null) return false
    const host = this.isCut(head) || isFoldedByProgram(req) ? req.headers.host : head.get("host")
    // Several are one list.
    const expect = head.get("expect") === undefined ? undefined : req.headers["expect"]
    // Node's policy: a response as a handler gives it, not an error of the client's.
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

  /** A response has been handed to the socket whole: the next one's turn, or the end. */
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
    // Taking the last one off keeps the list's room for the next.
    if (incoming.length === 1) incoming.pop()
    else incoming.shift()
    // A body that nobody reads would stop the connection.
    if (!req._consuming && !isResuming(req)) letGo(req)
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
 * Nobody reads the request. One that has come whole, without a body, and that nobody listens to is what it
 * would be after its last event, without the turns that lead there.
 */
const letGo = (req: Incoming): void => {
  if (isUnobserved(req) && req.complete && isLetGoPlainly(req)) endAtOnce(req)
  else req._dump()
}

const endAtOnce = (req: Incoming): void => {
  req._dumped = true
  markEnded(req)
}

/** The parser forgets a request that was read to its end. */
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
