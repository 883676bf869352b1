/**
 * One request and its response, from the pool's queue to the end of the exchange. A driver extends this
 * class.
 *
 * An exchange keeps the data needed to resend its request. An exchange also records the progress of both
 * halves, so that every loss states whether the server may have acted on the request. An exchange must never
 * touch a connection that already serves another exchange.
 */
import { formatAddress, type Address } from "../../model/address.js"
import type { GivenUp, RequestLoss, ResponseLoss } from "../../model/loss.js"
import type { TlsFacts } from "../../model/tls.js"
import type { Where, Written } from "../../model/where.js"
import { isResendable, resend } from "../../pool/index.js"
import type { Transport } from "../../seams/transport.js"
import type { BodyFlow } from "../transfer/body.js"
import type { ResponseHead } from "../../wire/index.js"
import type { BodySizes, ClientCloseReason } from "./events.js"
import {
  shownKeyOf,
  type Connecting,
  type EarlyAnswer,
  type Home,
  type Incoming,
  type Owner,
  type Payload,
  type Pooled,
  type Request,
  type Served,
  type Upload,
  type UploadOwner
} from "./ports.js"
import type { Waiter } from "./queue.js"
import type { Watch } from "./watch.js"

export abstract class Exchange implements BodyFlow, Owner {
  connection: Pooled | undefined = undefined
  response: Incoming | undefined = undefined
  upload: Upload | undefined = undefined
  /**
   * Measures the steps of the exchange. Set only if the request has time limits or the pool has observers.
   */
  watch: Watch | undefined = undefined
  waiter: Waiter<Served, Pooled> | undefined = undefined
  attempt: Connecting | undefined = undefined
  written: Written = "none"
  received = 0
  resent = 0
  /** The loss of the first connection. Set only after the request was resent. */
  private lostWith: ResponseLoss | undefined = undefined
  /** Part of the request that was written to the first connection. Set only after the request was resent. */
  private takenBefore: Written = "none"
  reused = false
  remote: Address | undefined = undefined
  tls: TlsFacts | undefined = undefined
  /** Whether the exchange has completed, failed or been aborted. */
  over = false
  /**
   * Start (ms) of the current period in which no reader waits for the response body. `Infinity` while a
   * reader waits, and before the response.
   */
  private quietSince = Infinity
  /** Whether the response body has had a reader. */
  private hasRead = false

  constructor(
    readonly request: Request,
    private readonly pool: Home
  ) {}

  // ---- implemented by the driver

  abstract send(transport: Transport, owner: UploadOwner): void
  abstract informational(head: ResponseHead): void
  /** Creates the driver's response object from a response head. */
  protected abstract respond(head: ResponseHead): Incoming
  /** Called when the response head has arrived. */
  protected abstract answered(): void
  /**
   * Called when the connection has left HTTP (protocol switch or tunnel). The driver must take over the
   * connection before this method returns.
   */
  protected abstract handed(transport: Transport, rest: Uint8Array): void
  /**
   * Called after the exchange of a handed-over connection has ended. The driver then passes the connection to
   * the caller of the request.
   */
  protected abstract handedOver(): void
  /**
   * Called at most once, when the request has failed before a response. Afterwards `answered` is never
   * called.
   */
  protected abstract failed(loss: RequestLoss): void
  /** Converts a loss to the error that events contain. */
  protected abstract errorOf(loss: RequestLoss): unknown

  start(): void {
    this.watch = this.pool.watch(this.request)
    this.pool.serve(this)
  }

  get resendable(): boolean {
    const { method, payload } = this.request
    return this.resent === 0 && isResendable(method, payload._tag === "Parts")
  }

  get sent(): boolean {
    return this.written === "all"
  }

  /**
   * Returns which part of the request was written. If two connections got parts of it (after a resend), the
   * larger part counts, because either server may have acted on the request.
   */
  get taken(): Written {
    return this.takenBefore === "all" || this.written === "none" ? this.takenBefore : this.written
  }

  get where(): Where {
    const phase = this.response !== undefined ? "body" : this.sent ? "head" : "send"
    const address = this.remote === undefined ? undefined : formatAddress(this.remote)
    return { phase, reused: this.reused, written: this.taken, received: this.received, address }
  }

  begin(connection: Pooled): void {
    connection.begin(this)
  }

  // ---- called by the connection

  answer(head: ResponseHead): void {
    this.response = this.respond(head)
    this.watch?.enter("body")
    this.tellHead(head)
    const { upload } = this
    if (upload !== undefined && !this.sent && unwanted(this.request.earlyAnswer, head)) upload.stop()
    this.answered()
  }

  switched(head: ResponseHead, transport: Transport, rest: Uint8Array): void {
    this.handed(transport, rest)
    this.response = this.respond(head)
    this.tellHead(head)
    this.end([])
    this.handedOver()
  }

  requestTaken(): void {
    if (this.watch?.step !== "send") return
    this.watch.enter("head")
    this.watch.report({ _tag: "Sent" })
  }

  end(rawTrailers: ReadonlyArray<string>): void {
    this.over = true
    this.connection = undefined
    // Stop the upload, because a server that has sent the whole response needs no more of the request.
    this.upload?.stop()
    this.watch?.reportEnd(ended, this)
    this.response?.end(rawTrailers)
  }

  lost(loss: (where: Where) => ResponseLoss): void {
    if (this.over) return
    const decision = resend({
      method: this.request.method,
      reused: this.reused,
      received: this.received,
      unsent: this.written === "none",
      replayable: this.request.payload._tag === "Parts",
      resent: this.resent
    })
    if (decision._tag === "GiveUp") return this.fail(loss(this.where))
    const lostWith = loss(this.where)
    this.lostWith = lostWith
    this.connection = undefined
    this.takenBefore = this.written
    this.written = "none"
    this.resent++
    if (this.watch !== undefined) this.watch.report({ _tag: "Resent", error: this.errorOf(lostWith) })
    this.pool.serve(this, true)
  }

  fail(loss: RequestLoss): void {
    if (this.over) return
    this.over = true
    this.connection = undefined
    this.upload?.stop()
    this.tellError(loss)
    if (this.response === undefined) this.failed(loss)
    // Losses that are not a `ResponseLoss` occur only before the response, so the cast is safe.
    else this.response.fail(loss as ResponseLoss)
  }

  notConnected(loss: RequestLoss): void {
    if (this.over) return
    // After a resend, report the loss of the first connection, because its server may have acted on the
    // request.
    if (loss._tag !== "Thrown" && this.lostWith !== undefined) return this.fail(this.lostWith)
    this.fail(loss)
  }

  uploadFailed(cause: unknown): void {
    if (this.over) return
    if (this.response === undefined) return this.abort(cause, "RequestUnfinished")
    const reason = "the body of the request failed"
    const why = this.errorOf({ _tag: "Thrown", cause })
    this.giveUp("ERR_HTTPFX_UPLOAD_FAILED", reason, "RequestUnfinished", why)
  }

  /**
   * Aborts the exchange, because a function or stream of the caller has failed and no response has arrived.
   */
  protected abort(cause: unknown, closing: ClientCloseReason): void {
    const loss: RequestLoss = { _tag: "Thrown", cause }
    this.over = true
    this.cut(closing)
    this.tellError(loss)
    this.failed(loss)
  }

  // ---- called by the response and the pool

  bodyFull(): void {
    this.connection?.pause()
  }

  bodyDrained(): void {
    this.connection?.resume()
  }

  bodyWanted(): void {}

  unread(): void {
    if (!this.hasRead && this.quietSince === Infinity) this.readerIdle()
  }

  /** Pauses the unread timeout. Called by the driver when a reader waits for the body. */
  readerActive(): void {
    this.hasRead = true
    this.quietSince = Infinity
  }

  /** Restarts the unread timeout. Called by the driver when the reader has received its data. */
  readerIdle(): void {
    this.quietSince = this.over ? Infinity : this.pool.watchUnread(this.request.unreadTimeout)
  }

  /** Fails the exchange because the time limit of a step, of the attempt or of the call has expired. */
  timeOut(): void {
    if (this.over || this.watch === undefined) return
    const { limits, passed, step } = this.watch
    // After a resend, report the loss of the first connection, because its server may have acted on the
    // request.
    if (passed === step && this.lostWith !== undefined && this.written === "none") {
      this.cut("TimedOut")
      return this.fail(this.lostWith)
    }
    const loss: RequestLoss = {
      _tag: "TimedOut",
      passed,
      step,
      limit: limits === undefined ? 0 : limits[passed],
      address:
        this.remote === undefined
          ? shownKeyOf(this.request.origin).slice(this.request.origin.protocol.length + 2)
          : formatAddress(this.remote),
      reused: this.reused,
      written: this.taken,
      received: this.received
    }
    this.cut("TimedOut")
    this.fail(loss)
  }

  get unreadUntil(): number {
    return this.quietSince + this.request.unreadTimeout
  }

  unreadTooLong(): void {
    const reason = `the response body was left unread for ${this.request.unreadTimeout} ms`
    this.giveUp("ERR_HTTPFX_BODY_UNREAD", reason, "TimedOut")
  }

  /** Aborts the exchange because the caller does not want the rest of the response. Returns the loss. */
  abandon(why: string): GivenUp {
    return this.giveUp("ABORT_ERR", `the response was aborted: ${why}`, "Interrupted")
  }

  /** Aborts the exchange if it is not over. Returns the loss in any case. */
  giveUp(code: string, reason: string, closing: ClientCloseReason, cause?: unknown): GivenUp {
    const loss: GivenUp = {
      _tag: "GivenUp",
      code,
      reason,
      ...this.where,
      ...(cause !== undefined && { cause })
    }
    if (this.over) return loss
    this.cut(closing)
    this.fail(loss)
    return loss
  }

  /**
   * Aborts an exchange whose caller no longer waits for the response. Publishes an event, but delivers no
   * error to the caller.
   */
  protected drop(): void {
    this.over = true
    this.cut("Interrupted")
    this.watch?.reportEnd({ _tag: "Error", error: undefined }, this)
  }

  private tellError(loss: RequestLoss): void {
    if (this.watch !== undefined) this.watch.reportEnd({ _tag: "Error", error: this.errorOf(loss) }, this)
  }

  private tellHead({ status, versionMinor }: ResponseHead): void {
    this.watch?.report({ _tag: "Head", status, httpVersion: versionMinor === 0 ? "1.0" : "1.1" })
  }

  get bodySizes(): BodySizes {
    return {
      bodyIn: this.response?.received ?? 0,
      bodyOut: this.upload?.written ?? (this.sent ? bytesOf(this.request.payload) : 0)
    }
  }

  private cut(reason: ClientCloseReason): void {
    const { attempt, connection, waiter } = this
    this.connection = undefined
    this.upload?.stop()
    if (waiter !== undefined) this.pool.leave(waiter)
    attempt?.cancel()
    connection?.cut(reason)
  }
}

const ended = { _tag: "End" } as const

// Strings among the parts are chunk framing, which does not count as body bytes.
const bytesOf = (payload: Payload): number =>
  payload._tag === "Stream"
    ? 0
    : payload.parts.reduce((sum, part) => sum + (typeof part === "string" ? 0 : part.length), 0)

// Returns whether to stop the upload. A server that sends an error status and closes wants no more of the
// request (RFC 9112 §9.5).
const unwanted = (policy: EarlyAnswer, head: ResponseHead): boolean =>
  policy === "stop" || (head.status >= 400 && !head.keepAlive)
