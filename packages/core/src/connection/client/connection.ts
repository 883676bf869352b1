/**
 * One client connection, which sends one request after the other and passes each response to its exchange.
 *
 * The automaton (`wire/automaton`) decides which events are legal and whether the connection can be reused.
 * The pool decides whether a reusable connection stays open. A connection never serves two exchanges at the
 * same time. If bytes arrive that belong to no response, the connection is reset, so these bytes never reach
 * the next exchange.
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
import type { ClientCloseReason } from "./events.js"
import type { Borrower, Keeper, Owner, Pooled, Served, UploadOwner } from "./ports.js"
import type { Bucket } from "./queue.js"
import { Reception, stepOf } from "./reception.js"
import type { Watch } from "./watch.js"

export class ClientConnection implements Pooled, TransportHandlers, UploadOwner {
  /** Time (ms) at which the connection was created. */
  readonly madeAt: number
  /** Time (ms) at which the idle connection became idle. */
  idleSince = 0
  /** Time (ms) at which the idle connection expires. */
  usableUntil = 0
  /** Reason that the pool reports when it retires the connection at `usableUntil`. */
  expiresBy: RetireReason = "IdleTimeout"
  /** Time (ms) at which the connection reaches its maximum age. Afterwards it gets no further request. */
  agesAt = Infinity
  /**
   * Time (ms) at which the connection began to close; `Infinity` if it is open. The pool resets the
   * connection if the peer does not close its side within one second.
   */
  closingSince = Infinity
  exchange: Owner | undefined = undefined
  /**
   * The exchange that waits one turn of the event loop before it starts on this connection. If the connection
   * closes in that turn, the pool serves the exchange on another connection.
   */
  next: Served | undefined = undefined

  private readonly remote: Address | undefined
  private readonly tls: TlsFacts | undefined
  private readonly automaton = new Automaton("client")
  private readonly reception: Reception
  private state: "open" | "closing" | "closed" = "open"
  private paused = false
  /** The current loan, during which a borrower uses the transport directly. */
  private loan: Borrower | undefined = undefined
  /** The transport object that the borrower uses. It is revoked at the end of the loan. */
  private lent: HandedOver | undefined = undefined
  private loans = 0
  /** Cancels the timer of a request body that waits for 100 (Continue). */
  private unwait: (() => void) | undefined = undefined

  constructor(
    readonly transport: Transport,
    readonly bucket: Bucket<Served, Pooled>,
    private readonly pool: Keeper,
    parser: ParserOptions,
    /** Serial number of the connection in its pool, from 1. */
    readonly number: number
  ) {
    this.madeAt = pool.timers.now()
    this.remote = transport.remote
    // Copy the address and the TLS facts now, because a closed transport may no longer have them.
    this.tls = transport.tls
    this.reception = new Reception(this, this.automaton, parser)
    transport.start(this)
  }

  /** Sends the request of an exchange. The connection must be idle or new. */
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

  /**
   * Starts the exchange that has waited one turn of the event loop. Does nothing if FIN arrived in that turn,
   * because the pool has then cleared `next`.
   */
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
    watch.report({
      _tag: this.exchanges > 0 ? "Reused" : "Connected",
      connection: this.number,
      address
    })
    watch.enter("send")
  }

  /** Sends the request body after 100 (Continue) has arrived or `continueTimeout` has expired. */
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

  /** Writes the parts in order. Returns `false` if the last write reported backpressure. */
  private writeAll(parts: ReadonlyArray<Part>, flowing: boolean): boolean {
    for (const part of parts) flowing = this.transport.write(part)
    return flowing
  }

  private upload(exchange: Owner): void {
    exchange.written = "some"
    exchange.send(this.transport, this)
  }

  /**
   * Records that the whole request has been written. `flowing` is `false` if the last write reported
   * backpressure.
   */
  private sent(exchange: Owner, flowing: boolean): void {
    exchange.written = "all"
    this.automaton.requestComplete()
    if (exchange.watch !== undefined && flowing) exchange.requestTaken()
  }

  get address(): string | undefined {
    return this.remote === undefined ? undefined : formatAddress(this.remote)
  }

  /** Number of exchanges and loans that the connection has served. */
  get exchanges(): number {
    return this.automaton.exchanges + this.loans
  }

  // ---- loans

  /** Lends the transport to a borrower until the loan ends. The connection must be idle or new. */
  lend(loan: Borrower): void {
    this.transport.pause()
    this.loan = loan
    this.lent = new HandedOver(this.transport, { closed: () => this.close() }, this.pool.timers)
    const reused = this.exchanges > 0
    this.loans++
    loan.granted(this, this.lent, reused)
  }

  /**
   * Ends the loan and takes the transport back. `reusable` states whether all messages are complete and
   * permit another exchange.
   */
  giveBack(loan: Borrower, reusable: boolean, keepAlive: string | undefined): void {
    if (this.loan !== loan) return
    this.takeBack()
    if (this.state === "closed") return
    // Do not reset after the borrower's FIN, because RST would destroy data that the peer has not read yet.
    if (!this.transport.writable) return this.retire(reusable ? "PeerEof" : "ResponseClose")
    if (!reusable) return this.cut("ResponseClose")
    this.pool.release(this, keepAlive)
  }

  /**
   * Ends the loan and leaves the connection to the borrower for good. The borrower uses it for another
   * protocol.
   */
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

  /** Retires an idle connection, and resets a lent connection. Called when the pool closes. */
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
    // Ignore the rest of the chunk if a callback within `take` has ended the exchange.
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

  /** Ends the exchange after a complete response, and releases or closes the connection. */
  private settle(exchange: Owner, surplus: boolean): void {
    const { rawTrailers } = this.reception
    this.exchange = undefined
    if (surplus) this.automaton.mustClose("SurplusBytes")
    const after = this.automaton.after()
    // Resume even if the connection closes, because the peer's FIN is noticed only while reading.
    this.resume()
    if (after._tag === "Reuse" && this.state === "open") {
      this.reception.renew()
      this.pool.release(this, exchange.response?.head.get("keep-alive"))
    } else {
      const reason = after._tag === "Close" ? after.reason : "PeerEof"
      // Reset the connection if an upload is in progress or surplus bytes have arrived. Otherwise send FIN.
      if ((exchange.sent || exchange.upload === undefined) && !surplus) this.retire(reason)
      else this.cut(reason)
    }
    exchange.end(rawTrailers)
  }

  /** Hands the connection over to the driver of the exchange. */
  private handOver(exchange: Owner, head: ResponseHead, rest: Uint8Array): void {
    this.exchange = undefined
    this.state = "closed"
    this.resume()
    this.pool.surrender(this)
    exchange.switched(head, this.transport, rest)
  }

  private lose(exchange: Owner, reason: ClientCloseReason, loss: (where: Where) => ResponseLoss): void {
    this.exchange = undefined
    // Call `lost` before `cut`, so that a request to be resent is queued when `cut` frees this connection's
    // slot.
    exchange.lost(loss)
    this.cut(reason)
  }

  private break(loss: RequestLoss): void {
    const { exchange } = this
    this.exchange = undefined
    this.cut("Refused")
    exchange?.fail(loss)
  }

  /**
   * Sends FIN after buffered output. The pool resets the connection if the peer does not close its side
   * within one second.
   */
  retire(reason: ClientCloseReason): void {
    if (this.state !== "open") return
    this.state = "closing"
    this.transport.end()
    this.pool.closing(this, reason)
  }

  /** Resets the connection. Does nothing if the connection has closed. */
  cut(reason: ClientCloseReason): void {
    this.exchange = undefined
    this.stopWaiting()
    if (this.state === "closed") return
    this.state = "closing"
    this.transport.reset()
    this.pool.closing(this, reason)
  }

  // ---- time

  /**
   * Returns the time (ms) of this connection's next deadline. `linger` is the time (ms) that the peer has to
   * close its side after our FIN.
   */
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
