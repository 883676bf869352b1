/**
 * What the parts of a client's pool ask of each other, and of their driver.
 *
 * A driver gives a pool a `Connector` and an `EventSink`, and extends `Exchange` (`exchange.ts`), which it
 * starts once per request. It makes an `Upload` where a body is a stream and an `Incoming` where a response
 * has begun. Calls go both ways in one turn: a driver may be told inside a call of its own. The smallest
 * driver is a client of promises: `test/support/promise/client.ts`.
 */
import type { Address } from "../../model/address.js"
import type { RequestLoss, ResponseLoss } from "../../model/loss.js"
import type { TlsFacts } from "../../model/tls.js"
import type { Where, Written } from "../../model/where.js"
import type { Origin, RetireReason } from "../../pool/index.js"
import type { Timers } from "../../seams/timers.js"
import type { Transport } from "../../seams/transport.js"
import type { EncodedHead, ParserOptions, Part, RequestFacts, ResponseHead } from "../../wire/index.js"
import type { CloseReason } from "./events.js"
import type { TimeLimits } from "./limits.js"
import type { Bucket, Waiter } from "./queue.js"
import type { Watch } from "./watch.js"

/** Where a connection leads. Those with the same `key` stand in for each other. */
export interface Destination extends Origin {
  /** The key without its secrets. Default: `key`. */
  readonly told?: string | undefined
}

/** The key for events and errors. */
export const toldKey = ({ key, told = key }: Destination): string => told

/** A body: parts at hand, or a stream, which the driver pulls. */
export type Payload =
  { readonly _tag: "Parts"; readonly parts: ReadonlyArray<Part> } | { readonly _tag: "Stream" }

/**
 * What becomes of the rest of an upload when the answer comes before its end.
 *
 * - `stop`: with the head of any final answer, nothing more is sent
 * - `continue`: it goes on until the answer has ended; an error status (400-599) with `Connection: close`
 *   stops it at once, for then the server does not want it (RFC 9112 §9.5)
 *
 * Either way the answer is delivered whole, and a request that was not sent whole costs its connection.
 *
 * @since 0.1.0
 * @category models
 */
export type EarlyAnswer = "stop" | "continue"

/** A request ready to be sent: validated, encoded, not yet bound to a connection. */
export interface Request extends RequestFacts {
  readonly origin: Destination
  readonly encoded: EncodedHead
  readonly payload: Payload
  /** On a connection of its own, outside the limits and never kept. */
  readonly alone: boolean
  /** The driver takes the connection over when the server switches protocols, or opens a tunnel. */
  readonly takeOver: boolean
  /** Milliseconds that the body waits for `100 Continue`. */
  readonly continueTimeout: number
  readonly earlyAnswer: EarlyAnswer
  /** Milliseconds that the body of the response may be left unread. */
  readonly unreadTimeout: number
  /** The request target. */
  readonly path: string
  /** `undefined`: nothing is limited. */
  readonly limits: TimeLimits | undefined
}

/** Sends the body of a request that is a stream. */
export interface Upload {
  /** The transport has taken all that was given to it. */
  readonly taken: boolean
  /** The transport takes bytes again. */
  drain(): void
  /** Sends nothing more, and ends the stream. */
  stop(): void
  /** Calls when nothing of the stream is left. Only after `stop`. */
  whenStopped(f: () => void): void
}

/** Told how the upload ended, unless it was stopped. */
export interface UploadOwner {
  uploadEnded(): void
  uploadFailed(cause: unknown): void
}

/** A response under way. */
export interface Incoming {
  readonly head: ResponseHead
  push(slice: Uint8Array): void
  end(rawTrailers: ReadonlyArray<string>): void
  fail(loss: ResponseLoss): void
}

/** A connection that is being made. */
export interface Connecting {
  /** Aborts the attempt; `Opening.done` or `Opening.failed` follows all the same. */
  cancel(): void
  /** Calls when it has ended, possibly at once. Replaces an earlier callback. */
  whenOver(f: () => void): void
}

/** Told by the driver while it makes a connection. */
export interface Opening {
  /** The next step begins. */
  enter(step: "connect" | "secure"): void
  /** `parser`: how its responses are parsed. The transport has not been started. */
  done(transport: Transport, parser: ParserOptions): void
  failed(loss: RequestLoss): void
}

/** How the driver makes connections: names, several addresses, proxies, TLS. */
export interface Connector {
  /** Calls either `done` or `failed`, once, possibly before it returns. The result aborts the attempt. */
  connect(destination: Destination, opening: Opening): () => void
}

/** Gets a connection from a pool: an exchange, or a loan. */
export interface Served {
  readonly request: { readonly origin: Destination; readonly alone: boolean }
  /** Its place in a queue. */
  waiter: Waiter<Served, Pooled> | undefined
  /** The connection that is being made for it. */
  attempt: Connecting | undefined
  /** Ended: it gets no connection any more. */
  readonly over: boolean
  readonly watch: Watch | undefined
  readonly upload: Upload | undefined
  /** The most that any connection has taken of it. */
  readonly taken: Written
  /** May be sent again if its connection is lost. */
  readonly resendable: boolean
  /** It has got a connection. */
  begin(connection: Pooled): void
  /** Ends it with a failure. The caller closes the connection. */
  fail(loss: RequestLoss): void
  /** No connection could be made. */
  notConnected(loss: RequestLoss): void
  timeOut(): void
  giveUp(code: string, reason: string, closing: CloseReason): unknown
}

/** What a connection asks of the exchange that is on it. */
export interface Owner extends Served {
  readonly request: Request
  connection: Pooled | undefined
  readonly response: Incoming | undefined
  reused: boolean
  remote: Address | undefined
  tls: TlsFacts | undefined
  written: Written
  /** Bytes of the response that have come. */
  received: number
  /** The request is complete: nothing of it is left to send. */
  readonly sent: boolean
  readonly where: Where
  /** When the body has been left unread for too long, ms. */
  readonly unreadUntil: number
  /** Starts the upload of a payload that is a stream. */
  send(transport: Transport, owner: UploadOwner): void
  /** The connection has taken the whole request. */
  requestTaken(): void
  informational(head: ResponseHead): void
  answer(head: ResponseHead): void
  /** A chunk has been parsed, and the body is not complete: it is left unread, unless it has had a reader. */
  unread(): void
  /** The driver owns the connection from now on. `rest`: bytes behind the head. */
  switched(head: ResponseHead, transport: Transport, rest: Uint8Array): void
  /** The response has ended; the connection is done with this exchange. */
  end(rawTrailers: ReadonlyArray<string>): void
  /** The connection is lost. Makes the record only if it is told. */
  lost(loss: (where: Where) => ResponseLoss): void
  uploadFailed(cause: unknown): void
  unreadTooLong(): void
}

/** Borrows a connection for a driver of another kind. */
export interface Borrower extends Served {
  granted(connection: Pooled, transport: Transport, reused: boolean): void
}

/** A connection, as its pool and its exchange see it. */
export interface Pooled {
  readonly transport: Transport
  readonly bucket: Bucket<Served, Pooled>
  /** From 1 on. */
  readonly number: number
  readonly address: string | undefined
  /** How many it has served. */
  readonly exchanges: number
  /** ms. */
  readonly madeAt: number
  /** While idle: since when, until when it may be used (ms), and why not longer. */
  idleSince: number
  usableUntil: number
  expiresBy: RetireReason
  /** When it is too old for a further request, ms. */
  agesAt: number
  /** When it began to close, ms; the peer has a while to close too. */
  closingSince: number
  readonly exchange: Served | undefined
  /** Gets it after a turn of the event loop, unless it closes by then. */
  next: Served | undefined
  begin(exchange: Owner): void
  lend(loan: Borrower): void
  giveBack(loan: Borrower, reusable: boolean, keepAlive: string | undefined): void
  letGo(loan: Borrower): void
  rested(exchange: Served): void
  recall(): void
  retire(reason: CloseReason): void
  cut(reason: CloseReason): void
  pause(): void
  resume(): void
  deadline(linger: number): number
  expire(now: number): void
}

/** What an exchange asks of its pool. */
export interface Home {
  serve(exchange: Served, again?: boolean): void
  leave(waiter: Waiter<Served, Pooled>): void
  /** `undefined`: it has no limits, and nobody listens. */
  watch(request: Request): Watch | undefined
  /** A response is left unread from now on (ms) and may stay so for `limit` ms. */
  watchUnread(limit: number): number
}

/** What a connection asks of its pool. */
export interface Keeper {
  readonly timers: Timers
  release(connection: Pooled, keepAlive: string | undefined): void
  closing(connection: Pooled, reason: CloseReason): void
  surrender(connection: Pooled): void
  remove(connection: Pooled): void
}
