/**
 * Interfaces between the parts of a client's pool, and between the pool and its driver.
 *
 * A driver gives the pool a `Connector` and an `EventSink`, extends `Exchange` (`exchange.ts`) and starts one
 * exchange per request. The driver provides an `Upload` for a streamed request body and an `Incoming` for a
 * response. Calls are synchronous in both directions, so a driver may be called back within its own call. The
 * smallest driver is the promise client `test/support/promise/client.ts`.
 */
import type { Address } from "../../model/address.js"
import type { RequestLoss, ResponseLoss } from "../../model/loss.js"
import type { TlsFacts } from "../../model/tls.js"
import type { Where, Written } from "../../model/where.js"
import type { Origin, RetireReason } from "../../pool/index.js"
import type { Timers } from "../../seams/timers.js"
import type { Transport } from "../../seams/transport.js"
import type { EncodedHead, ParserOptions, Part, RequestFacts, ResponseHead } from "../../wire/index.js"
import type { ClientCloseReason } from "./events.js"
import type { TimeLimits } from "./limits.js"
import type { Bucket, Waiter } from "./queue.js"
import type { Watch } from "./watch.js"

/** The destination of a connection. Connections with the same `key` are interchangeable. */
export interface Destination extends Origin {
  /** The key without its secrets, for events and errors. Default: `key`. */
  readonly shownKey?: string | undefined
}

/** Returns the key without its secrets, for events and errors. */
export const shownKeyOf = ({ key, shownKey = key }: Destination): string => shownKey

/** A request body, which is parts in memory or a stream that the driver pulls. */
export type Payload =
  { readonly _tag: "Parts"; readonly parts: ReadonlyArray<Part> } | { readonly _tag: "Stream" }

/**
 * Choice whether an upload continues when a response arrives before the request is complete.
 *
 * - `stop`: the upload stops at any final response head
 * - `continue`: the upload continues until the response ends. Only an error status (400-599) with
 *   `Connection: close` stops the upload earlier, because the server does not want the rest (RFC 9112 §9.5)
 *
 * Both choices deliver the whole response. If the request stays incomplete, its connection closes.
 *
 * @since 0.1.0
 * @category models
 */
export type EarlyAnswer = "stop" | "continue"

/** A validated and encoded request that can be sent on any connection to its destination. */
export interface Request extends RequestFacts {
  readonly origin: Destination
  readonly encoded: EncodedHead
  readonly payload: Payload
  /**
   * Whether the request uses a separate connection, which does not count against the limits and is never
   * reused.
   */
  readonly alone: boolean
  /** Whether the driver takes over the connection if the response switches protocols or opens a tunnel. */
  readonly takeOver: boolean
  /** Maximum time that the body waits for 100 (Continue), ms. */
  readonly continueTimeout: number
  readonly earlyAnswer: EarlyAnswer
  /** Maximum time that the response body may stay unread, ms. */
  readonly unreadTimeout: number
  /** The request target. */
  readonly path: string
  /** Time limits of the request; `undefined` means no limits. */
  readonly limits: TimeLimits | undefined
  /**
   * Time that earlier attempts and waits of the call have used, ms. This time counts towards `limits.total`.
   */
  readonly spent: number
}

/** Sender of a streamed request body. */
export interface Upload {
  /** Whether the transport has accepted all bytes written. */
  readonly taken: boolean
  /** Bytes of the body written so far, without framing. */
  readonly written: number
  /** Continues sending, because the transport accepts bytes again. */
  drain(): void
  /** Stops sending, and ends the stream. */
  stop(): void
  /** Calls `f` when the stream has ended. Must be called after `stop`. */
  whenStopped(f: () => void): void
}

/** Receiver of the result of an upload. A stopped upload reports no result. */
export interface UploadOwner {
  uploadEnded(): void
  uploadFailed(cause: unknown): void
}

/** A response whose head has arrived. */
export interface Incoming {
  readonly head: ResponseHead
  /** Bytes of the body received so far, without framing. */
  readonly received: number
  push(slice: Uint8Array): void
  end(rawTrailers: ReadonlyArray<string>): void
  fail(loss: ResponseLoss): void
}

/** An attempt to connect. */
export interface Connecting {
  /** Aborts the attempt; `Opening.done` or `Opening.failed` is still called. */
  cancel(): void
  /** Calls `f` when the attempt has ended, possibly immediately. Replaces an earlier callback. */
  whenOver(f: () => void): void
}

/** Receiver of the progress of an attempt to connect. The driver calls the methods. */
export interface Opening {
  /** Reports the start of a step. */
  enter(step: "connect" | "secure"): void
  /**
   * Reports an established connection. `transport` must not have been started. `parser` holds the options for
   * parsing responses of this connection.
   */
  done(transport: Transport, parser: ParserOptions): void
  failed(loss: RequestLoss): void
}

/**
 * Opens connections. The driver implements this interface: it resolves names, tries several addresses, and
 * connects through proxies and by TLS.
 */
export interface Connector {
  /**
   * Starts an attempt that calls `done` or `failed` once, possibly before `connect` returns. The returned
   * function aborts the attempt.
   */
  connect(destination: Destination, opening: Opening): () => void
}

/** An exchange or a loan that gets its connection from a pool. */
export interface Served {
  readonly request: { readonly origin: Destination; readonly alone: boolean }
  /** The queue entry, while the request waits for a connection. */
  waiter: Waiter<Served, Pooled> | undefined
  /** The attempt to connect, while it is in progress. */
  attempt: Connecting | undefined
  /** Whether the exchange has ended or the loan was granted. No further connection may be used after that. */
  readonly over: boolean
  readonly watch: Watch | undefined
  readonly upload: Upload | undefined
  /** Part of the request that was written. If two connections got parts of it, the larger part counts. */
  readonly taken: Written
  /** Whether the request can be resent if its connection is lost. */
  readonly resendable: boolean
  /** Starts the exchange or loan on a connection. */
  begin(connection: Pooled): void
  /** Fails the exchange, or the loan of the whole connection. The caller closes the connection. */
  fail(loss: RequestLoss): void
  /** Fails the exchange or loan because no connection could be established. */
  notConnected(loss: RequestLoss): void
  timeOut(): void
  giveUp(code: string, reason: string, closing: ClientCloseReason): unknown
}

/** The members of an exchange that its connection uses. */
export interface Owner extends Served {
  readonly request: Request
  connection: Pooled | undefined
  readonly response: Incoming | undefined
  reused: boolean
  remote: Address | undefined
  tls: TlsFacts | undefined
  written: Written
  /** Number of bytes of the response received so far. */
  received: number
  /** Whether the whole request has been sent. */
  readonly sent: boolean
  readonly where: Where
  /** Time (ms) at which the unread timeout of the body expires. */
  readonly unreadUntil: number
  /** Starts the upload of a streamed payload. */
  send(transport: Transport, owner: UploadOwner): void
  /** Called when the transport has accepted the whole request. */
  requestTaken(): void
  informational(head: ResponseHead): void
  answer(head: ResponseHead): void
  /**
   * Starts the unread timeout if the body has not had a reader yet. Called after each parsed chunk that
   * leaves the body incomplete.
   */
  unread(): void
  /** Hands the connection over to the driver. `rest` holds the bytes received after the head. */
  switched(head: ResponseHead, transport: Transport, rest: Uint8Array): void
  /**
   * Completes the exchange. Must be called after the connection has dropped its reference to the exchange.
   */
  end(rawTrailers: ReadonlyArray<string>): void
  /**
   * Reports the loss of the connection. `loss` creates the loss record, and is called only if the record is
   * needed.
   */
  lost(loss: (where: Where) => ResponseLoss): void
  uploadFailed(cause: unknown): void
  unreadTooLong(): void
}

/** The members of a loan that its connection uses. */
export interface Borrower extends Served {
  granted(connection: Pooled, transport: Transport, reused: boolean): void
}

/** The members of a connection that its pool and its exchange use. */
export interface Pooled {
  readonly transport: Transport
  readonly bucket: Bucket<Served, Pooled>
  /** Serial number of the connection in its pool, from 1. */
  readonly number: number
  readonly address: string | undefined
  /** Number of exchanges and loans that the connection has served. */
  readonly exchanges: number
  /** Time (ms) at which the connection was created. */
  readonly madeAt: number
  /** Time (ms) at which the idle connection became idle. */
  idleSince: number
  /** Time (ms) at which the idle connection expires. */
  usableUntil: number
  /** Reason that the pool reports when it retires the connection at `usableUntil`. */
  expiresBy: RetireReason
  /** Time (ms) at which the connection reaches its maximum age. Afterwards it gets no further request. */
  agesAt: number
  /**
   * Time (ms) at which the connection began to close; `Infinity` if it is open. The pool resets the
   * connection if the peer does not close its side within one second.
   */
  closingSince: number
  readonly exchange: Served | undefined
  /**
   * The exchange that waits one turn of the event loop before it starts on this connection. If the connection
   * closes in that turn, the pool serves the exchange on another connection.
   */
  next: Served | undefined
  begin(exchange: Owner): void
  lend(loan: Borrower): void
  giveBack(loan: Borrower, reusable: boolean, keepAlive: string | undefined): void
  letGo(loan: Borrower): void
  rested(exchange: Served): void
  recall(): void
  retire(reason: ClientCloseReason): void
  cut(reason: ClientCloseReason): void
  pause(): void
  resume(): void
  deadline(linger: number): number
  expire(now: number): void
}

/** The members of the pool that an exchange uses. */
export interface Home {
  serve(exchange: Served, again?: boolean): void
  leave(waiter: Waiter<Served, Pooled>): void
  /**
   * Creates the `Watch` that measures the steps of a request. Returns `undefined` if the request has no time
   * limits and the pool has no observers.
   */
  watch(request: Request): Watch | undefined
  /** Starts the unread timeout of a response (`limit` in ms). Returns the current time. */
  watchUnread(limit: number): number
}

/** The members of the pool that a connection uses. */
export interface Keeper {
  readonly timers: Timers
  release(connection: Pooled, keepAlive: string | undefined): void
  closing(connection: Pooled, reason: ClientCloseReason): void
  surrender(connection: Pooled): void
  remove(connection: Pooled): void
}
