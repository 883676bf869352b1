/**
 * The ports of a server's connection: what it asks of its owner, and what the owner may ask of it.
 *
 * The owner subclasses {@link Exchange}, so that an exchange is one object. Everything is synchronous, and an
 * owner may be told inside a call of its own: `responseEnds` may run the next exchange. The smallest owner is
 * a server of promises: `test/support/promise/server.ts`.
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

/** Options as checked: milliseconds and bytes; 0: no limit. */
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
  /** Announced idle time. */
  readonly keepAliveTimeout: number
  /** How much longer an idle connection is kept. */
  readonly keepAliveTimeoutBuffer: number
  /** Interval of the sweep that checks deadlines. */
  readonly connectionsCheckingInterval: number
}

/** The server that a connection belongs to: what all of its connections share. */
export interface Host {
  readonly settings: Settings
  readonly timers: Timers
  /** Deadlines that bound the end of a connection while the server drains. */
  readonly closings: Closings
  readonly idle: IdleList
  readonly draining: boolean
  readonly events: Events
  /** The value of a `Date` field; `undefined`: none is sent. */
  date(): string | undefined
  exchangeStarted(exchange: Exchange): void
  /** The handler of an exchange is over. */
  readonly exchangeEnded: (exchange: Exchange) => void
  connectionClosed(connection: ConnectionFacts): void
}

/** Who serves: made once per served app. */
export interface Owner {
  /** Makes the exchange of a request whose head has arrived. Starts nothing. */
  open(connection: Connection & ExchangeHome, head: RequestHead, number: number): Exchange
  /**
   * Starts the handler. `ended` is to be called when it is over: the connection then sends 500 (503 in a
   * shutdown) where the response has not begun, and cuts one that is not complete.
   */
  run(exchange: Exchange, ended: (exchange: Exchange) => void): void
  /** `undefined`: the connection answers rejected requests by default, and tells nobody. */
  readonly clientErrors: ClientErrorHandler | undefined
}

/** Answers rejected requests, and hears of faults. */
export interface ClientErrorHandler {
  /** Answers a rejected request. The result cancels. */
  answer(connection: ConnectionFacts, rejection: Rejection, rejecting: Rejecting): () => void
  /** Tells of an error that cannot be answered any more. */
  tell(connection: ConnectionFacts, error: ClientFault): void
}

/** A rejected request, or a failed connection. */
export type ClientFault = Rejection | Extract<Loss, { readonly _tag: "Failed" }>

/** A connection whose owner answers a rejected request. */
export interface Rejecting {
  readonly transport: Transport
  write(data: string | Uint8Array): boolean
  whenDrained(f: () => void): () => void
  /** The connection as a transport of its own; nothing more is written here. `undefined`: it is over. */
  giveAway(): Transport | undefined
  /** Sends the default response, and ends the connection. */
  answerByDefault(): void
  /** Ends the connection after what was written. */
  over(): void
}

/**
 * Observers of a server. Only `exchangeEnded` is called while not `active`: for exchanges that are watched.
 */
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
  /** `duration`: ms; `undefined`: opened before anybody observed. */
  connectionClosed(connection: ConnectionFacts, reason: CloseReason, duration: number | undefined): void
}

/** A connection and the bytes of it that have arrived. */
export interface Taken {
  readonly transport: Transport
  readonly initial: Uint8Array
}

export interface ConnectionFacts {
  /** Number of the connection on its server, from 1. */
  readonly id: number
  readonly transport: Transport
  readonly server: Host
  /** Requests whose head was read. */
  readonly exchanges: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** What an owner may ask of a connection. */
export interface Connection extends ConnectionFacts {
  /** The exchange in flight. */
  readonly exchange: Exchange | undefined
  /** A write met backpressure; `whenDrained` waits for its end. */
  readonly backedUp: boolean

  // ---- the response

  /** The client waits for 100 (Continue) or a final response before it sends its body. */
  awaitsContinue(exchange: Exchange): boolean
  /**
   * Whether the response may leave the connection open. `readingOn`: the rest of the request may still be
   * read.
   */
  mayKeepAlive(exchange: Exchange, readingOn: boolean): boolean
  /** Sends an informational head before the response. Ignored once the client is gone. */
  inform(exchange: Exchange, status: number, head: string): Violation | undefined
  /** Must precede the head's `write`. */
  responseBegins(exchange: Exchange, status: number, head: EncodedHead): void
  /** As the transport's. Not for an exchange that is `aborted`. */
  write(data: string | Uint8Array, body?: Uint8Array): boolean
  /**
   * Calls `f` once the transport takes more, or the connection is closed; possibly at once. One waits at a
   * time. The result cancels.
   */
  whenDrained(f: () => void): () => void
  responseEnds(exchange: Exchange): void
  /** The response cannot be completed: the client must see that it was cut. */
  cut(exchange: Exchange): void

  // ---- another protocol

  /**
   * Gives the connection away. `head`: the last of HTTP that is written; `undefined`: the new owner writes
   * it.
   */
  handOver(exchange: Exchange, status: number, head: string | undefined): Taken | Violation
  /** The new owner is done. `whole`: what it wrote last is to arrive. */
  handBack(whole: boolean): void
  /** `goAway` sends a close frame. */
  webSocketOpened(exchange: Exchange, goAway: () => void): void
  /** The first close frame was sent or received. */
  webSocketClosing(exchange: Exchange, close: WebSocketClose): void

  /** Replaces the server's deadlines for this exchange. */
  setDeadlines(exchange: Exchange, policy: DeadlinePolicy): void
}

/** When the head was read and the response begun. */
export interface Times {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Milliseconds of `Timers.now`. */
  readonly begun: number
  answered: number | undefined
}

/** What a request's body fails with. */
export type BodyLoss = Loss | TooLarge

/** One request and its response. The owner's part is abstract; the connection sets the rest. */
export abstract class Exchange implements BodyFlow {
  body: Body<BodyLoss> | undefined = undefined
  /** The handler has been started. */
  started = false
  /** The whole request has arrived. */
  requestComplete = false
  /** `100 Continue` was sent. */
  continued = false
  /** Of the response head, once it was given to the transport. */
  status: number | undefined = undefined
  /** How the end of the response body is marked, once its head was sent. */
  framing: Framing | undefined = undefined
  /** All of the response was given to the transport, or never will be. */
  responseComplete = false
  /** The connection is gone, or given up: no response is possible. */
  aborted = false
  /** Why, if the client or the connection ended it. */
  loss: Loss | undefined = undefined
  /** `undefined`: the server's. */
  deadlines: DeadlinePolicy | undefined = undefined
  /** Set once the connection has left HTTP. */
  upgrade: UpgradeState | undefined = undefined
  /** What a shutdown does with the handler. */
  drainPolicy: Policy = "interruptAtDeadline"
  /** The handler waits for the drain, and ends its WebSocket itself. */
  listensToDrain = false
  /** A shutdown has ended it. */
  shutDown = false
  /** Set if somebody watches. */
  times: Times | undefined = undefined

  constructor(
    readonly connection: Connection & ExchangeHome,
    readonly head: RequestHead,
    /** Number of the exchange on its connection, from 1. */
    readonly number: number
  ) {}

  // ---- the owner's part

  /** `limit`: bytes that may wait before the client meets backpressure. */
  abstract openBody(limit: number): Body<BodyLoss>
  /** The exchange is lost, once. Its body has failed and its outcome was reported; the handler is to end. */
  abstract lost(loss: Loss, by: "client" | "server"): void
  /** A shutdown ends the handler. */
  abstract interrupt(): void
  /** A shutdown does not interrupt the handler. */
  abstract get isKept(): boolean

  // ---- for both

  /** The response body ends with the connection, so FIN would pass a part of it for the whole. */
  get untilClose(): boolean {
    return this.framing?._tag === "UntilClose"
  }

  /** An upgrade (RFC 9110 §7.8: not in HTTP/1.0) or CONNECT. */
  get asksForSwitch(): boolean {
    const { method, upgrade, versionMinor } = this.head
    return method === "CONNECT" || (upgrade && versionMinor !== 0)
  }

  /** Starts the watch: its times and its end are wanted. */
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

/** What an exchange and its server tell the connection. */
export interface ExchangeHome {
  handlerEnded(exchange: Exchange): void
  bodyFull(exchange: Exchange): void
  bodyDrained(exchange: Exchange): void
  bodyWanted(exchange: Exchange): void
}
