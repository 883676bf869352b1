/**
 * One server connection, which turns received bytes into exchanges, one after the other, and responses into
 * bytes.
 *
 * The connection drives the parser and the automaton of `wire/`. During an exchange the connection reads
 * ahead into a bounded buffer, because a client that has left is noticed only by reading. The connection must
 * never throw into the transport, and keeps no timer and no input after it has closed.
 */
import type { Fault } from "../../model/fault.js"
import type { DropReason } from "../../model/outcome.js"
import type { Transport } from "../../seams/transport.js"
import {
  Against,
  announcesBody,
  Body,
  continueHead,
  headersSent,
  isRestRead,
  reasonOf,
  requestQuota,
  RequestParser,
  type DeadlinePolicy,
  type EncodedHead,
  type RequestEvents,
  type RequestHead,
  type Violation
} from "../../wire/index.js"
import { forBody } from "../transfer/inflow.js"
import * as Deadlines from "./deadlines.js"
import * as Endings from "./endings.js"
import { idleLingerTime, lingerBytes } from "./linger.js"
import type { Connection, Exchange, ExchangeHome, ServerPort, Owner, Taken } from "./ports.js"
import * as Refusals from "./refusals.js"
import { ConnectionState, responseBegun } from "./state.js"
import * as Upgrade from "./upgrade.js"
import type { WebSocketClose } from "./upgradeState.js"

export class ServerConnection extends ConnectionState implements Connection, ExchangeHome {
  private readonly parser: RequestParser
  private parsing = false
  /** Whether FIN was received. */
  private peerEnded = false
  /** The server's limit that this connection exceeds. If set, the next request gets 503. */
  private full: DropReason | undefined

  /**
   * `full` is the server's limit that this connection exceeds, if any. The first request then gets 503.
   */
  constructor(
    transport: Transport,
    server: ServerPort,
    owner: Owner,
    id: number,
    full: DropReason | undefined
  ) {
    super(transport, server, owner, id)
    this.full = full
    this.parser = new RequestParser(new Receiver(this), server.settings)
  }

  start(): void {
    this.transport.start(this)
    const { events, timers } = this.server
    if (!events.active) return
    this.openedAt = timers.now()
    events.connectionOpened(this)
  }

  get bytesIn(): number {
    return this.parser.bytesConsumed + (this.taken?.upgrade?.received ?? 0)
  }

  // ---- the transport's events

  data(chunk: Uint8Array): void {
    if (this.phase !== "open") return this.lingering.discard(chunk.length)
    if (this.inflow.probing) Deadlines.probed(this, chunk.length)
    this.waits.received += chunk.length
    if (this.parsing || this.parser.paused || this.parser.stopped)
      this.inflow.push(chunk, this.exchange?.body)
    else this.parse(chunk)
  }

  end(): void {
    if (this.phase !== "open") return
    this.peerEnded = true
    this.endRequests()
  }

  private endRequests(): void {
    const refusal = this.parser.finish()
    const exchange = this.exchange
    // With `allowHalfOpen`, requests received before FIN are still served. This check follows `finish`,
    // because `finish` may have completed the last request.
    const { allowHalfOpen } = this.server.settings
    if (allowHalfOpen && (exchange?.requestComplete === true || this.inflow.queued > 0)) return
    if (exchange !== undefined) {
      const reason = "the client closed the connection"
      Endings.abort(this, (where) => ({ _tag: "HangUp", reason, ...where }))
    } else if (refusal !== undefined) {
      return Refusals.reject(this, { _tag: "Refused", refusal }, "Refused")
    }
    this.automaton.requestEof()
    Endings.breakOff(this, exchange, "PeerEof")
  }

  error(fault: Fault): void {
    this.closeReason ??= "Failed"
    Refusals.tellFault(this, fault)
    Endings.abort(this, (where) => ({ _tag: "Failed", fault, ...where }))
  }

  close(): void {
    if (this.phase === "closed") return
    this.phase = "closed"
    this.cancelAnswer?.()
    Endings.abort(this, (where) => ({ _tag: "Reset", reason: "the connection was closed", ...where }))
    Upgrade.upgradeOver(this)
    this.drain()
    this.linger?.stop()
    this.cancelWatch?.()
    if (this.isIdle) this.server.idle.leave(this)
    this.inflow.end()
    const { openedAt, server } = this
    if (server.events.active) {
      const duration = openedAt === undefined ? undefined : Math.round(server.timers.now() - openedAt)
      server.events.connectionClosed(this, this.closeReason ?? "PeerEof", duration)
    }
    this.server.connectionClosed(this)
  }

  // ---- the parser's events

  requestHead(head: RequestHead): number {
    if (this.full !== undefined) {
      Refusals.drop(this, head, this.full)
      return Body.Stop
    }
    const exceeded = this.server.requests?.exceeded
    if (exceeded !== undefined) {
      Refusals.drop(this, head, exceeded)
      return Body.Stop
    }
    if (this.isIdle) this.server.idle.leave(this)
    this.automaton.requestHead(head)
    if (this.server.draining) this.automaton.mustClose("Draining")
    const exchange = this.owner.open(this, head, this.automaton.exchanges)
    this.exchange = exchange
    if (head.method === "CONNECT") {
      // Complete the request and stop the parser, because bytes after the head of CONNECT are not HTTP, even
      // if no tunnel opens.
      this.waits.requestComplete()
      this.automaton.requestComplete()
      exchange.requestComplete = true
      return Body.Stop
    }
    const { flags, highWaterMark } = this.server.settings
    if (announcesBody(head, flags.chunkedNotLast)) {
      exchange.body = exchange.openBody(highWaterMark)
      const { bodyAlreadyRead } = this.transport
      if (bodyAlreadyRead !== undefined) exchange.body.fail({ _tag: "AlreadyRead", reason: bodyAlreadyRead })
    }
    return Body.Read
  }

  requestData(slice: Uint8Array): void {
    const exchange = this.exchange
    if (exchange === undefined) return
    exchange.body!.push(slice)
    if (exchange.responseComplete) this.lingering.discard(slice.length)
  }

  requestComplete(rawTrailers: ReadonlyArray<string>): void {
    const exchange = this.exchange
    // A CONNECT request was completed at its head, where the parser stopped.
    if (exchange?.requestComplete === true) return
    // Pause the parser, so that the next request waits in `inflow` until this request has its response.
    this.parser.pause()
    if (exchange === undefined) return
    exchange.requestComplete = true
    this.waits.requestComplete()
    this.automaton.requestComplete()
    exchange.body?.end(rawTrailers)
    this.settle(exchange)
  }

  // ---- flow of the request body

  bodyFull(exchange: Exchange): void {
    if (this.exchange === exchange) this.inflow.hold(forBody)
  }

  bodyDrained(exchange: Exchange): void {
    if (this.exchange === exchange) this.inflow.release(forBody)
  }

  bodyWanted(exchange: Exchange): void {
    if (this.exchange !== exchange || exchange.status !== undefined || !this.awaitsContinue(exchange)) return
    this.inform(exchange, 100, continueHead)
  }

  // ---- the response

  mayKeepAlive(exchange: Exchange, readingOn: boolean): boolean {
    const { draining, settings } = this.server
    const quota = requestQuota(settings.maxRequestsPerSocket, exchange.number)
    const against =
      (draining ? Against.Draining : 0) |
      (exchange.head.keepAlive ? 0 : Against.RequestClose) |
      (this.parser.stopped ? Against.Refused : 0) |
      (this.peerEnded && this.inflow.queued === 0 ? Against.PeerEof : 0) |
      (quota === "open" ? 0 : Against.MaxRequests) |
      (exchange.requestComplete || this.restIsRead(exchange, readingOn) ? 0 : Against.RequestUnfinished)
    return reasonOf(against) === undefined
  }

  private restIsRead(exchange: Exchange, readingOn: boolean): boolean {
    const left = (exchange.head.contentLength ?? 0) - (exchange.body?.received ?? 0)
    return isRestRead(this.awaitsContinue(exchange), left, readingOn ? Infinity : lingerBytes)
  }

  inform(exchange: Exchange, status: number, head: string): Violation | undefined {
    if (exchange.aborted) return undefined
    if (exchange.status !== undefined) return headersSent("write")
    const refused = this.automaton.responseInformational(status)
    if (refused !== undefined) return refused
    if (status === 100) exchange.continued = true
    this.write(head)
    return undefined
  }

  responseBegins(exchange: Exchange, status: number, head: EncodedHead): void {
    exchange.status = status
    exchange.framing = head.framing
    if (exchange.isWatched) responseBegun(exchange, status)
    this.automaton.responseHead({
      status,
      keepAlive: head.close === undefined,
      framingUntilClose: exchange.untilClose
    })
    if (head.close !== undefined) this.automaton.mustClose(head.close)
  }

  responseEnds(exchange: Exchange): void {
    if (exchange.aborted || exchange.responseComplete) return
    exchange.responseComplete = true
    this.automaton.responseComplete()
    // Leave first, because `settle` may start the next request of this connection, which may need the freed
    // place among the running requests.
    this.server.requests?.leave(exchange)
    this.settle(exchange)
  }

  cut(exchange: Exchange): void {
    Endings.cut(this, exchange)
  }

  /**
   * Completes an exchange whose handler has ended. Sends 500 (503 in a shutdown) if no response has begun.
   * Ends the connection if the response is incomplete.
   */
  handlerEnded(exchange: Exchange): void {
    if (exchange.responseComplete || this.exchange !== exchange) return
    if (exchange.status === undefined) Refusals.respondByDefault(this, exchange.shutDown ? 503 : 500)
    else this.cut(exchange)
  }

  admitted(exchange: Exchange): void {
    this.run(exchange)
  }

  waitedTooLong(exchange: Exchange): void {
    Refusals.dropWaiting(this, exchange, "requestQueueTimeout")
  }

  // ---- upgrade and CONNECT

  handOver(exchange: Exchange, status: number, head: string | undefined): Taken | Violation {
    const taken = Upgrade.handOver(this, exchange, status, head)
    if (exchange.responseComplete) this.server.requests?.leave(exchange)
    return taken
  }

  handBack(whole: boolean): void {
    Upgrade.handBack(this, whole)
  }

  get isSwitched(): boolean {
    return this.phase === "switched"
  }

  webSocketOpened(exchange: Exchange, goAway: () => void): void {
    Upgrade.webSocketOpened(this, exchange, goAway)
  }

  webSocketClosing(exchange: Exchange, close: WebSocketClose): void {
    Upgrade.webSocketClosing(this, exchange, close)
  }

  // ---- called by the server

  /**
   * Makes the current or the next response the last of the connection. An idle connection stays open, because
   * further requests are still served during the grace period.
   */
  drainBegins(): void {
    if (this.exchange !== undefined) this.automaton.mustClose("Draining")
    else if (this.isSwitched) Upgrade.drain(this)
    else if (this.phase === "closing") this.linger?.drains()
  }

  /** Closes the connection if no request is in flight. */
  endIfIdle(): void {
    if (this.exchange !== undefined || this.parser.inMessage) return
    Endings.finish(this, "Draining", this.server.draining ? idleLingerTime : undefined)
  }

  /** Whether the handler of this connection is exempt from interruption by a shutdown. */
  get waitsForHandler(): boolean {
    const exchange = this.exchange ?? this.taken
    return exchange?.started === true && exchange.isKept
  }

  /** Resets the connection and aborts its exchange. */
  kill(): void {
    if (this.isSwitched) Upgrade.kill(this)
    else Endings.kill(this)
  }

  idleExpired(): void {
    Endings.finish(this, "IdleTimeout")
  }

  /**
   * Ends the connection if a deadline has expired. Returns the time (ms) of the next deadline, or `Infinity`.
   */
  checkDeadlines(now: number): number {
    return Deadlines.check(this, now)
  }

  setDeadlines(exchange: Exchange, policy: DeadlinePolicy): void {
    Deadlines.watch(this, exchange, policy)
  }

  // ---- private

  private parse(first: Uint8Array): void {
    this.parsing = true
    let chunk: Uint8Array | undefined = first
    while (chunk !== undefined) {
      this.executing = true
      const consumed: number = this.parser.execute(chunk)
      this.executing = false
      if (this.over !== undefined) this.reportDeferred()
      const refusal = this.parser.refusal
      if (refusal !== undefined) {
        Refusals.reject(this, { _tag: "Refused", refusal }, "Refused")
        break
      }
      // Put the unparsed bytes back before the handler runs, because a handler that takes over the connection
      // gets all bytes received.
      if (consumed < chunk.length) this.inflow.unshift(chunk.subarray(consumed))
      if (this.exchange !== undefined && !this.exchange.started) this.admit(this.exchange)
      if (this.phase !== "open" || this.parser.paused || this.parser.stopped) break
      chunk = this.inflow.shift()
    }
    this.parsing = false
    this.inflow.holdExcess()
    if (this.full !== undefined && this.used && this.phase === "open" && this.exchange === undefined)
      return Endings.finish(this, "MaxRequests")
    if (this.parser.inMessage) {
      if (this.isIdle) this.server.idle.leave(this)
      this.waits.requestBegun(this.server.timers.now())
    }
    this.enterIdle()
  }

  private admit(exchange: Exchange): void {
    const { events, requests } = this.server
    if (exchange.place === "waiting") return
    if (requests === undefined || requests.enter(exchange)) this.run(exchange)
    else if (events.active) exchange.begins()
  }

  private run(exchange: Exchange): void {
    exchange.started = true
    const { events } = this.server
    if (events.active) {
      // If the exchange has waited in the queue, `admit` recorded its start when it joined the queue.
      if (!exchange.isWatched) exchange.begins()
      events.requestReceived(exchange)
    }
    this.server.exchangeStarted(exchange)
    this.owner.run(exchange, this.server.exchangeEnded)
  }

  // When request and response are complete, starts the next request or closes the connection.
  private settle(exchange: Exchange): void {
    if (!exchange.responseComplete || this.exchange !== exchange) return
    if (!exchange.requestComplete) return this.discardBody(exchange)
    this.exchange = undefined
    this.used = true
    this.exchangeOver(exchange, undefined, undefined)
    this.linger?.stop()
    this.cancelWatch?.()
    this.cancelWatch = undefined
    const after = this.automaton.after()
    if (after._tag === "Close") {
      const { maxRequestsPerSocket } = this.server.settings
      const waiting = this.parsing || this.inflow.queued > 0
      const isLast = requestQuota(maxRequestsPerSocket, exchange.number) === "last"
      if (!isLast || !exchange.head.keepAlive || !waiting) return Endings.finish(this, after.reason)
      // Keep the connection open, so that requests after the last permitted request get 503.
      this.full = "maxRequestsPerSocket"
      return this.proceed()
    }
    // Release the backpressure of the complete body, or the next request would wait until the body is read.
    this.inflow.release(forBody)
    // If the client does not read its responses, delay the next request, so that the buffers stay bounded.
    if (this.backedUp && this.transport.buffered + this.inflow.queued > this.server.settings.highWaterMark)
      this.whenDrained(() => this.proceed())
    else this.proceed()
  }

  private proceed(): void {
    if (this.phase !== "open") return
    this.parser.resume()
    if (this.parsing) return
    const next = this.inflow.shift()
    if (next === undefined) this.enterIdle()
    else this.parse(next)
  }

  // Discards the rest of the request body, because the response is already complete. Closes the connection if
  // the rest is too long or the connection cannot be kept alive.
  private discardBody(exchange: Exchange): void {
    const body = exchange.body!
    const reason = "the request was answered before its body had been read"
    body.discard(() => ({
      _tag: "HangUp",
      reason,
      phase: "body",
      reused: this.used,
      received: body.received
    }))
    if (!this.mayKeepAlive(exchange, false)) return Endings.finish(this, "RequestUnfinished")
    this.lingering.readOn(() => Endings.finish(this, "RequestUnfinished"))
  }

  private enterIdle(): void {
    if (this.peerEnded && this.phase === "open" && this.exchange?.requestComplete !== true) {
      return this.endRequests()
    }
    if (this.exchange !== undefined || this.phase !== "open" || this.isIdle) return
    if (this.parser.inMessage || this.parser.paused) return
    this.parser.rest()
    if (this.used) this.server.idle.enter(this)
  }
}

/**
 * Passes the parser's events to a connection. The connection cannot implement `RequestEvents` itself, because
 * its method `data` handles the transport's `data` event.
 */
class Receiver implements RequestEvents {
  constructor(private readonly connection: ServerConnection) {}

  head(head: RequestHead): number {
    return this.connection.requestHead(head)
  }

  data(slice: Uint8Array): void {
    this.connection.requestData(slice)
  }

  complete(rawTrailers: ReadonlyArray<string>): void {
    this.connection.requestComplete(rawTrailers)
  }
}
