/**
 * One request and its response: waits for a connection, is sent, answered, ended. A driver extends it.
 *
 * Keeps what sending it again needs, and how far it got, so that every loss says whether the server may have
 * acted on it. Never touches a connection that serves another exchange by now.
 */
import { formatAddress, type Address } from "../../model/address.js"
import type { GivenUp, RequestLoss, ResponseLoss } from "../../model/loss.js"
import type { TlsFacts } from "../../model/tls.js"
import type { Where, Written } from "../../model/where.js"
import { isResendable, resend } from "../../pool/index.js"
import type { Transport } from "../../seams/transport.js"
import type { BodyFlow } from "../transfer/body.js"
import type { ResponseHead } from "../../wire/index.js"
import type { CloseReason } from "./events.js"
import {
  toldKey,
  type Connecting,
  type EarlyAnswer,
  type Home,
  type Incoming,
  type Owner,
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
  /** Only where it has limits, or somebody listens. */
  watch: Watch | undefined = undefined
  waiter: Waiter<Served, Pooled> | undefined = undefined
  attempt: Connecting | undefined = undefined
  written: Written = "none"
  received = 0
  resent = 0
  /** Of a request that was sent again: how its first connection was lost, and how much that had taken. */
  private lostWith: ResponseLoss | undefined = undefined
  private takenBefore: Written = "none"
  reused = false
  remote: Address | undefined = undefined
  tls: TlsFacts | undefined = undefined
  /** Completed, failed or aborted. */
  over = false
  /** Since when nobody reads the body of the response, ms; `Infinity`: somebody does, or there is none. */
  private quietSince = Infinity
  /** The body has had a reader. */
  private hasRead = false

  constructor(
    readonly request: Request,
    private readonly pool: Home
  ) {}

  // ---- the driver's part

  abstract send(transport: Transport, owner: UploadOwner): void
  abstract informational(head: ResponseHead): void
  /** Makes the response for a head. */
  protected abstract respond(head: ResponseHead): Incoming
  /** The response has begun. */
  protected abstract answered(): void
  /** The connection has left HTTP, and the driver owns it: takes it at once. */
  protected abstract handed(transport: Transport, rest: Uint8Array): void
  /** The exchange has ended with that: the caller gets the connection. */
  protected abstract handedOver(): void
  /** There is no response. Called at most once, and instead of `answered`. */
  protected abstract failed(loss: RequestLoss): void
  /** The error of a loss, for events. */
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
   * The most that any connection has taken: the server may have acted on it, even if that connection was
   * lost.
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

  // ---- the connection's side

  answer(head: ResponseHead): void {
    this.response = this.respond(head)
    this.watch?.enter("body")
    this.watch?.tell({ _tag: "Head", status: head.status })
    const { upload } = this
    if (upload !== undefined && !this.sent && unwanted(this.request.earlyAnswer, head)) upload.stop()
    this.answered()
  }

  switched(head: ResponseHead, transport: Transport, rest: Uint8Array): void {
    this.handed(transport, rest)
    this.response = this.respond(head)
    this.watch?.tell({ _tag: "Head", status: head.status })
    this.end([])
    this.handedOver()
  }

  requestTaken(): void {
    if (this.watch?.step !== "send") return
    this.watch.enter("head")
    this.watch.tell({ _tag: "Sent" })
  }

  end(rawTrailers: ReadonlyArray<string>): void {
    this.over = true
    this.connection = undefined
    // After a complete response the rest of the request has no use.
    this.upload?.stop()
    this.watch?.tell({ _tag: "End" })
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
    if (this.watch !== undefined) this.watch.tell({ _tag: "Resent", error: this.errorOf(lostWith) })
    this.pool.serve(this, true)
  }

  fail(loss: RequestLoss): void {
    if (this.over) return
    this.over = true
    this.connection = undefined
    this.upload?.stop()
    this.tellError(loss)
    if (this.response === undefined) this.failed(loss)
    // The other records come only before the response.
    else this.response.fail(loss as ResponseLoss)
  }

  notConnected(loss: RequestLoss): void {
    if (this.over) return
    // The server may have acted on what the first connection took, so the caller gets that loss.
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

  /** A function or a stream of the caller failed before the response came. */
  protected abort(cause: unknown, closing: CloseReason): void {
    const loss: RequestLoss = { _tag: "Thrown", cause }
    this.over = true
    this.cut(closing)
    this.tellError(loss)
    this.failed(loss)
  }

  // ---- the response's and the pool's side

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

  /** The driver: somebody waits for the body. No time counts as unread. */
  readerActive(): void {
    this.hasRead = true
    this.quietSince = Infinity
  }

  /** The driver: a reader has what it waited for. The time until it wants more counts as unread. */
  readerIdle(): void {
    this.quietSince = this.over ? Infinity : this.pool.watchUnread(this.request.unreadTimeout)
  }

  /** A limit has passed. */
  timeOut(): void {
    if (this.over || this.watch === undefined) return
    const { limits, passed, step } = this.watch
    // As in `notConnected`: the caller gets the loss of the first connection.
    if (passed !== "total" && this.lostWith !== undefined && this.written === "none") {
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
          ? toldKey(this.request.origin).slice(this.request.origin.protocol.length + 2)
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
    const reason = `nobody read the response for ${this.request.unreadTimeout} ms`
    this.giveUp("ERR_HTTPFX_BODY_UNREAD", reason, "TimedOut")
  }

  /** Aborts it: the caller does not want the rest of the response. */
  abandon(why: string): GivenUp {
    return this.giveUp("ABORT_ERR", `the response was given up: ${why}`, "Interrupted")
  }

  /** Aborts it in any state. The record says why. */
  giveUp(code: string, reason: string, closing: CloseReason, cause?: unknown): GivenUp {
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

  /** Aborts an exchange without a response whose caller has left: only events tell of it. */
  protected drop(): void {
    this.over = true
    this.cut("Interrupted")
    this.watch?.tell({ _tag: "Error", error: undefined })
  }

  private tellError(loss: RequestLoss): void {
    if (this.watch !== undefined) this.watch.tell({ _tag: "Error", error: this.errorOf(loss) })
  }

  private cut(reason: CloseReason): void {
    const { attempt, connection, waiter } = this
    this.connection = undefined
    this.upload?.stop()
    if (waiter !== undefined) this.pool.leave(waiter)
    attempt?.cancel()
    connection?.cut(reason)
  }
}

// RFC 9112 §9.5: a server that refuses a request and closes does not want the rest of it.
const unwanted = (policy: EarlyAnswer, head: ResponseHead): boolean =>
  policy === "stop" || (head.status >= 400 && !head.keepAlive)
