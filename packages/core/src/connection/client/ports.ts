/**
 * What the parts of a client's pool ask of each other, and what they ask of their driver: to make connections, to send a
 * body that is a stream, to take a response.
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
  /** The key as others may read it, where `key` has secrets in it. */
  readonly told?: string | undefined
}

/** The key as others may read it. */
export const toldKey = ({ key, told = key }: Destination): string => told

/** What is sent after a head: parts at hand, or a stream, which the driver pulls. */
export type Payload =
  { readonly _tag: "Parts"; readonly parts: ReadonlyArray<Part> } | { readonly _tag: "Stream" }

/** What becomes of the rest of an upload when the response comes before its end. */
export type EarlyAnswer = "stop" | "continue"

/** A request ready to be sent: validated, encoded, not yet bound to a connection. */
export interface Request extends RequestFacts {
  readonly origin: Destination
  readonly encoded: EncodedHead
  readonly payload: Payload
  /** On a connection of its own, which is not kept. */
  readonly alone: boolean
  /** The connection is wanted when the server switches protocols, or opens a tunnel. */
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

/** The body of a request on its way, where it is a stream. */
export interface Upload {
  /** The transport has taken all that was given to it. */
  readonly taken: boolean
  /** The transport takes bytes again. */
  drain(): void
  /** Sends nothing more, and gives the stream up. */
  stop(): void
  /** Calls when nothing of the stream is left. Only after `stop`. */
  whenStopped(f: () => void): void
}

/** A connection learns how the upload ended; once it was stopped, nobody does. */
export interface UploadOwner {
  uploadEnded(): void
  uploadFailed(cause: unknown): void
}

/** A response that arrives. */
export interface Incoming {
  readonly head: ResponseHead
  /** When the last reader went away, ms; `Infinity` while somebody reads. */
  readonly quietSince: number
  push(slice: Uint8Array): void
  end(rawTrailers: ReadonlyArray<string>): void
  fail(loss: ResponseLoss): void
  /** The chunk that brought the head has been parsed, and the body goes on after it. */
  unread(): void
}

/** A connection that is being made. */
export interface Connecting {
  /** Gives it up; `done` or `failed` is told all the same. */
  cancel(): void
  /** Calls when it has ended, possibly at once. Replaces an earlier callback. */
  whenOver(f: () => void): void
}

/** What the driver tells of a connection that it makes. */
export interface Opening {
  /** The next step begins. */
  enter(step: "connect" | "secure"): void
  /** `parser`: how its responses are parsed. The transport has not been started. */
  done(transport: Transport, parser: ParserOptions): void
  failed(loss: RequestLoss): void
}

/** How the driver makes connections: names, several addresses, proxies, TLS. */
export interface Connector {
  /** One of `done` and `failed` is called, once, possibly before this returns. The result gives the attempt up. */
  connect(destination: Destination, opening: Opening): () => void
}

/** What a pool gives connections to: exchanges, and loans. */
export interface Served {
  readonly request: { readonly origin: Destination; readonly alone: boolean }
  /** Its place in a queue. */
  waiter: Waiter<Served, Pooled> | undefined
  /** The connection that is being made for it. */
  attempt: Connecting | undefined
  /** Ended: nothing is to be given to it any more. */
  readonly over: boolean
  readonly watch: Watch | undefined
  readonly upload: Upload | undefined
  /** The most that a connection has taken of it. */
  readonly taken: Written
  /** It could be sent again if its connection died. */
  readonly resendable: boolean
  /** Its turn on a connection. */
  begin(connection: Pooled): void
  /** Ends it with a failure. The connection is the caller's to close. */
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
  /** The connection is the caller's from now on. `rest`: bytes behind the head. */
  switched(head: ResponseHead, transport: Transport, rest: Uint8Array): void
  /** The response has ended; the connection is done with this exchange. */
  end(rawTrailers: ReadonlyArray<string>): void
  /** The connection is gone. The record is made only where somebody is told. */
  lost(loss: (where: Where) => ResponseLoss): void
  uploadFailed(cause: unknown): void
  unreadTooLong(): void
}

/** A driver of another kind that borrows a connection. */
export interface Borrower extends Served {
  granted(connection: Pooled, transport: Transport, reused: boolean): void
}

/** A connection, as its pool and what it serves see it. */
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
  /** When it began to close, ms; the peer has a while to do its part. */
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
