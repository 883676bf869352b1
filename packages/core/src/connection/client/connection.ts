/**
 * One connection of a client: sends one request after the other, and hands each response to its exchange.
 *
 * The automaton says what may come next and whether the connection may be used again, the pool whether it is.
 * Never serves two exchanges at once; unexpected bytes close it, so that nothing of one response reaches the
 * next.
 */
import { formatAddress, type Address } from "../../model/address.js"
import type { Fault } from "../../model/fault.js"
import type { HangUp, RequestLoss, ResponseLoss } from "../../model/loss.js"
import type { TlsFacts } from "../../model/tls.js"
import type { Where } from "../../model/where.js"
import type { RetireReason } from "../../pool/index.js"
import { isTruncated, type Transport, type TransportHandlers } from "../../seams/transport.js"
import {
  Connection as Automaton,
  type ParserOptions,
  type Part,
  type ResponseHead
} from "../../wire/index.js"
import { HandedOver } from "../transfer/handedOver.js"
import type { CloseReason } from "./events.js"
import type { Borrower, Keeper, Owner, Pooled, Served, UploadOwner } from "./ports.js"
import type { Bucket } from "./queue.js"
import { Reception, stepOf } from "./reception.js"
import type { Watch } from "./watch.js"

export class ClientConnection implements Pooled, TransportHandlers, UploadOwner {
  /** ms. */
  readonly madeAt: number
  /** While idle: since when, until when it may be used (ms), and why not longer. */
  idleSince = 0
  usableUntil = 0
  expiresBy: RetireReason = "IdleTimeout"
  /** When it is too old for a further request, ms. */
  agesAt = Infinity
  /** When it began to close, ms; the peer has a while to close too. */
  closingSince = Infinity
  exchange: Owner | undefined = undefined
  /** Gets it after a turn of the event loop, unless it closes by then. */
  next: Served | undefined = undefined

  private readonly remote: Address | undefined
  private readonly tls: TlsFacts | undefined
  private readonly automaton = new Automaton("client")
  private readonly reception: Reception
  private state: "open" | "closing" | "closed" = "open"
  private paused = false
  /** The loan under way, and its view of the transport. */
  private loan: Borrower | undefined = undefined
  private lent: HandedOver | undefined = undefined
  private loans = 0
  /** Cancels the timer of a body that waits for 100 (Continue). */
  private unwait: (() => void) | undefined = undefined

  constructor(
    readonly transport: Transport,
    readonly bucket: Bucket<Served, Pooled>,
    private readonly pool: Keeper,
    parser: ParserOptions,
    /** From 1 on. */
    readonly number: number
  ) {
    this.madeAt = pool.timers.now()
    this.remote = transport.remote
    // Read once: a network may forget them when the connection closes.
    this.tls = transport.tls
    this.reception = new Reception(this, this.automaton, parser)
    transport.start(this)
  }

  /** Sends the request of an exchange. The connection is idle or fresh. */
  begin(exchange: Owner): void {
    const { request } = exchange
    this.exchange = exchange
    exchange.connection = this
    exchange.reused = this.exchanges > 0
    exchange.remote = this.remote
    exchange.tls = this.tls
    if (exchange.watch !== undefined) this.tellBegun(exchange.watch)
    const violation = this.automaton.requestHead(request)
    if (violation !== undefined)
      return this.break({ _tag: "OutOfStep", violation: stepOf(violation), where: exchange.where })
    const { payload, encoded } = request
    if (request.expectContinue) {
      this.transport.write(encoded.head)
      exchange.written = "some"
      const { timers } = this.pool
      this.unwait = timers.at(timers.now() + request.continueTimeout, this.proceed)
    } else if (payload._tag === "Stream") {
      this.transport.write(encoded.head)
      this.upload(exchange)
    } else {
      const { parts } = payload
      let flowing: boolean
      if (parts.length < 2 && typeof parts[0] !== "string") {
        flowing = this.transport.write(encoded.head, parts[0])
      } else {
        this.transport.cork()
        flowing = this.writeAll(parts, this.transport.write(encoded.head))
        this.transport.uncork()
      }
      this.sent(exchange, flowing)
    }
  }

  /** After a turn of the event loop: a FIN that had come has been read. */
  rested(exchange: Served): void {
    if (this.next !== exchange) return
    if (exchange.over) {
      this.next = undefined
      this.retire("Interrupted")
    } else if (this.transport.writable) {
      this.next = undefined
      exchange.begin(this)
    } else this.cut("Failed")
  }

  private tellBegun(watch: Watch): void {
    const address = this.address
    watch.tell({
      _tag: this.exchanges > 0 ? "Reused" : "Connected",
      connection: this.number,
      address
    })
    watch.enter("send")
  }

  /** Sends the body after 100 (Continue), or when the wait for it is over. */
  readonly proceed = (): void => {
    const { exchange } = this
    if (exchange === undefined || this.unwait === undefined) return
    this.stopWaiting()
    const { payload } = exchange.request
    if (payload._tag === "Stream") return this.upload(exchange)
    this.transport.cork()
    const flowing = this.writeAll(payload.parts, true)
    this.transport.uncork()
    this.sent(exchange, flowing)
  }

  stopWaiting(): void {
    this.unwait?.()
    this.unwait = undefined
  }

  /** Returns whether the transport has taken all of it. */
  private writeAll(parts: ReadonlyArray<Part>, flowing: boolean): boolean {
    for (const part of parts) flowing = this.transport.write(part)
    return flowing
  }

  private upload(exchange: Owner): void {
    exchange.written = "some"
    exchange.send(this.transport, this)
  }

  /** `flowing`: the transport has taken all of it already. */
  private sent(exchange: Owner, flowing: boolean): void {
    exchange.written = "all"
    this.automaton.requestComplete()
    if (exchange.watch !== undefined && flowing) exchange.requestTaken()
  }

  get address(): string | undefined {
    return this.remote === undefined ? undefined : formatAddress(this.remote)
  }

  /** How many it has served. */
  get exchanges(): number {
    return this.automaton.exchanges + this.loans
  }

  // ---- loans

  /** Gives the transport to a loan until it is given back. The connection is idle or fresh. */
  lend(loan: Borrower): void {
    this.transport.pause()
    this.loan = loan
    this.lent = new HandedOver(this.transport, { closed: () => this.close() }, this.pool.timers)
    const reused = this.exchanges > 0
    this.loans++
    loan.granted(this, this.lent, reused)
  }

  /** `reusable`: nothing is under way, and the messages allow another exchange. */
  giveBack(loan: Borrower, reusable: boolean, keepAlive: string | undefined): void {
    if (this.loan !== loan) return
    this.takeBack()
    if (this.state === "closed") return
    // After our FIN no reset, so that the peer reads what was sent before.
    if (!this.transport.writable) return this.retire(reusable ? "PeerEof" : "ResponseClose")
    if (!reusable) return this.cut("ResponseClose")
    this.pool.release(this, keepAlive)
  }

  /** The borrower keeps it for another protocol. */
  letGo(loan: Borrower): void {
    if (this.loan !== loan || this.state === "closed") return
    this.loan = undefined
    this.state = "closed"
    this.pool.surrender(this)
  }

  private takeBack(): void {
    const { lent } = this
    this.loan = this.lent = undefined
    this.transport.start(this)
    this.transport.resume()
    lent?.revoke()
  }

  /** The pool closes: retires an idle connection, resets a borrowed one. */
  recall(): void {
    if (this.loan === undefined) return this.retire("Draining")
    this.transport.reset()
  }

  // ---- the upload

  uploadEnded(): void {
    const { exchange } = this
    if (exchange !== undefined) this.sent(exchange, exchange.upload?.taken ?? true)
  }

  uploadFailed(cause: unknown): void {
    this.exchange?.uploadFailed(cause)
  }

  // ---- events of the transport

  data(chunk: Uint8Array): void {
    const { exchange } = this
    if (exchange === undefined) {
      if (this.state === "open") this.cut("SurplusBytes")
      return
    }
    exchange.received += chunk.length
    const { reception } = this
    const used = reception.take(chunk)
    // An event may have led to its abort.
    if (this.exchange !== exchange) return
    if (reception.switchedBy !== undefined)
      this.handOver(exchange, reception.switchedBy, chunk.subarray(used))
    else if (reception.violation !== undefined)
      this.break({ _tag: "OutOfStep", violation: reception.violation, where: exchange.where })
    else if (reception.done) this.settle(exchange, used < chunk.length)
    else if (reception.refusal !== undefined)
      this.break({ _tag: "Refused", refusal: reception.refusal, where: exchange.where })
    else if (exchange.response !== undefined) {
      exchange.unread()
      if (exchange.watch !== undefined && !this.paused) exchange.watch.restart()
    }
  }

  end(): void {
    const { exchange } = this
    if (exchange === undefined) return this.retire("PeerEof")
    const { reception, transport } = this
    if (reception.untilClose && isTruncated(transport)) return this.lose(exchange, "PeerEof", truncated)
    if (reception.finish()) this.settle(exchange, false)
    else this.lose(exchange, "PeerEof", hangUp)
  }

  drain(): void {
    const { exchange } = this
    if (exchange === undefined) return
    exchange.upload?.drain()
    if (exchange.watch !== undefined && exchange.sent) exchange.requestTaken()
  }

  error(fault: Fault): void {
    const { exchange } = this
    this.state = "closing"
    if (exchange === undefined) this.pool.closing(this, "Failed")
    else this.lose(exchange, "Failed", (where) => ({ _tag: "Failed", fault, ...where }))
  }

  close(): void {
    const { exchange } = this
    if (this.state === "closed") return
    this.state = "closed"
    if (exchange !== undefined) this.lose(exchange, "PeerEof", hangUp)
    this.pool.closing(this, "PeerEof")
    this.pool.remove(this)
  }

  // ---- endings

  /** The response is complete: its exchange ends, and the connection serves the next or closes. */
  private settle(exchange: Owner, surplus: boolean): void {
    const { rawTrailers } = this.reception
    this.exchange = undefined
    if (surplus) this.automaton.mustClose("SurplusBytes")
    const after = this.automaton.after()
    // Also if it closes: the peer's FIN is seen only by reading.
    this.resume()
    if (after._tag === "Reuse" && this.state === "open") {
      this.reception.renew()
      this.pool.release(this, exchange.response?.head.get("keep-alive"))
    } else {
      const reason = after._tag === "Close" ? after.reason : "PeerEof"
      // Nothing more is under way: the whole request was sent, or only its head.
      if ((exchange.sent || exchange.upload === undefined) && !surplus) this.retire(reason)
      else this.cut(reason)
    }
    exchange.end(rawTrailers)
  }

  /** The connection has left HTTP: the driver of the exchange owns it from now on. */
  private handOver(exchange: Owner, head: ResponseHead, rest: Uint8Array): void {
    this.exchange = undefined
    this.state = "closed"
    this.resume()
    this.pool.surrender(this)
    exchange.switched(head, this.transport, rest)
  }

  private lose(exchange: Owner, reason: CloseReason, loss: (where: Where) => ResponseLoss): void {
    this.exchange = undefined
    // First: if it is sent again, it waits at the head of the queue for the place of this connection.
    exchange.lost(loss)
    this.cut(reason)
  }

  private break(loss: RequestLoss): void {
    const { exchange } = this
    this.exchange = undefined
    this.cut("Refused")
    exchange?.fail(loss)
  }

  /** Sends FIN after what was written. The pool resets it if the peer does not close too. */
  retire(reason: CloseReason): void {
    if (this.state !== "open") return
    this.state = "closing"
    this.transport.end()
    this.pool.closing(this, reason)
  }

  /** Resets it. */
  cut(reason: CloseReason): void {
    this.exchange = undefined
    this.stopWaiting()
    if (this.state === "closed") return
    this.state = "closing"
    this.transport.reset()
    this.pool.closing(this, reason)
  }

  // ---- time

  /** When something is due, ms. `linger`: how long its peer may take to close too. */
  deadline(linger: number): number {
    if (this.closingSince !== Infinity) return this.closingSince + linger
    const { exchange } = this
    if (this.loan !== undefined || this.next !== undefined) return Infinity
    if (exchange === undefined) return this.usableUntil
    return exchange.watch === undefined
      ? exchange.unreadUntil
      : Math.min(exchange.unreadUntil, exchange.watch.due)
  }

  expire(now: number): void {
    const { exchange } = this
    if (exchange !== undefined) {
      if (exchange.unreadUntil <= now) exchange.unreadTooLong()
      else exchange.timeOut()
    } else if (this.closingSince === Infinity) this.retire(this.expiresBy)
    else this.cut("TimedOut")
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    this.transport.pause()
    this.exchange?.watch?.hold()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.transport.resume()
    this.exchange?.watch?.restart()
  }
}

const hangUp = (where: Where): HangUp => ({
  _tag: "HangUp",
  reason: where.phase === "body" ? "aborted" : "socket hang up",
  ...where
})

const truncated = (where: Where): HangUp => ({
  _tag: "HangUp",
  reason: "the connection ended without close_notify of TLS",
  ...where
})
