/**
 * Interfaces between a server connection, its server and its owner (the driver).
 *
 * The owner subclasses {@link Exchange}, so that the owner and the connection share one object per exchange.
 * All calls are synchronous, and an owner may be called back within its own call: `responseEnds` may start
 * the next exchange. The smallest owner is the promise server `test/support/promise/server.ts`.
 */
import type { Loss, Rejection, TooLarge } from "../../model/loss.js"
import type { DropReason, End, Facts } from "../../model/outcome.js"
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
import type { UpgradeState, WebSocketClose } from "./upgradeState.js"

/** Validated options, in milliseconds and bytes; 0: no limit. */
export interface Settings extends AdmissionLimits {
  readonly flags: Flags
  readonly limits: Limits
  readonly timeouts: Timeouts
  readonly allowHalfOpen: boolean
  readonly highWaterMark: number
  readonly maxRequestsPerSocket: number
  /** Value of `Retry-After`: whole seconds. */
  readonly retryAfter: string
  readonly sendDate: boolean
  readonly noDelay: boolean
  readonly keepAlive: boolean
  readonly keepAliveInitialDelay: number
  readonly webSocketsAtDrain: "close" | "wait"
}

export interface Timeouts extends DeadlinePolicy {
  /** Idle time announced to clients. */
  readonly keepAliveTimeout: number
  /** Additional time for which an idle connection is kept. */
  readonly keepAliveTimeoutBuffer: number
  /** Interval of the sweep that checks deadlines. */
  readonly connectionsCheckingInterval: number
}

/** The server of a connection: state shared by all of its connections. */
export interface ServerPort {
  readonly settings: Settings
  readonly timers: Timers
  /** Deadlines for closing connections while the server drains. */
  readonly closings: Closings
  readonly idle: IdleList
  readonly draining: boolean
  readonly events: Events
  /** The value of the `Date` field; `undefined`: send none. */
  date(): string | undefined
  exchangeStarted(exchange: Exchange): void
  /** Called when the handler of an exchange has ended. */
  readonly exchangeEnded: (exchange: Exchange) => void
  connectionClosed(connection: ConnectionFacts): void
}

/** Runs the handlers. Each served app has its own owner. */
export interface Owner {
  /** Creates the exchange for a request head, without starting the handler. */
  open(connection: Connection & ExchangeHome, head: RequestHead, number: number): Exchange
  /**
   * Starts the handler. The owner must call `ended` when the handler has ended: if the response has not
   * begun, the connection then sends 500 (503 in a shutdown); if the response is incomplete, the connection
   * ends.
   */
  run(exchange: Exchange, ended: (exchange: Exchange) => void): void
  /** `undefined`: the connection refuses requests with default responses and reports nothing. */
  readonly clientErrors: ClientErrorHandler | undefined
}

/** Responds to refused requests, and is informed of faults. */
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
   * Returns the connection as a separate transport; from then on, the caller must write only to that
   * transport. `undefined`: the connection has ended.
   */
  giveAway(): Transport | undefined
  /** Sends the default response, and closes the connection. */
  answerByDefault(): void
  /** Closes the connection after buffered output. */
  over(): void
}

/** Observers of a server. While not `active`, only `exchangeEnded` is called, for watched exchanges. */
export interface Events {
  readonly active: boolean
  connectionOpened(connection: ConnectionFacts): void
  requestReceived(exchange: Exchange): void
  responseBegun(exchange: Exchange, status: number): void
  clientError(connection: ConnectionFacts, error: Rejection): void
  /** A request that never became an exchange. */
  rejected(facts: Facts, error: Rejection): void
  dropped(facts: Facts, reason: DropReason): void
  exchangeEnded(exchange: Exchange, facts: Facts, end: End): void
  /** `duration`: ms; `undefined` if the connection was opened before there were observers. */
  connectionClosed(connection: ConnectionFacts, reason: CloseReason, duration: number | undefined): void
}

/** A connection that was handed over, and the bytes already received. */
export interface Taken {
  readonly transport: Transport
  readonly initial: Uint8Array
}

export interface ConnectionFacts {
  /** Number of the connection on its server, from 1. */
  readonly id: number
  readonly transport: Transport
  readonly server: ServerPort
  /** Number of request heads read. */
  readonly exchanges: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** A connection, as its owner sees it. */
export interface Connection extends ConnectionFacts {
  /** The exchange in flight. */
  readonly exchange: Exchange | undefined
  /** A write met backpressure; `whenDrained` waits for its end. */
  readonly backedUp: boolean

  // ---- the response

  /**
   * Returns `true` while the client waits for 100 (Continue) or a final response before it sends its body.
   */
  awaitsContinue(exchange: Exchange): boolean
  /**
   * Returns `true` if the connection may stay open after the response, so that the head can announce this.
   * `readingOn`: the app may still read the rest of the request, however long it is. The call itself closes
   * nothing: a reason that arises later, or that has its own name, must also be reported to the automaton
   * (`mustClose`).
   */
  mayKeepAlive(exchange: Exchange, readingOn: boolean): boolean
  /** Sends an informational head before the response. Ignored if the client has left. */
  inform(exchange: Exchange, status: number, head: string): Violation | undefined
  /** Records the status and framing of the response. Must be called before the `write` of the head. */
  responseBegins(exchange: Exchange, status: number, head: EncodedHead): void
  /** Writes to the transport. Must not be called for an `aborted` exchange. */
  write(data: string | Uint8Array, body?: Uint8Array): boolean
  /**
   * Calls `f` when the transport accepts more bytes or the connection has closed; within this call if that is
   * already so. The returned function cancels the wait.
   */
  whenDrained(f: () => void): () => void
  responseEnds(exchange: Exchange): void
  /**
   * Ends a response that cannot be completed. The connection ends in such a way that the client detects the
   * truncation.
   */
  cut(exchange: Exchange): void

  // ---- upgrade and CONNECT

  /**
   * Hands the connection over. `head`: the last HTTP bytes to write; `undefined`: the new owner writes these
   * bytes.
   */
  handOver(exchange: Exchange, status: number, head: string | undefined): Taken | Violation
  /**
   * Called when the new owner has finished. `whole`: the last output of the new owner must arrive, so the
   * connection is closed by FIN instead of RST.
   */
  handBack(whole: boolean): void
  /** Registers an open WebSocket. `goAway` sends a close frame. */
  webSocketOpened(exchange: Exchange, goAway: () => void): void
  /** Called when the first close frame was sent or received. */
  webSocketClosing(exchange: Exchange, close: WebSocketClose): void

  /** Replaces the server's deadlines for this exchange. */
  setDeadlines(exchange: Exchange, policy: DeadlinePolicy): void
}

/** Times at which the request head was read and the response began. */
export interface Times {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Milliseconds of `Timers.now`. */
  readonly begun: number
  answered: number | undefined
}

/** The record with which a request body fails. */
export type BodyLoss = Loss | TooLarge

/**
 * One request and its response. The owner implements the abstract members; the connection sets the others.
 */
export abstract class Exchange implements BodyFlow {
  body: Body<BodyLoss> | undefined = undefined
  /** The handler has been started. */
  started = false
  /** The whole request has arrived. */
  requestComplete = false
  /** `100 Continue` was sent. */
  continued = false
  /** Status of the response, once its head was written. */
  status: number | undefined = undefined
  /** Framing of the response body, once its head was written. */
  framing: Framing | undefined = undefined
  /** The response was written completely, or the connection was handed over. */
  responseComplete = false
  /** The connection is lost or ending: no response is possible. */
  aborted = false
  /** The loss, if the client or the connection aborted the exchange. */
  loss: Loss | undefined = undefined
  /** Deadlines of this exchange; `undefined`: the deadlines of the server apply. */
  deadlines: DeadlinePolicy | undefined = undefined
  /** Set once the connection has left HTTP. */
  upgrade: UpgradeState | undefined = undefined
  /** How a shutdown treats the handler. */
  drainPolicy: Policy = "interruptAtDeadline"
  /**
   * The handler waits for the drain and then closes its WebSocket itself, so the connection sends no close
   * frame.
   */
  listensToDrain = false
  /** A shutdown has interrupted the handler. */
  shutDown = false
  /** Set only for a watched exchange. */
  times: Times | undefined = undefined

  constructor(
    readonly connection: Connection & ExchangeHome,
    readonly head: RequestHead,
    /** Number of the exchange on its connection, from 1. */
    readonly number: number
  ) {}

  // ---- implemented by the owner

  /**
   * Creates the request body. `limit`: number of bytes that may wait unread before the client meets
   * backpressure.
   */
  abstract openBody(limit: number): Body<BodyLoss>
  /**
   * Ends the handler of an aborted exchange. Called once, after its body has failed and its outcome was
   * reported.
   */
  abstract lost(loss: Loss, by: "client" | "server"): void
  /** Interrupts the handler, because of a shutdown. */
  abstract interrupt(): void
  /** Returns `true` if a shutdown must not interrupt the handler. */
  abstract get isKept(): boolean

  // ---- common

  /**
   * Returns `true` if the end of the connection frames the response body: FIN would then mark a partial body
   * as complete.
   */
  get untilClose(): boolean {
    return this.framing?._tag === "UntilClose"
  }

  /** Returns `true` if the request asks for an upgrade (not in HTTP/1.0, RFC 9110 §7.8) or is a CONNECT. */
  get asksForSwitch(): boolean {
    const { method, upgrade, versionMinor } = this.head
    return method === "CONNECT" || (upgrade && versionMinor !== 0)
  }

  /** Starts watching the exchange: records its times, and reports its end. */
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

/** The connection, as an exchange and its server see it. */
export interface ExchangeHome {
  handlerEnded(exchange: Exchange): void
  bodyFull(exchange: Exchange): void
  bodyDrained(exchange: Exchange): void
  bodyWanted(exchange: Exchange): void
}
