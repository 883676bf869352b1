/**
 * One request and its response: waits for a connection, is sent, is answered, ends.
 *
 * Holds what a request needs to be sent again, and counts how far it got, so that every failure can say whether the
 * server may have acted on it. Never touches a connection that serves somebody else by now.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Runtime from "effect/Runtime"
import type * as Stream from "effect/Stream"
import type { CloseReason } from "../connection/client/events.js"
import type { EarlyAnswer } from "../ClientRequest.js"
import * as HttpError from "../HttpError.js"
import { isResendable, resend } from "../pool/index.js"
import type { Socket } from "../Socket.js"
import { formatAddress, type Address, type TlsFacts } from "../Transport.js"
import type { EncodedHead, Part, RequestFacts, ResponseHead } from "../wire/index.js"
import type { Waiter } from "./clientBucket.js"
import type { ClientConnection } from "./clientConnection.js"
import type { BodyError, RequestError } from "./clientError.js"
import type { ClientPool } from "./clientPool.js"
import { timedOut, type TimeLimits } from "./clientTimeouts.js"
import type { Watch } from "./clientWatch.js"
import { IncomingResponse } from "./clientResponse.js"
import { toldKey, type Destination } from "./clientRoute.js"
import type { Served } from "./clientLoan.js"
import type { Upload } from "./clientUpload.js"
import type { BodyFlow } from "../connection/transfer/body.js"

/** What is sent after a head. */
export type Payload =
  | { readonly _tag: "Parts"; readonly parts: ReadonlyArray<Part> }
  | {
      readonly _tag: "Stream"
      readonly stream: Stream.Stream<Uint8Array, unknown>
      readonly trailers: Effect.Effect<ReadonlyArray<string>, unknown> | undefined
      /** Of the fiber that made the request: its context is the stream's. */
      readonly runtime: Runtime.Runtime<never>
    }

/** A request ready to be sent: validated, encoded, not yet bound to a connection. */
export interface PreparedRequest extends RequestFacts {
  readonly _tag: "Prepared"
  readonly origin: Destination
  readonly encoded: EncodedHead
  readonly payload: Payload
  readonly onInformational: ((head: ResponseHead) => void) | undefined
  /** On a connection of its own, which is not kept. */
  readonly alone: boolean
  /** The connection is wanted when the server switches protocols, or opens a tunnel. */
  readonly takeOver: boolean
  /** Milliseconds that the body waits for `100 Continue`. */
  readonly continueTimeout: number
  readonly earlyAnswer: EarlyAnswer
  readonly joinDuplicateHeaders: boolean
  /** Milliseconds that the body of the answer may be left unread. */
  readonly unreadTimeout: number
  /** The request target. */
  readonly path: string
  /** `undefined`: nothing is limited. */
  readonly limits: TimeLimits | undefined
}

/** Who waits for the response. One of these is called, once. */
export interface Receiver {
  answered(response: IncomingResponse): void
  /** The server switched protocols; only where that was asked for. */
  switched?(response: IncomingResponse, socket: Socket): void
  failed(error: RequestError): void
  /** The stream of the request's body failed, or something died. */
  failedCause(cause: Cause.Cause<unknown>): void
}

export class ClientExchange implements BodyFlow, Served {
  connection: ClientConnection | undefined = undefined
  response: IncomingResponse | undefined = undefined
  upload: Upload | undefined = undefined
  /** Only where it has limits, or somebody listens. */
  watch: Watch | undefined = undefined
  /** Its place in a queue. */
  waiter: Waiter | undefined = undefined
  /** The fiber that makes a connection for this exchange. */
  attempt: Fiber.RuntimeFiber<unknown, unknown> | undefined = undefined
  written: HttpError.Written = "none"
  /** Bytes of the answer that have come. */
  received = 0
  resent = 0
  /** How the first connection ended, where the request is sent again, and what it had taken. */
  private lostWith: BodyError | undefined = undefined
  private takenBefore: HttpError.Written = "none"
  reused = false
  remote: Address | undefined = undefined
  tls: TlsFacts | undefined = undefined
  /** The connection that was handed over. */
  private handed: Socket | undefined = undefined
  /** Ended: answered in full, failed or given up. */
  over = false

  constructor(
    readonly request: PreparedRequest,
    private readonly pool: ClientPool,
    private readonly receiver: Receiver
  ) {}

  start(): void {
    if (this.request.limits !== undefined || this.pool.events.listening) this.watch = this.pool.watch(this)
    this.pool.serve(this)
  }

  get resendable(): boolean {
    const { method, payload } = this.request
    return this.resent === 0 && isResendable(method, payload._tag === "Parts")
  }

  /** The request is complete: nothing of it is left to send. */
  get sent(): boolean {
    return this.written === "all"
  }

  /** The most that a connection has taken: the server may have acted on it, also where that connection has died. */
  get taken(): HttpError.Written {
    return this.takenBefore === "all" || this.written === "none" ? this.takenBefore : this.written
  }

  get where(): HttpError.Where {
    const phase = this.response !== undefined ? "body" : this.sent ? "head" : "send"
    const address = this.remote === undefined ? undefined : formatAddress(this.remote)
    return { phase, reused: this.reused, written: this.taken, received: this.received, address }
  }

  /** Its turn on a connection. */
  begin(connection: ClientConnection): void {
    connection.begin(this)
  }

  // ---- what the connection tells

  informational(head: ResponseHead): void {
    try {
      this.request.onInformational?.(head)
    } catch (defect) {
      // Not into the socket's turn, where it would end the process.
      this.over = true
      this.cut("Interrupted")
      this.watch?.tell({ _tag: "Error", error: defect })
      this.receiver.failedCause(Cause.die(defect))
    }
  }

  answer(head: ResponseHead): void {
    this.response = new IncomingResponse(head, this)
    this.watch?.enter("body")
    this.watch?.tell({ _tag: "Head", status: head.status })
    const { upload } = this
    if (upload !== undefined && !this.sent && unwanted(this.request.earlyAnswer, head)) upload.stop()
    this.receiver.answered(this.response)
  }

  /** The connection is the caller's from now on. */
  switched(head: ResponseHead, socket: Socket): void {
    const response = new IncomingResponse(head, this)
    this.response = response
    this.handed = socket
    this.watch?.tell({ _tag: "Head", status: head.status })
    this.end([])
    this.receiver.switched?.(response, socket)
  }

  /** The connection has taken the whole request. */
  requestTaken(): void {
    if (this.watch?.step !== "send") return
    this.watch.enter("head")
    this.watch.tell({ _tag: "Sent" })
  }

  /** The response has ended; the connection is done with this exchange. */
  end(rawTrailers: ReadonlyArray<string>): void {
    this.over = true
    this.connection = undefined
    // The rest of a request whose answer is complete is wanted by nobody.
    this.upload?.stop()
    this.watch?.tell({ _tag: "End" })
    this.response?.end(rawTrailers)
  }

  /** The connection is gone. `error` is made only where somebody is told. */
  lost(error: (where: HttpError.Where) => BodyError): void {
    if (this.over) return
    const decision = resend({
      method: this.request.method,
      reused: this.reused,
      received: this.received,
      unsent: this.written === "none",
      replayable: this.request.payload._tag === "Parts",
      resent: this.resent
    })
    if (decision._tag === "GiveUp") return this.fail(error(this.where))
    this.lostWith = error(this.where)
    this.connection = undefined
    this.takenBefore = this.written
    this.written = "none"
    this.resent++
    this.watch?.tell({ _tag: "Resent", error: this.lostWith })
    this.pool.serve(this, true)
  }

  /** Ends the exchange with a failure. The connection is the caller's to close. */
  fail(error: RequestError): void {
    if (this.over) return
    this.over = true
    this.connection = undefined
    this.upload?.stop()
    this.watch?.tell({ _tag: "Error", error })
    if (this.response === undefined) this.receiver.failed(error)
    else this.response.fail(error as BodyError)
  }

  /** No connection could be made. */
  failCause(cause: Cause.Cause<RequestError>): void {
    if (this.over) return
    const failure = Cause.failureOption(cause)
    // The server may have acted on what the first connection took: that is what the caller must hear of.
    if (failure._tag === "Some" && this.lostWith !== undefined) return this.fail(this.lostWith)
    if (failure._tag === "Some") return this.fail(failure.value)
    this.over = true
    this.watch?.tell({ _tag: "Error", error: Cause.squash(cause) })
    this.receiver.failedCause(cause)
  }

  uploadFailed(cause: Cause.Cause<unknown>): void {
    if (this.over) return
    if (this.response === undefined) {
      this.over = true
      this.cut("RequestUnfinished")
      this.watch?.tell({ _tag: "Error", error: Cause.squash(cause) })
      this.receiver.failedCause(cause)
    } else {
      const reason = "the body of the request failed"
      this.giveUp("ERR_HTTPFX_UPLOAD_FAILED", reason, "RequestUnfinished", Cause.squash(cause))
    }
  }

  // ---- what the response and the pool tell

  bodyFull(): void {
    this.connection?.pause()
  }

  bodyDrained(): void {
    this.connection?.resume()
  }

  bodyWanted(): void {}

  /** Nobody reads the body: from when on, ms. */
  quiet(): number {
    return this.over ? Infinity : this.pool.watchUnread(this.request.unreadTimeout)
  }

  /** A limit has passed. */
  timeOut(): void {
    if (this.over || this.watch === undefined) return
    const { limits, passed, step } = this.watch
    // As where no connection could be made: the caller must hear of what the first one took.
    if (passed !== "total" && this.lostWith !== undefined && this.written === "none") {
      this.cut("TimedOut")
      return this.fail(this.lostWith)
    }
    const facts = {
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
    this.fail(
      passed === "total" ? new HttpError.RequestTimedOut({ ...facts, phase: step }) : timedOut(passed, facts)
    )
  }

  get unreadUntil(): number {
    return this.response === undefined ? Infinity : this.response.quietSince + this.request.unreadTimeout
  }

  unreadTooLong(): void {
    const reason = `nobody read the response for ${this.request.unreadTimeout} ms`
    this.giveUp("ERR_HTTPFX_BODY_UNREAD", reason, "TimedOut")
  }

  /** Nobody wants the rest of the response. */
  abandon(why: string): BodyError {
    return this.giveUp("ABORT_ERR", `the response was given up: ${why}`, "Interrupted")
  }

  /** Ends the exchange from our side, whatever its state, with a failure that tells why. */
  giveUp(code: string, reason: string, closing: CloseReason, cause?: unknown): BodyError {
    const error = new HttpError.ConnectionFailed({
      code,
      reason,
      ...this.where,
      ...(cause !== undefined && { cause })
    })
    if (this.over) return error
    this.cut(closing)
    this.fail(error)
    return error
  }

  /** The scope of the response ended: resolves when nothing of it is left. */
  release(why: string): Effect.Effect<void> {
    if (this.over) return Effect.void
    this.abandon(why)
    return this.upload === undefined ? Effect.void : this.upload.stopped
  }

  /** The request was interrupted: resolves when nothing of it is left. */
  cancel(): Effect.Effect<void> {
    if (this.over) return this.handed === undefined ? Effect.void : this.handed.reset
    if (this.response !== undefined) return this.release("its request was interrupted")
    const { attempt } = this
    this.over = true
    this.cut("Interrupted")
    this.watch?.tell({ _tag: "Error", error: undefined })
    if (attempt !== undefined) return Effect.asVoid(Fiber.await(attempt))
    return this.upload === undefined ? Effect.void : this.upload.stopped
  }

  private cut(reason: CloseReason): void {
    const { attempt, connection, waiter } = this
    this.connection = undefined
    this.upload?.stop()
    if (waiter !== undefined) this.pool.leave(waiter)
    attempt?.unsafeInterruptAsFork(attempt.id())
    connection?.cut(reason)
  }
}

// RFC 9112 §9.5: who refuses a request and closes does not want the rest of it.
const unwanted = (policy: EarlyAnswer, head: ResponseHead): boolean =>
  policy === "stop" || (head.status >= 400 && !head.keepAlive)
