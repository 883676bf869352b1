/**
 * Interfaces between a server connection, its server and its owner (the driver).
 *
 * The owner subclasses {@link Exchange}, so that the owner and the connection share one object per exchange.
 * All calls are synchronous, so an owner may be called back within its own call. For instance, `responseEnds`
 * may start the next exchange. The smallest owner is the promise server `test/support/promise/server.ts`.
 */
import type { AlreadyRead, Loss, Rejection, TooLarge } from "../../model/loss.js"
import type { DropReason, End, WireFacts } from "../../model/outcome.js"
import type { Policy } from "../../model/serverState.js"
import type { Closings } from "../../seams/closings.js"
import type { Timers } from "../../seams/timers.js"
import type { Transport } from "../../seams/transport.js"
import type {
  CloseReason,
  DeadlinePolicy,
  EncodedHead,
  Flags,
  Framing,
  Limits,
  RequestHead,
  Violation
} from "../../wire/index.js"
import type { Body, BodyFlow } from "../transfer/body.js"
import type { AdmissionLimits } from "./admission.js"
import type { IdleList } from "./idleList.js"
import type { RequestAdmission, RequestLimits } from "./requestAdmission.js"
import type { UpgradeState, WebSocketClose } from "./upgradeState.js"

/** Validated options of a server, in milliseconds and bytes. A limit of 0 means no limit. */
export interface Settings extends AdmissionLimits, RequestLimits {
  readonly flags: Flags
  readonly limits: Limits
  readonly timeouts: Timeouts
  readonly allowHalfOpen: boolean
  readonly highWaterMark: number
  readonly maxRequestsPerSocket: number
  /** Value of the `Retry-After` field in 503 responses, in whole seconds. */
  readonly retryAfter: string
  readonly sendDate: boolean
  readonly noDelay: boolean
  readonly keepAlive: boolean
  readonly keepAliveInitialDelay: number
  readonly webSocketsAtDrain: "close" | "wait"
}

export interface Timeouts extends DeadlinePolicy {
  /** Idle time that responses announce to clients, ms. */
  readonly keepAliveTimeout: number
  /** Additional time for which an idle connection stays open after `keepAliveTimeout`, ms. */
  readonly keepAliveTimeoutBuffer: number
  /** Interval of the sweep that checks deadlines, ms. */
  readonly connectionsCheckingInterval: number
}

/** The members of a server that its connections use. */
export interface ServerPort {
  readonly settings: Settings
  readonly timers: Timers
  /** Timers that limit the closing of connections while the server drains. */
  readonly closings: Closings
  readonly idle: IdleList
  /** The limit on requests whose handlers run at once; `undefined` means no limit. */
  readonly requests: RequestAdmission | undefined
  readonly draining: boolean
  readonly events: Events
  /** Returns the value of the `Date` field, or `undefined` if responses carry no `Date`. */
  date(): string | undefined
  exchangeStarted(exchange: Exchange): void
  /** Called when the handler of an exchange has ended. */
  readonly exchangeEnded: (exchange: Exchange) => void
  connectionClosed(connection: ConnectionFacts): void
}

/** The driver's object that runs the handlers. Each served app has its own owner. */
export interface Owner {
  /** Creates the exchange for a request head, without starting the handler. */
  open(connection: Connection & ExchangeHome, head: RequestHead, number: number): Exchange
  /**
   * Starts the handler. The owner must call `ended` when the handler has ended. The connection then sends 500
   * (503 in a shutdown) if no response has begun, and ends if the response is incomplete.
   */
  run(exchange: Exchange, ended: (exchange: Exchange) => void): void
  /**
   * The handler of client errors. Without a handler, the connection sends default responses and reports
   * nothing.
   */
  readonly clientErrors: ClientErrorHandler | undefined
}

/** Handler of client errors, which are refused requests and failed connections. */
export interface ClientErrorHandler {
  /** Responds to a refused request. The returned function cancels the response. */
  answer(connection: ConnectionFacts, rejection: Rejection, rejecting: Rejecting): () => void
  /** Reports an error to which no response is possible. */
  report(connection: ConnectionFacts, error: ClientFault): void
}

/** A refused request, or a failed connection. */
export type ClientFault = Rejection | Extract<Loss, { readonly _tag: "Failed" }>

/** A connection whose owner responds to a refused request. */
export interface Rejecting {
  readonly transport: Transport
  write(data: string | Uint8Array): boolean
  whenDrained(f: () => void): () => void
  /**
   * Hands the connection over as a separate transport, and returns this transport. Afterwards the caller must
   * write only to the returned transport. Returns `undefined` if the connection has ended.
   */
  giveAway(): Transport | undefined
  /** Sends the default response, and closes the connection. */
  answerByDefault(): void
  /** Closes the connection after buffered output. */
  over(): void
}

/**
 * Observers of a server. If `active` is `false`, the only call is `exchangeEnded`, and only for watched
 * exchanges (`Exchange.isWatched`).
 */
export interface Events {
  readonly active: boolean
  connectionOpened(connection: ConnectionFacts): void
  requestReceived(exchange: Exchange): void
  responseBegun(exchange: Exchange, status: number): void
  clientError(connection: ConnectionFacts, error: Rejection): void
  /** Reports a refused request that never became an exchange. */
  rejected(facts: WireFacts, error: Rejection): void
  /** Reports a request that exceeds a limit. `exchange` is set if the request has waited in the queue. */
  dropped(facts: WireFacts, reason: DropReason, exchange?: Exchange): void
  exchangeEnded(exchange: Exchange, facts: WireFacts, end: End): void
  /**
   * `duration` is the age of the connection in ms. `duration` is `undefined` if the connection was opened
   * before there were observers.
   */
  connectionClosed(connection: ConnectionFacts, reason: CloseReason, duration: number | undefined): void
}

/** A connection that was handed over, with the bytes received after the request head. */
export interface Taken {
  readonly transport: Transport
  readonly initial: Uint8Array
}

export interface ConnectionFacts {
  /** Serial number of the connection on its server, from 1. */
  readonly id: number
  readonly transport: Transport
  readonly server: ServerPort
  /** Number of request heads that were read on the connection. */
  readonly exchanges: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** The members of a connection that its owner (the driver) uses. */
export interface Connection extends ConnectionFacts {
  /** The exchange that is in flight. */
  readonly exchange: Exchange | undefined
  /** Whether a write met backpressure that has not ended. `whenDrained` waits until the backpressure ends. */
  readonly backedUp: boolean

  // ---- the response

  /** Returns whether the client waits for 100 (Continue) or a final response before it sends its body. */
  awaitsContinue(exchange: Exchange): boolean
  /**
   * Returns whether the connection may stay open after the response. The owner needs the result for the
   * `Connection` field. `readingOn` states whether the app may still read the whole rest of the request. The
   * call changes no state. If the owner has another reason to close, it must report that reason to the
   * automaton (`mustClose`).
   */
  mayKeepAlive(exchange: Exchange, readingOn: boolean): boolean
  /** Sends an informational (1xx) head before the response. Does nothing if the exchange is aborted. */
  inform(exchange: Exchange, status: number, head: string): Violation | undefined
  /** Records the status and framing of the response. Must be called before the `write` of the head. */
  responseBegins(exchange: Exchange, status: number, head: EncodedHead): void
  /** Writes to the transport. Must not be called for an `aborted` exchange. */
  write(data: string | Uint8Array, body?: Uint8Array): boolean
  /**
   * Calls `f` when the transport accepts more bytes or the connection has closed, possibly immediately. The
   * returned function cancels the wait.
   */
  whenDrained(f: () => void): () => void
  responseEnds(exchange: Exchange): void
  /**
   * Aborts a response that cannot be completed. The connection then ends by FIN or RST, so that the client
   * detects the truncation.
   */
  cut(exchange: Exchange): void

  // ---- upgrade and CONNECT

  /**
   * Hands the connection over to a new owner. `head` holds the last HTTP bytes to write. If `head` is
   * `undefined`, the new owner writes these bytes.
   */
  handOver(exchange: Exchange, status: number, head: string | undefined): Taken | Violation
  /**
   * Ends a handed-over connection after its new owner has finished. If `whole` is `true`, the connection
   * closes by FIN, so that the last output of the new owner arrives. Otherwise the connection is reset.
   */
  handBack(whole: boolean): void
  /** Registers an open WebSocket. `goAway` sends a close frame. */
  webSocketOpened(exchange: Exchange, goAway: () => void): void
  /** Records the first close frame that was sent or received. */
  webSocketClosing(exchange: Exchange, close: WebSocketClose): void

  /** Replaces the server's deadlines for this exchange. */
  setDeadlines(exchange: Exchange, policy: DeadlinePolicy): void
}

/** Times of an exchange, recorded only for observers. */
export interface Times {
  /** Time at which the request head was read, milliseconds since the epoch. */
  readonly startedAt: number
  /** The same time as `startedAt`, in milliseconds of `Timers.now`. */
  readonly begun: number
  /** Time at which the response began, in milliseconds of `Timers.now`. */
  answered: number | undefined
}

/** The record with which a request body fails. */
export type BodyLoss = Loss | TooLarge | AlreadyRead

/**
 * One request and its response. The owner (the driver) implements the abstract members. The connection sets
 * the other members.
 */
export abstract class Exchange implements BodyFlow {
  body: Body<BodyLoss> | undefined = undefined
  /** Whether the handler has been started. */
  started = false
  /**
   * If the server limits concurrent requests: whether the handler runs, or the exchange waits in the queue.
   */
  place: "running" | "waiting" | undefined = undefined
  /** Whether the whole request has arrived. */
  requestComplete = false
  /** Whether 100 (Continue) was sent. */
  continued = false
  /** Status of the response, set when its head is written. */
  status: number | undefined = undefined
  /** Framing of the response body, set when the response head is written. */
  framing: Framing | undefined = undefined
  /** Bytes of the response body written so far, without framing; counted by the owner. */
  bodyOut = 0
  /** Whether the response was written completely or the connection was handed over. */
  responseComplete = false
  /** Whether the connection is lost or ending, so that no response is possible. */
  aborted = false
  /** The loss, if the client or the connection aborted the exchange. */
  loss: Loss | undefined = undefined
  /** Deadlines of this exchange. With `undefined`, the deadlines of the server apply. */
  deadlines: DeadlinePolicy | undefined = undefined
  /** State of the connection after it has left HTTP; `undefined` while it speaks HTTP. */
  upgrade: UpgradeState | undefined = undefined
  /** Treatment of the handler in a shutdown. */
  drainPolicy: Policy = "interruptAtDeadline"
  /**
   * Whether the handler itself closes its WebSocket when the server drains. The connection then sends no
   * close frame.
   */
  listensToDrain = false
  /** Whether a shutdown has interrupted the handler. */
  shutDown = false
  /** Times of the exchange, set only if observers watch the exchange. */
  times: Times | undefined = undefined

  constructor(
    readonly connection: Connection & ExchangeHome,
    readonly head: RequestHead,
    /** Serial number of the exchange on its connection, from 1. */
    readonly number: number
  ) {}

  // ---- implemented by the owner

  /**
   * Creates the request body. `limit` is the number of bytes that may wait unread before the client meets
   * backpressure.
   */
  abstract openBody(limit: number): Body<BodyLoss>
  /**
   * Ends the handler of an aborted exchange. Called once, after the request body has failed and the outcome
   * was reported.
   */
  abstract lost(loss: Loss, by: "client" | "server"): void
  /** Interrupts the handler, because of a shutdown. */
  abstract interrupt(): void
  /** Whether the handler is exempt from interruption by a shutdown. */
  abstract get isKept(): boolean

  // ---- common

  /**
   * Whether the end of the connection marks the end of the response body. If so, FIN would make a partial
   * body look complete.
   */
  get untilClose(): boolean {
    return this.framing?._tag === "UntilClose"
  }

  /** Whether the request is a CONNECT or asks for an upgrade (ignored in HTTP/1.0, RFC 9110 §7.8). */
  get asksForSwitch(): boolean {
    const { method, upgrade, versionMinor } = this.head
    return method === "CONNECT" || (upgrade && versionMinor !== 0)
  }

  /**
   * Records the start time of the exchange. From now on the exchange is watched, so its end is reported to
   * observers.
   */
  begins(): Times {
    const { timers } = this.connection.server
    return (this.times = { startedAt: timers.wallTime(), begun: timers.now(), answered: undefined })
  }

  get isWatched(): boolean {
    return this.times !== undefined
  }

  bodyFull(): void {
    this.connection.bodyFull(this)
  }

  bodyDrained(): void {
    this.connection.bodyDrained(this)
  }

  bodyWanted(): void {
    this.connection.bodyWanted(this)
  }
}

/** The members of a connection that its exchanges and its server use. */
export interface ExchangeHome {
  handlerEnded(exchange: Exchange): void
  /** Starts the handler of an exchange that has waited in the queue. */
  admitted(exchange: Exchange): void
  /** Refuses an exchange that has waited too long in the queue. */
  waitedTooLong(exchange: Exchange): void
  bodyFull(exchange: Exchange): void
  bodyDrained(exchange: Exchange): void
  bodyWanted(exchange: Exchange): void
}
