/**
 * One connection of a server: bytes of the transport to exchanges, one after the other, and back.
 *
 * Drives the parser and the automaton of `wire/` and obeys them: what is refused, what may be sent when, and whether
 * the connection goes on are their decisions. Reading goes on during an exchange into a bounded look-ahead, because a
 * departed client is only noticed by reading. Never throws into the transport, and holds nothing once closed.
 *
 * Its ends, refusals, deadlines and switches are in the files `connection*` beside this one, and only those change what is
 * not private here.
 */
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type { DropReason } from "../ExchangeOutcome.js"
import type { Connection as ConnectionFacts } from "../Exchange.js"
import * as HttpError from "../HttpError.js"
import type { Fault, Transport, TransportHandlers } from "../Transport.js"
import {
  Body,
  Connection as Automaton,
  headersSent,
  RequestParser,
  type CloseReason,
  type EncodedHead,
  type DeadlinePolicy,
  type RequestEvents,
  type RequestHead,
  type Violation
} from "../wire/index.js"
import * as Deadlines from "./connectionDeadlines.js"
import * as End from "./connectionEnd.js"
import * as Tell from "./connectionEvents.js"
import * as Refusal from "./connectionRefusal.js"
import type { ConnectionServer } from "./connectionServer.js"
import * as Switch from "./connectionSwitch.js"
import type { HandedOver } from "../connection/transfer/handedOver.js"
import type { Idler } from "./idleList.js"
import { IncomingBody } from "./incomingBody.js"
import { forBody, Inflow } from "../connection/transfer/inflow.js"
import { continueHead } from "./informationalHeads.js"
import { idleLingerTime, Linger, lingerBytes } from "./linger.js"
import type { ServerApp } from "./serverApp.js"
import { ServerExchange, type BodyError } from "./serverExchange.js"
import type { Taken } from "./serverUpgrade.js"
import { Waits } from "./waits.js"

export class ServerConnection implements TransportHandlers, Idler {
  idleSince = 0
  idlePrevious: Idler | undefined = undefined
  idleNext: Idler | undefined = undefined
  isIdle = false

  app: ServerApp | undefined = undefined
  private readonly parser: RequestParser
  readonly automaton = new Automaton("server")
  /** The one whose request or answer is under way. */
  exchange: ServerExchange | undefined = undefined
  /**
   * `switched`: another protocol's; its owner is told everything, and we only of the end. `refusing`: the user answers what
   * was no request.
   */
  state: "open" | "switched" | "refusing" | "closing" | "closed" = "open"
  /** The user is, about an answer to what was no request. */
  asking: Fiber.RuntimeFiber<unknown, unknown> | undefined = undefined
  handedOver: HandedOver | undefined = undefined
  /** Whose handler took it. */
  taken: ServerExchange | undefined = undefined
  private parsing = false
  /** FIN has come. */
  private peerEnded = false
  /** An exchange is over on it. */
  used = false
  readonly inflow: Inflow
  linger: Linger | undefined = undefined
  /** A write was told to wait; `drain` follows. */
  backedUp = false
  /** Bytes written; those before the exchange under way; the same of what was read. */
  bytesOut = 0
  bytesOutBefore = 0
  bytesInBefore = 0
  openedAt: number | undefined = undefined
  closeReason: CloseReason | undefined = undefined
  private executing = false
  /** An exchange that ended while its last bytes were being parsed. */
  private over: ServerExchange | undefined = undefined
  private waitingForDrain: (() => void) | undefined = undefined
  /** What comes from now on is answered with 503. */
  private full: DropReason | undefined
  readonly waits: Waits
  /** Of an exchange with deadlines of its own. */
  cancelWatch: (() => void) | undefined = undefined

  /** `full`: it is one too many; its first request is told so. */
  constructor(
    readonly transport: Transport,
    readonly server: ConnectionServer,
    /** Which connection of its server this is, from 1. */
    readonly id: number,
    full: DropReason | undefined
  ) {
    const { settings } = server
    this.full = full
    this.inflow = new Inflow(transport, settings.highWaterMark)
    this.parser = new RequestParser(new Receiver(this), settings)
    this.waits = new Waits(server.timers.now())
  }

  start(app: ServerApp): void {
    this.app = app
    this.transport.start(this)
    if (this.server.observers.active) Tell.opened(this)
  }

  get exchanges(): number {
    return this.automaton.exchanges
  }

  get bytesIn(): number {
    return this.parser.bytesConsumed + (this.taken?.upgrade?.received ?? 0)
  }

  // ---- what the transport tells

  data(chunk: Uint8Array): void {
    if (this.state !== "open") return this.lingering.discard(chunk.length)
    if (this.inflow.looking) Deadlines.looked(this, chunk.length)
    this.waits.received += chunk.length
    if (this.parsing || this.parser.paused || this.parser.stopped)
      this.inflow.push(chunk, this.exchange?.body)
    else this.parse(chunk)
  }

  end(): void {
    if (this.state !== "open") return
    this.peerEnded = true
    // What it has asked for before is still answered, where that is the policy.
    if (
      this.server.settings.allowHalfOpen &&
      (this.exchange?.requestComplete === true || this.inflow.queued > 0)
    )
      return
    this.endRequests()
  }

  private endRequests(): void {
    const refusal = this.parser.finish()
    const exchange = this.exchange
    if (exchange !== undefined) {
      End.abort(
        this,
        (where) => new HttpError.HangUp({ reason: "the client closed the connection", ...where })
      )
    } else if (refusal !== undefined) {
      return Refusal.reject(this, HttpError.fromRefusal(refusal), "Refused")
    }
    this.automaton.requestEof()
    End.breakOff(this, exchange, "PeerEof")
  }

  drain(): void {
    this.backedUp = false
    const resume = this.waitingForDrain
    this.waitingForDrain = undefined
    resume?.()
  }

  error(fault: Fault): void {
    this.closeReason ??= "Failed"
    Refusal.tellFault(this, fault)
    End.abort(this, (where) => HttpError.fromFault(fault, where))
  }

  close(): void {
    if (this.state === "closed") return
    this.state = "closed"
    this.asking?.unsafeInterruptAsFork(FiberId.none)
    End.abort(
      this,
      (where) => new HttpError.ConnectionReset({ reason: "the connection was closed", ...where })
    )
    Switch.upgradeOver(this)
    this.drain()
    this.linger?.stop()
    this.cancelWatch?.()
    if (this.isIdle) this.server.idle.leave(this)
    this.inflow.end()
    if (this.server.observers.active) Tell.closed(this)
    this.server.connectionClosed(this)
  }

  // ---- what the parser tells

  requestHead(head: RequestHead): number {
    if (this.full !== undefined) {
      Refusal.drop(this, head, this.full)
      return Body.Stop
    }
    if (this.isIdle) this.server.idle.leave(this)
    this.automaton.requestHead(head)
    if (this.server.draining) this.automaton.mustClose("Draining")
    const exchange = new ServerExchange(this, head, this.automaton.exchanges)
    this.exchange = exchange
    if (head.method === "CONNECT") {
      // What follows the head is not HTTP, whether the tunnel is made or not.
      this.waits.requestComplete()
      this.automaton.requestComplete()
      exchange.requestComplete = true
      return Body.Stop
    }
    if (
      head.chunked ||
      (head.contentLength !== undefined && head.contentLength > 0) ||
      // Only where the flags allow it: a body that ends with the connection.
      (this.server.settings.flags.chunkedNotLast && head.get("transfer-encoding") !== undefined)
    ) {
      exchange.body = new IncomingBody<BodyError, BodyError>(
        exchange,
        (error) => error,
        this.server.settings.highWaterMark
      )
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
    // CONNECT: behind its head the parser stops by itself.
    if (exchange?.requestComplete === true) return
    // The next request waits in the look-ahead until this one is answered.
    this.parser.pause()
    if (exchange === undefined) return
    exchange.requestComplete = true
    this.waits.requestComplete()
    this.automaton.requestComplete()
    exchange.body?.end(rawTrailers)
    this.settle(exchange)
  }

  // ---- what a body tells

  bodyFull(exchange: ServerExchange): void {
    if (this.exchange === exchange) this.inflow.hold(forBody)
  }

  bodyDrained(exchange: ServerExchange): void {
    if (this.exchange === exchange) this.inflow.release(forBody)
  }

  bodyWanted(exchange: ServerExchange): void {
    if (this.exchange !== exchange || exchange.answer !== undefined || !this.awaitsContinue(exchange)) return
    this.inform(exchange, 100, continueHead)
  }

  // ---- what an answer tells

  /** Whether the answer may leave the connection open. `readingOn`: the rest of the request may still be read for it. */
  mayKeepAlive(exchange: ServerExchange, readingOn: boolean): boolean {
    if (this.server.draining || !exchange.head.keepAlive || this.parser.stopped) return false
    if (this.peerEnded && this.inflow.queued === 0) return false
    const { maxRequestsPerSocket } = this.server.settings
    if (maxRequestsPerSocket > 0 && exchange.number >= maxRequestsPerSocket) return false
    if (exchange.requestComplete) return true
    const left = (exchange.head.contentLength ?? 0) - (exchange.body?.received ?? 0)
    return (readingOn || left <= lingerBytes) && !this.awaitsContinue(exchange)
  }

  /** Sends an informational head before the answer. Ignored once the client is gone. */
  inform(exchange: ServerExchange, status: number, head: string): Violation | undefined {
    if (exchange.aborted) return undefined
    if (exchange.answer !== undefined) return headersSent("write")
    const refused = this.automaton.responseInformational(status)
    if (refused !== undefined) return refused
    if (status === 100) exchange.continued = true
    this.write(head)
    return undefined
  }

  /** As the transport's; what does not fit is remembered. */
  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    const more = this.transport.write(data, body)
    if (!more) this.backedUp = true
    this.bytesOut += body === undefined ? data.length : data.length + body.length
    return more
  }

  answerBegins(exchange: ServerExchange, response: HttpServerResponse, head: EncodedHead): void {
    exchange.answer = response
    exchange.framing = head.framing
    if (exchange.isWatched) Tell.answer(this, exchange, response.status)
    this.automaton.responseHead({
      status: response.status,
      keepAlive: head.close === undefined,
      framingUntilClose: exchange.untilClose
    })
    if (head.close !== undefined) this.automaton.mustClose(head.close)
  }

  answerEnds(exchange: ServerExchange): void {
    if (exchange.aborted || exchange.responseComplete) return
    exchange.responseComplete = true
    this.automaton.responseComplete()
    this.settle(exchange)
  }

  /** An answer that has begun cannot be finished: the peer must see that it was cut. */
  cut(exchange: ServerExchange, failure?: Cause.Cause<unknown>): void {
    End.cut(this, exchange, failure)
  }

  /** The handler is over. One that has not answered in whole must not leave the client waiting. */
  handlerEnded(exchange: ServerExchange): void {
    if (exchange.responseComplete || this.exchange !== exchange) return
    if (exchange.answer === undefined) Refusal.answerPlainly(this, exchange.shutDown ? 503 : 500)
    else this.cut(exchange)
  }

  /** Waits until the transport takes more, or the connection is over. */
  get drained(): Effect.Effect<void> {
    return Effect.async((resume) => {
      // The fiber may have paused since its write, and the wake-up have come meanwhile.
      if (this.state === "closed" || !this.backedUp) return resume(Effect.void)
      this.waitingForDrain = () => resume(Effect.void)
      return Effect.sync(() => {
        this.waitingForDrain = undefined
      })
    })
  }

  /**
   * Gives the connection to another protocol, with what has come of it already. `head` is the last of HTTP that is
   * written; `undefined`: the new owner writes it.
   */
  handOver(
    exchange: ServerExchange,
    response: HttpServerResponse,
    head: string | undefined
  ): Taken | Violation {
    return Switch.handOver(this, exchange, response, head)
  }

  /** The other protocol is done with the connection. `whole`: what it wrote last is to arrive. */
  handBack(whole: boolean): void {
    Switch.handBack(this, whole)
  }

  /** It is another protocol's. */
  get isSwitched(): boolean {
    return this.state === "switched"
  }

  // ---- what the server tells

  /** The next answer is the last one. Without a request nothing is said yet: one that comes in the grace is a request as any. */
  drainBegins(): void {
    if (this.exchange !== undefined) this.automaton.mustClose("Draining")
    else if (this.isSwitched) Switch.drain(this)
    else if (this.state === "closing") this.linger?.drains()
  }

  /** Ends now unless something is under way. */
  endIfIdle(): void {
    if (this.exchange !== undefined || this.parser.inMessage) return
    End.finish(this, "Draining", this.server.draining ? idleLingerTime : undefined)
  }

  /** What is under way is a handler that a shutdown does not interrupt. */
  get waitsForHandler(): boolean {
    const exchange = this.exchange ?? this.taken
    return exchange?.started === true && exchange.isKept
  }

  /** Ends the connection at once, with whatever is under way. */
  kill(): void {
    if (this.isSwitched) Switch.kill(this)
    else End.kill(this)
  }

  idleExpired(): void {
    End.finish(this, "IdleTimeout")
  }

  /** Held against its deadlines; gives the next one, ms (`Infinity`: none). */
  checkDeadlines(now: number): number {
    return Deadlines.check(this, now)
  }

  /** From now on an exchange has deadlines of its own, and a timer that keeps them. */
  setDeadlines(exchange: ServerExchange, policy: DeadlinePolicy): void {
    Deadlines.watch(this, exchange, policy)
  }

  // ---- inside

  private parse(first: Uint8Array): void {
    this.parsing = true
    let chunk: Uint8Array | undefined = first
    while (chunk !== undefined) {
      this.executing = true
      const consumed: number = this.parser.execute(chunk)
      this.executing = false
      if (this.over !== undefined) this.tellDeferred()
      const refusal = this.parser.refusal
      if (refusal !== undefined) {
        Refusal.reject(this, HttpError.fromRefusal(refusal), "Refused")
        break
      }
      // Before the handler runs: it may take the connection with all that has come.
      if (consumed < chunk.length) this.inflow.unshift(chunk.subarray(consumed))
      if (this.exchange !== undefined && !this.exchange.started) this.run(this.exchange)
      if (this.state !== "open" || this.parser.paused || this.parser.stopped) break
      chunk = this.inflow.shift()
    }
    this.parsing = false
    this.inflow.holdExcess()
    if (this.full !== undefined && this.used && this.state === "open" && this.exchange === undefined)
      return End.finish(this, "MaxRequests")
    if (this.parser.inMessage) {
      if (this.isIdle) this.server.idle.leave(this)
      this.waits.requestBegun(this.server.timers.now())
    }
    this.enterIdle()
  }

  private run(exchange: ServerExchange): void {
    exchange.started = true
    if (this.server.observers.active) Tell.request(this, exchange)
    this.server.exchangeStarted(exchange)
    this.app!.run(exchange, this.server.exchangeEnded)
  }

  // Both halves over: the next request, or the end of the connection.
  private settle(exchange: ServerExchange): void {
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
      if (exchange.number !== maxRequestsPerSocket || !exchange.head.keepAlive || !waiting)
        return End.finish(this, after.reason)
      // What was sent behind the last request is told that it came too late.
      this.full = "maxRequestsPerSocket"
      return this.proceed()
    }
    // A body that arrived whole and that nobody read must not hold back the next request.
    this.inflow.release(forBody)
    // Whoever takes no answers gets no further ones: what is buffered stays bounded, together with what was sent ahead.
    if (this.backedUp && this.transport.buffered + this.inflow.queued > this.server.settings.highWaterMark)
      this.waitingForDrain = () => this.proceed()
    else this.proceed()
  }

  private proceed(): void {
    if (this.state !== "open") return
    this.parser.resume()
    if (this.parsing) return
    const next = this.inflow.shift()
    if (next === undefined) this.enterIdle()
    else this.parse(next)
  }

  // Answered before the request's body had arrived: a small rest is read and thrown away, for anything else we close.
  private discardBody(exchange: ServerExchange): void {
    const body = exchange.body!
    if (!this.mayKeepAlive(exchange, false)) return End.finish(this, "RequestUnfinished")
    body.discard(
      () =>
        new HttpError.HangUp({
          reason: "the request was answered before its body had been read",
          phase: "body",
          reused: this.used,
          received: body.received
        })
    )
    this.lingering.readOn(() => End.finish(this, "RequestUnfinished"))
  }

  /** The client holds its body back until it sees 100, or a final answer. */
  awaitsContinue(exchange: ServerExchange): boolean {
    return exchange.head.expectContinue && !exchange.continued && (exchange.body?.received ?? 0) === 0
  }

  /** Both ends, TLS, and which exchange is spoken of. */
  facts(exchange: number): ConnectionFacts {
    const { transport } = this
    return {
      local: transport.local,
      remote: transport.remote,
      get tls() {
        return transport.tls
      },
      exchange
    }
  }

  // Most connections never need one.
  get lingering(): Linger {
    return (this.linger ??= new Linger(
      this.transport,
      this.server,
      this.server.settings.timeouts.progressTimeout
    ))
  }

  // ---- what is told to who listens; nothing of it happens unless somebody does

  exchangeOver(exchange: ServerExchange, error: BodyError | undefined, status: number | undefined): void {
    if (exchange.isWatched) {
      // Its last bytes count as consumed when the parser returns.
      if (this.executing) {
        this.over = exchange
        return
      }
      Tell.exchangeEnded(this, exchange, error, status)
    }
    this.bytesInBefore = this.bytesIn
    this.bytesOutBefore = this.bytesOut
  }

  private tellDeferred(): void {
    const exchange = this.over!
    this.over = undefined
    Tell.exchangeEnded(this, exchange, exchange.abortedWith, undefined)
    this.bytesInBefore = this.bytesIn
    this.bytesOutBefore = this.bytesOut
  }

  private enterIdle(): void {
    if (this.peerEnded && this.state === "open" && this.exchange?.requestComplete !== true) {
      return this.endRequests()
    }
    if (this.exchange !== undefined || this.state !== "open" || this.isIdle) return
    if (this.parser.inMessage || this.parser.paused) return
    this.parser.rest()
    if (this.used) this.server.idle.enter(this)
  }
}

/** The parser's face of a connection: its events have names that the transport's have too. */
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
