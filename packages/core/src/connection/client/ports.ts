/**
 * Interfaces between the parts of a client's pool and its driver.
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
  /** The key without its secrets. Default: `key`. */
  readonly shownKey?: string | undefined
}

/** Returns the key without its secrets, for events and errors. */
export const shownKeyOf = ({ key, shownKey = key }: Destination): string => shownKey

/** A request body: parts in memory, or a stream that the driver pulls. */
export type Payload =
  { readonly _tag: "Parts"; readonly parts: ReadonlyArray<Part> } | { readonly _tag: "Stream" }

/**
 * How an upload continues when the response arrives before the request is complete.
 *
 * - `stop`: the upload stops at any final response head
 * - `continue`: the upload continues until the response ends; an error status (400-599) with
 *   `Connection: close` stops it at once, because the server does not want the rest (RFC 9112 §9.5)
 *
 * In both cases the whole response is delivered, and an incomplete request closes its connection.
 *
 * @since 0.1.0
 * @category models
 */
export type EarlyAnswer = "stop" | "continue"

/** A request ready to send: validated and encoded, not yet bound to a connection. */
export interface Request extends RequestFacts {
  readonly origin: Destination
  readonly encoded: EncodedHead
  readonly payload: Payload
  /** Use a separate connection that does not count against the limits and is never kept. */
  readonly alone: boolean
  /** The driver takes the connection over after a protocol switch or when a tunnel opens. */
  readonly takeOver: boolean
  /** Time that the body waits for `100 Continue`, ms. */
  readonly continueTimeout: number
  readonly earlyAnswer: EarlyAnswer
  /** Time that the response body may stay unread, ms. */
  readonly unreadTimeout: number
  /** The request target. */
  readonly path: string
  /** `undefined`: no time limits. */
  readonly limits: TimeLimits | undefined
}

/** Sends a streamed request body. */
export interface Upload {
  /** The transport has accepted all bytes written. */
  readonly taken: boolean
  /** Called when the transport accepts bytes again. */
  drain(): void
  /** Stops sending, and ends the stream. */
  stop(): void
  /** Calls `f` when the stream has ended. Call only after `stop`. */
  whenStopped(f: () => void): void
}

/** Receives the result of an upload that was not stopped. */
export interface UploadOwner {
  uploadEnded(): void
  uploadFailed(cause: unknown): void
}

/** A response whose head has arrived. */
export interface Incoming {
  readonly head: ResponseHead
  push(slice: Uint8Array): void
  end(rawTrailers: ReadonlyArray<string>): void
  fail(loss: ResponseLoss): void
}

/** A connection being established. */
export interface Connecting {
  /** Aborts the attempt; `Opening.done` or `Opening.failed` is still called. */
  cancel(): void
  /** Calls `f` when the attempt has ended, possibly at once. Replaces an earlier callback. */
  whenOver(f: () => void): void
}

/** Receives the progress of a connection attempt from the driver. */
export interface Opening {
  /** Reports the start of a step. */
  enter(step: "connect" | "secure"): void
  /**
   * Reports the connection. Its transport must not have been started. `parser`: options for parsing its
   * responses.
   */
  done(transport: Transport, parser: ParserOptions): void
  failed(loss: RequestLoss): void
}

/** Establishes connections for the driver: name resolution, several addresses, proxies, TLS. */
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
  /** The connection attempt, while it is in progress. */
  attempt: Connecting | undefined
  /** The exchange has ended, or the loan was granted: no further connection may be used for it. */
  readonly over: boolean
  readonly watch: Watch | undefined
  readonly upload: Upload | undefined
  /** How much of the request was written to any of its connections. */
  readonly taken: Written
  /** The request can be resent if its connection is lost. */
  readonly resendable: boolean
  /** Starts the exchange or loan on a connection. */
  begin(connection: Pooled): void
  /** Fails the exchange or loan. The caller closes the connection. */
  fail(loss: RequestLoss): void
  /** Fails the exchange or loan because no connection could be established. */
  notConnected(loss: RequestLoss): void
  timeOut(): void
  giveUp(code: string, reason: string, closing: ClientCloseReason): unknown
}

/** The exchange on a connection, as the connection sees it. */
export interface Owner extends Served {
  readonly request: Request
  connection: Pooled | undefined
  readonly response: Incoming | undefined
  reused: boolean
  remote: Address | undefined
  tls: TlsFacts | undefined
  written: Written
  /** Bytes of the response received so far. */
  received: number
  /** The request has been sent completely. */
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
   * Called after a parsed chunk that did not complete the body. Starts the unread timeout unless the body has
   * had a reader.
   */
  unread(): void
  /** Hands the connection over to the driver. `rest`: bytes after the head. */
  switched(head: ResponseHead, transport: Transport, rest: Uint8Array): void
  /** Completes the exchange. Call it after the connection has dropped its reference to the exchange. */
  end(rawTrailers: ReadonlyArray<string>): void
  /**
   * Reports the loss of the connection. `loss` creates the loss record, and is called only if the record is
   * needed.
   */
  lost(loss: (where: Where) => ResponseLoss): void
  uploadFailed(cause: unknown): void
  unreadTooLong(): void
}

/** A loan, as its connection sees it. */
export interface Borrower extends Served {
  granted(connection: Pooled, transport: Transport, reused: boolean): void
}

/** A connection, as its pool and its exchange see it. */
export interface Pooled {
  readonly transport: Transport
  readonly bucket: Bucket<Served, Pooled>
  /** Number of the connection in its pool, from 1. */
  readonly number: number
  readonly address: string | undefined
  /** Number of exchanges that the connection has served. */
  readonly exchanges: number
  /** Time of creation, ms. */
  readonly madeAt: number
  /**
   * For an idle connection: when it became idle, when it stops being usable (both ms), and the reason with
   * which the pool then retires it.
   */
  idleSince: number
  usableUntil: number
  expiresBy: RetireReason
  /** Time (ms) after which the connection accepts no further request. */
  agesAt: number
  /**
   * Time (ms) at which the connection began to close. The pool resets a connection whose peer does not close
   * its side in time.
   */
  closingSince: number
  readonly exchange: Served | undefined
  /**
   * The exchange that starts on this connection after one turn of the event loop, unless the connection
   * closes first.
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

/** The pool, as an exchange sees it. */
export interface Home {
  serve(exchange: Served, again?: boolean): void
  leave(waiter: Waiter<Served, Pooled>): void
  /**
   * Creates the watch of a request. Returns `undefined` if the request has no time limits and the pool has no
   * observers.
   */
  watch(request: Request): Watch | undefined
  /** Starts the unread timeout of a response (`limit` in ms). Returns the current time. */
  watchUnread(limit: number): number
}

/** The pool, as a connection sees it. */
export interface Keeper {
  readonly timers: Timers
  release(connection: Pooled, keepAlive: string | undefined): void
  closing(connection: Pooled, reason: ClientCloseReason): void
  surrender(connection: Pooled): void
  remove(connection: Pooled): void
}
