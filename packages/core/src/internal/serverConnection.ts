/**
 * One connection of a server: bytes of the transport to exchanges, one after the other, and back.
 *
 * Drives the parser and the automaton of `wire/` and obeys them: what is refused, what may be sent when, and whether
 * the connection goes on are their decisions. Reading goes on during an exchange into a bounded look-ahead, because a
 * departed client is only noticed by reading. Never throws into the transport, and holds nothing once closed.
 */
import * as ServerError from "@effect/platform/HttpServerError"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type { ClientError, Handler } from "../ClientError.js"
import type { DropReason } from "../ExchangeOutcome.js"
import type { Connection as ConnectionFacts } from "../Exchange.js"
import * as HttpError from "../HttpError.js"
import type { State } from "../Shutdown.js"
import type { Timers } from "../Timers.js"
import { formatAddress, type Fault, type Transport, type TransportHandlers } from "../Transport.js"
import type { WebSocketUpgrader } from "../WebSocketUpgrader.js"
import {
  Body,
  Connection as Automaton,
  encodeResponseHead,
  headersSent,
  lookAgainAfter,
  RequestParser,
  type CloseReason,
  type EncodedHead,
  type DeadlinePolicy,
  type Late,
  type Refusal,
  type RequestEvents,
  type RequestHead,
  type Violation
} from "../wire/index.js"
import * as Tell from "./connectionEvents.js"
import { HandedOver } from "./handedOver.js"
import type { IdleList, Idler } from "./idleList.js"
import { IncomingBody } from "./incomingBody.js"
import { forBody, Inflow } from "./inflow.js"
import { Linger, lingerBytes } from "./linger.js"
import type { Observers } from "./observers.js"
import type { ServerApp } from "./serverApp.js"
import * as ClientErrors from "./serverClientError.js"
import { ServerExchange, type BodyError } from "./serverExchange.js"
import type { ServerSettings } from "./serverSettings.js"
import type { Taken } from "./serverUpgrade.js"
import { Waits } from "./waits.js"

/** What a connection needs of its server. */
export interface ConnectionServer {
  readonly settings: ServerSettings
  readonly timers: Timers
  readonly idle: IdleList
  readonly state: State
  readonly draining: boolean
  readonly onClientError: Handler | undefined
  /** Unknown expectations are the app's to answer. */
  readonly handlesExpectations: boolean
  /** Framing for platform's `HttpServerRequest.upgrade`. */
  readonly webSocket: typeof WebSocketUpgrader.Service | undefined
  /** Waits for the drain to begin. */
  readonly awaitDrain: Effect.Effect<void>
  /** The value of a `Date` field; `undefined`: none is sent. */
  date(): string | undefined
  exchangeStarted(exchange: ServerExchange): void
  exchangeEnded(exchange: ServerExchange): void
  readonly observers: Observers
  connectionClosed(connection: ServerConnection): void
}

export class ServerConnection implements TransportHandlers, Idler {
  idleSince = 0
  idlePrevious: Idler | undefined = undefined
  idleNext: Idler | undefined = undefined
  isIdle = false

  app: ServerApp | undefined = undefined
  private readonly parser: RequestParser
  private readonly automaton = new Automaton("server")
  private exchange: ServerExchange | undefined = undefined
  /**
   * `switched`: another protocol's; its owner is told everything, and we only of the end. `refusing`: the user answers what
   * was no request.
   */
  private state: "open" | "switched" | "refusing" | "closing" | "closed" = "open"
  private asking: Fiber.RuntimeFiber<unknown, unknown> | undefined = undefined
  private handedOver: HandedOver | undefined = undefined
  /** Whose handler took it. */
  private taken: ServerExchange | undefined = undefined
  private parsing = false
  /** FIN has come. */
  private peerEnded = false
  private used = false
  private readonly inflow: Inflow
  private linger: Linger | undefined = undefined
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
  private readonly waits: Waits
  /** Of an exchange with deadlines of its own. */
  private cancelWatch: (() => void) | undefined = undefined

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
    return this.parser.bytesConsumed
  }

  // ---- what the transport tells

  data(chunk: Uint8Array): void {
    if (this.state !== "open") return this.lingering.discard(chunk.length)
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
      this.abort((where) => new HttpError.HangUp({ reason: "the client closed the connection", ...where }))
    } else if (refusal !== undefined) return this.refuse(refusal)
    this.automaton.requestEof()
    this.breakOff(exchange, "PeerEof")
  }

  drain(): void {
    this.backedUp = false
    const resume = this.waitingForDrain
    this.waitingForDrain = undefined
    resume?.()
  }

  error(fault: Fault): void {
    this.closeReason ??= "Failed"
    const handler = this.server.onClientError
    if (handler !== undefined && this.state !== "closing") {
      const error = HttpError.fromFault(fault, { phase: this.exchange === undefined ? "idle" : "body" })
      const facts = { error, status: 400, connection: this.facts(this.exchanges) }
      this.app!.fork(ClientErrors.tell(handler, facts))
    }
    this.abort((where) => HttpError.fromFault(fault, where))
  }

  close(): void {
    if (this.state === "closed") return
    this.state = "closed"
    this.asking?.unsafeInterruptAsFork(FiberId.none)
    this.abort((where) => new HttpError.ConnectionReset({ reason: "the connection was closed", ...where }))
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
      this.drop(head, this.full)
      return Body.Stop
    }
    if (this.isIdle) this.server.idle.leave(this)
    this.automaton.requestHead(head)
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
      exchange.body = new IncomingBody<BodyError>(exchange, this.server.settings.highWaterMark)
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
    if (exchange.aborted || this.exchange !== exchange) return
    exchange.failure ??= failure
    this.exchange = undefined
    exchange.aborted = true
    this.exchangeOver(exchange, undefined, undefined)
    this.breakOff(exchange, "Failed")
  }

  /** The handler is over. One that has not answered in whole must not leave the client waiting. */
  handlerEnded(exchange: ServerExchange): void {
    if (exchange.responseComplete || this.exchange !== exchange) return
    if (exchange.answer === undefined) this.answerPlainly(exchange.shutDown ? 503 : 500)
    else this.cut(exchange)
  }

  /** Waits until the transport takes more, or the connection is over. */
  readonly drained: Effect.Effect<void> = Effect.async((resume) => {
    if (this.state === "closed") return resume(Effect.void)
    this.waitingForDrain = () => resume(Effect.void)
    return Effect.sync(() => {
      this.waitingForDrain = undefined
    })
  })

  /**
   * Gives the connection to another protocol, with what has come of it already. `head` is the last of HTTP that is
   * written; `undefined`: the new owner writes it.
   */
  handOver(
    exchange: ServerExchange,
    response: HttpServerResponse,
    head: string | undefined
  ): Taken | Violation {
    const refused = this.automaton.responseHead({
      status: response.status,
      keepAlive: true,
      framingUntilClose: false
    })
    if (refused !== undefined) return refused
    exchange.answer = response
    exchange.responseComplete = true
    this.exchange = undefined
    this.state = "switched"
    this.transport.pause()
    const initial = this.inflow.takeAll()
    if (head !== undefined) this.write(head)
    if (exchange.isWatched) Tell.answer(this, exchange, response.status)
    this.exchangeOver(exchange, undefined, undefined)
    this.taken = exchange
    this.cancelWatch?.()
    this.handedOver = new HandedOver(this.transport, () => this.close())
    return { transport: this.handedOver, initial }
  }

  /** The other protocol is done with the connection. `whole`: what it wrote last is to arrive. */
  handBack(whole: boolean): void {
    if (this.state !== "switched") return
    this.state = "open"
    this.transport.start(this)
    this.handedOver?.revoke()
    if (whole) this.finish("OwnEof")
    else this.transport.reset()
  }

  /** It is another protocol's. */
  get isSwitched(): boolean {
    return this.state === "switched"
  }

  // ---- what the server tells

  /** The next answer is the last one. */
  drainBegins(): void {
    this.automaton.mustClose("Draining")
  }

  /** Ends now unless something is under way. */
  endIfIdle(): void {
    if (this.exchange === undefined && !this.parser.inMessage) this.finish("Draining")
  }

  /** What is under way is a handler that a shutdown does not interrupt. */
  get waitsForHandler(): boolean {
    const exchange = this.exchange ?? this.taken
    return exchange?.started === true && exchange.isKept
  }

  /** Ends the connection at once, with whatever is under way. */
  kill(): void {
    const error = (where: HttpError.Where) =>
      new HttpError.ConnectionReset({ reason: "the server was closed", ...where })
    this.closeReason ??= this.server.draining ? "Draining" : "Interrupted"
    if (this.exchange !== undefined) this.exchange.shutDown = true
    this.abort(error, FiberId.none)
    this.transport.reset()
  }

  idleExpired(): void {
    this.finish("IdleTimeout")
  }

  /** Held against its deadlines; gives the next one, ms (`Infinity`: none). */
  checkDeadlines(now: number): number {
    if (this.state !== "open" || this.isIdle) return Infinity
    const { exchange, waits } = this
    const policy = exchange?.deadlines ?? this.server.settings.timeouts
    // What we hold back ourselves, or have not asked for, is not the client's delay.
    const reading =
      exchange !== undefined &&
      !exchange.requestComplete &&
      !this.inflow.held &&
      !this.awaitsContinue(exchange)
    const late = waits.look(now, policy, {
      headComplete: exchange !== undefined,
      reading,
      sent: this.bytesOut - this.transport.buffered,
      writing: this.isWriting
    })
    if (typeof late === "number") return late
    this.isLate(late, policy)
    return Infinity
  }

  /** From now on an exchange has deadlines of its own, and a timer that keeps them. */
  setDeadlines(exchange: ServerExchange, policy: DeadlinePolicy): void {
    if (this.exchange !== exchange) return
    exchange.deadlines = policy
    this.cancelWatch?.()
    const { timers } = this.server
    const watch = () => {
      const now = timers.now()
      const next = Math.min(this.checkDeadlines(now), now + lookAgainAfter(policy, Infinity))
      if (this.exchange === exchange && next < Infinity) this.cancelWatch = timers.at(next, watch)
    }
    watch()
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
        this.refuse(refusal)
        break
      }
      // Before the handler runs: it may take the connection with all that has come.
      if (consumed < chunk.length) this.inflow.unshift(chunk.subarray(consumed))
      if (this.exchange !== undefined && !this.exchange.started) this.run(this.exchange)
      if (this.state !== "open" || this.parser.paused || this.parser.stopped) break
      chunk = this.inflow.shift()
    }
    this.parsing = false
    if (this.full !== undefined && this.used && this.state === "open" && this.exchange === undefined)
      return this.finish("MaxRequests")
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
        return this.finish(after.reason)
      // What was sent behind the last request is told that it came too late.
      this.full = "maxRequestsPerSocket"
      return this.proceed()
    }
    // A body that arrived whole and that nobody read must not hold back the next request.
    this.inflow.release(forBody)
    // Whoever takes no answers gets no further ones: what is buffered stays bounded.
    if (this.backedUp && this.transport.buffered > this.server.settings.highWaterMark)
      this.waitingForDrain = this.proceed
    else this.proceed()
  }

  private readonly proceed = (): void => {
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
    if (!this.mayKeepAlive(exchange, false)) return this.finish("RequestUnfinished")
    body.discard(
      () =>
        new HttpError.HangUp({
          reason: "the request was answered before its body had been read",
          phase: "body",
          reused: this.used,
          received: body.received
        })
    )
    this.lingering.readOn(() => this.finish("RequestUnfinished"))
  }

  /** The client holds its body back until it sees 100, or a final answer. */
  awaitsContinue(exchange: ServerExchange): boolean {
    return exchange.head.expectContinue && !exchange.continued && (exchange.body?.received ?? 0) === 0
  }

  private refuse(refusal: Refusal): void {
    this.reject(HttpError.fromRefusal(refusal), "Refused")
  }

  // What the client sends is answered by the connection itself, unless an answer has begun.
  private reject(error: HttpError.ParseError | HttpError.RequestTimeout, reason: CloseReason): void {
    const exchange = this.exchange
    const { active } = this.server.observers
    if (active) {
      Tell.clientError(this, error)
      // Refused together with its head: no handler has seen it.
      if (exchange?.started === false) exchange.startedAt = this.server.timers.now()
    }
    const begun = exchange?.answer !== undefined
    const handler = this.server.onClientError
    if (!begun && handler === undefined) this.writeAnswer(error.status)
    this.abort(() => error, ServerError.clientAbortFiberId, error.status)
    if (active && exchange === undefined) Tell.refused(this, error)
    if (!begun) this.automaton.mustClose(reason)
    if (handler !== undefined) {
      const facts = { error, status: error.status, connection: this.facts(this.exchanges) }
      if (!begun) return this.askUser(handler, facts, reason)
      this.app!.fork(ClientErrors.tell(handler, facts))
    }
    this.breakOff(exchange, reason)
  }

  private isLate(late: Late, policy: DeadlinePolicy): void {
    const address = this.remoteAddress
    if (late === "timeout" || late === "sending") {
      const timeout = late === "sending" ? "progressTimeout" : late
      const stuck = this.isWriting
      this.closeReason ??= "TimedOut"
      this.abort(() => new HttpError.PeerStalled({ timeout, limit: policy[timeout], address }))
      // What it has not taken by now it will not take.
      if (stuck) this.transport.reset()
      else this.finish("TimedOut")
      return
    }
    const timeout = late === "receiving" ? "progressTimeout" : late
    const { received } = this.waits
    this.reject(
      new HttpError.RequestTimeout({ timeout, limit: policy[timeout], address, received }),
      "TimedOut"
    )
  }

  private drop(head: RequestHead, reason: DropReason): void {
    this.writeAnswer(503, ["Retry-After", this.server.settings.retryAfter])
    if (this.server.observers.active) Tell.dropped(this, head, this.exchanges + 1, reason)
    this.automaton.mustClose("MaxRequests")
    this.finish("MaxRequests")
  }

  // The answer is the user's, while what still comes is thrown away; it has as long as any last words.
  private askUser(
    handler: Handler,
    facts: Omit<ClientError, "socket" | "writable">,
    reason: CloseReason
  ): void {
    this.state = "refusing"
    this.inflow.end()
    this.lingering.readOn(() => this.transport.reset())
    const over = () => {
      if (this.state === "switched") return this.handBack(true)
      if (this.state !== "refusing") return
      this.state = "open"
      this.finish(reason)
    }
    this.asking = this.app!.fork(
      ClientErrors.ask(
        {
          drained: this.drained,
          write: (data) => this.write(data),
          date: () => this.server.date(),
          giveAway: () => {
            if (this.state !== "refusing") return undefined
            this.state = "switched"
            this.linger?.stop()
            this.transport.pause()
            return (this.handedOver = new HandedOver(this.transport, () => this.close()))
          },
          answerItself: () => {
            if (this.state === "refusing") this.writeAnswer(facts.status)
            over()
          },
          over
        },
        handler,
        facts
      )
    )
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

  private answerPlainly(status: number): void {
    this.writeAnswer(status)
    const exchange = this.exchange
    this.exchange = undefined
    if (exchange !== undefined) this.exchangeOver(exchange, undefined, status)
    this.automaton.mustClose("Refused")
    this.finish("Refused")
  }

  private writeAnswer(status: number, headers: ReadonlyArray<string> = []): void {
    const head = encodeResponseHead({
      versionMinor: 1,
      method: "GET",
      status,
      headers,
      body: 0,
      keepAlive: false,
      date: this.server.date()
    })
    if (head._tag !== "Violation") this.write(head.head)
  }

  // Our output waits for the client.
  private get isWriting(): boolean {
    return this.backedUp || this.transport.buffered > 0
  }

  private get remoteAddress(): string | undefined {
    const { remote } = this.transport
    return remote === undefined ? undefined : formatAddress(remote)
  }

  // The client is gone, or has spoilt its request: the handler is told and interrupted.
  private abort(
    error: (where: HttpError.Where) => BodyError,
    by: FiberId.FiberId = ServerError.clientAbortFiberId,
    status?: number
  ): void {
    const exchange = this.exchange
    if (exchange === undefined) return
    this.exchange = undefined
    exchange.aborted = true
    exchange.abortedWith = error({
      phase: "body",
      address: this.remoteAddress,
      reused: this.used,
      received: exchange.body?.received ?? 0
    })
    exchange.body?.fail(exchange.abortedWith)
    this.exchangeOver(exchange, exchange.abortedWith, status)
    exchange.interrupt(by)
    this.drain()
  }

  // No more of an answer that may have begun. Without a length, FIN would end its body as if it were whole.
  private breakOff(exchange: ServerExchange | undefined, reason: CloseReason): void {
    if (exchange?.untilClose === true && !exchange.responseComplete) this.transport.reset()
    else this.finish(reason)
  }

  // FIN after what is buffered, then reading on for a while: an answer must not be lost to the RST that unread bytes cause.
  private finish(reason: CloseReason): void {
    if (this.state !== "open") return
    this.state = "closing"
    this.closeReason ??= reason
    this.cancelWatch?.()
    if (this.isIdle) this.server.idle.leave(this)
    this.transport.end()
    this.inflow.end()
    this.lingering.toTheEnd()
  }

  // Most connections never need one.
  private get lingering(): Linger {
    return (this.linger ??= new Linger(this.transport, this.server.timers))
  }

  // ---- what is told to who listens; nothing of it happens unless somebody does

  private exchangeOver(
    exchange: ServerExchange,
    error: BodyError | undefined,
    status: number | undefined
  ): void {
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
    if (this.used) this.server.idle.enter(this)
  }
}

/** What `continue` sends. */
export const continueHead = "HTTP/1.1 100 Continue\r\n\r\n"

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
