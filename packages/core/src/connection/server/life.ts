/**
 * The connections and handlers of a server, and its states from starting to closed.
 *
 * This class applies each step of a shutdown to all connections, and reports when no connection and no
 * handler is left. The driver waits between the steps.
 */
import type { DropReason } from "../../model/outcome.js"
import type { State } from "../../model/serverState.js"
import type { Closings } from "../../seams/closings.js"
import type { Timers } from "../../seams/timers.js"
import type { Transport } from "../../seams/transport.js"
import { httpDate, idleLimit } from "../../wire/index.js"
import { AdmissionControl, type Admission, type Admitted } from "./admission.js"
import { ServerConnection } from "./connection.js"
import { IdleList } from "./idleList.js"
import type { Events, Exchange, ServerPort, Owner, Settings } from "./ports.js"
import { RequestAdmission } from "./requestAdmission.js"
import { Sweep } from "./sweep.js"

/** TLS handshakes in progress. */
export interface Handshakes {
  readonly count: number
  giveUp(): void
}

/** Numbers of connections and of requests in flight. */
export interface Counts {
  readonly connections: number
  readonly requests: number
}

/** Observers of a server and its connections. */
export interface LifeEvents extends Events {
  /** Whether an observer receives the changes of the server's state, but no other events. */
  readonly statesActive?: boolean
  stateChanged(state: State, counts: Counts): void
}

const nothing = () => {}

/** Events for a server without observers. */
export const unobserved: LifeEvents = {
  active: false,
  stateChanged: nothing,
  connectionOpened: nothing,
  requestReceived: nothing,
  responseBegun: nothing,
  clientError: nothing,
  rejected: nothing,
  dropped: nothing,
  exchangeEnded: nothing,
  connectionClosed: nothing
}

export class ServerLife implements ServerPort {
  readonly idle: IdleList
  readonly requests: RequestAdmission | undefined
  private readonly admission: AdmissionControl
  private readonly sweep: Sweep
  state: State = "starting"
  private owner: Owner | undefined
  private readonly connections = new Set<ServerConnection>()
  private readonly exchanges = new Set<Exchange>()
  private early: Array<{ readonly transport: Transport; readonly full: DropReason | undefined }> = []
  private readonly untilDrain = new Set<() => void>()
  private whenEmpty: (() => void) | undefined
  private graceIsOver = false
  /** The connections and requests that the shutdown has cut off at its deadlines. */
  private cutOff: Counts = { connections: 0, requests: 0 }
  handshakes: Handshakes | undefined = undefined
  private opened = 0

  constructor(
    readonly timers: Timers,
    readonly settings: Settings,
    readonly closings: Closings,
    readonly events: LifeEvents
  ) {
    const { timeouts } = settings
    this.idle = new IdleList(timers, idleLimit(timeouts.keepAliveTimeout, timeouts.keepAliveTimeoutBuffer))
    this.admission = new AdmissionControl(settings)
    if (settings.maxConcurrentRequests > 0) this.requests = new RequestAdmission(settings, timers)
    this.sweep = new Sweep(timers, this.connections, timeouts, timeouts.connectionsCheckingInterval)
  }

  /** Whether the server drains or is closed. Responses then announce `Connection: close`. */
  get draining(): boolean {
    return this.state === "draining" || this.state === "closed"
  }

  get connectionCount(): number {
    return this.connections.size + this.early.length
  }

  private get counts(): Counts {
    return { connections: this.connectionCount, requests: this.exchanges.size }
  }

  enter(state: State): void {
    this.state = state
    if (this.events.active || this.events.statesActive === true)
      this.events.stateChanged(state, state === "closed" ? this.cutOff : this.counts)
  }

  date(): string | undefined {
    return this.settings.sendDate ? httpDate(this.timers.wallTime()) : undefined
  }

  // ---- connections and exchanges start and end

  readonly accept = (transport: Transport): void => {
    const admission = this.admit(transport)
    if (admission !== "reset") this.take(transport, admission)
  }

  /** Reserves a slot for a connection. If no slot is free, resets the connection and returns `reset`. */
  admit(transport: Transport): Admission {
    const admission = this.takesMore ? this.admission.admit(transport) : "reset"
    if (admission === "reset") transport.reset()
    return admission
  }

  /** Serves an admitted connection. */
  private take(transport: Transport, admission: Admitted): void {
    const { keepAlive, keepAliveInitialDelay, noDelay } = this.settings
    // Networks create connections with `noDelay` enabled, so a call is needed only to disable it.
    if (!noDelay) transport.noDelay(false)
    if (keepAlive) transport.keepAlive(true, keepAliveInitialDelay)
    const full = admission === "serve" ? undefined : admission
    if (this.owner === undefined) this.early.push({ transport, full })
    else this.open(transport, this.owner, full)
  }

  // Whether the server serves further connections. Until the grace period ends, a draining server serves
  // connections that were accepted just before its listener closed.
  private get takesMore(): boolean {
    return !this.draining || (this.owner !== undefined && !this.graceIsOver)
  }

  serve(owner: Owner): void {
    this.owner = owner
    const early = this.early
    this.early = []
    for (const { full, transport } of early) this.open(transport, owner, full)
  }

  handshakeDone(plain: Transport, secured: Transport, admission: Admitted): void {
    this.admission.replace(plain, secured)
    if (this.takesMore) return this.take(secured, admission)
    this.admission.leave(secured)
    secured.reset()
  }

  /** Releases the slot of a connection whose TLS handshake has failed or was aborted. */
  handshakeOver(plain: Transport): void {
    this.admission.leave(plain)
    this.checkEmpty()
  }

  readonly exchangeStarted = (exchange: Exchange): void => {
    this.exchanges.add(exchange)
  }

  readonly exchangeEnded = (exchange: Exchange): void => {
    this.exchanges.delete(exchange)
    this.requests?.leave(exchange)
    exchange.connection.handlerEnded(exchange)
    this.checkEmpty()
  }

  readonly connectionClosed = (connection: ServerConnection): void => {
    this.connections.delete(connection)
    this.admission.leave(connection.transport)
    if (this.connections.size === 0) {
      this.idle.stop()
      this.sweep.stop()
    }
    this.checkEmpty()
  }

  // ---- steps of a shutdown, in this order

  /**
   * Makes each further response the last of its connection, interrupts the handlers with the policy
   * `interruptAtDrain`, and calls the callbacks of `whenDraining`.
   */
  drain(): void {
    this.enter("draining")
    // Reset the connections that wait for an app, because no app will be served any more.
    for (const { transport } of this.early) transport.reset()
    this.early = []
    for (const connection of [...this.connections]) connection.drainBegins()
    for (const exchange of [...this.exchanges]) {
      if (exchange.drainPolicy !== "interruptAtDrain") continue
      exchange.shutDown = true
      exchange.interrupt()
    }
    for (const proceed of [...this.untilDrain]) proceed()
  }

  /**
   * Closes all connections without an exchange, aborts TLS handshakes, and from now on resets every new
   * connection.
   */
  endIdle(): void {
    this.graceIsOver = true
    this.handshakes?.giveUp()
    for (const connection of [...this.connections]) connection.endIfIdle()
  }

  /**
   * Resets connections and interrupts handlers. Spares the handlers that are exempt from interruption, and
   * their connections.
   */
  interruptAll(): void {
    const connections = [...this.connections].filter((connection) => !connection.waitsForHandler)
    const exchanges = [...this.exchanges].filter((exchange) => !exchange.isKept)
    this.cutOff = { connections: connections.length, requests: exchanges.length }
    for (const connection of connections) connection.kill()
    for (const exchange of exchanges) exchange.interrupt()
  }

  /** Resets all connections, including connections whose handlers are exempt from interruption. */
  endAll(): void {
    const { connections, requests } = this.cutOff
    const kept = [...this.exchanges].filter((exchange) => exchange.isKept).length
    this.cutOff = { connections: connections + this.connections.size, requests: requests + kept }
    for (const connection of [...this.connections]) connection.kill()
    this.idle.stop()
  }

  /**
   * Calls `f` when no connection and no handler is left, possibly immediately. Only one caller can wait at a
   * time. The returned function cancels the wait.
   */
  readonly whenEmptied = (f: () => void): (() => void) => {
    this.whenEmpty = f
    this.checkEmpty()
    return () => {
      this.whenEmpty = undefined
    }
  }

  /** Describes the connections and handlers that `interruptAll` would end. */
  readonly lostByInterrupting = (): string =>
    this.lost(
      (connection) => !connection.waitsForHandler,
      (exchange) => !exchange.isKept,
      "interrupted"
    )

  /** Describes the connections and handlers that `endAll` would end. */
  readonly lostByEnding = (): string =>
    this.lost(
      () => true,
      () => true,
      "left behind"
    )

  private lost(
    cut: (connection: ServerConnection) => boolean,
    ends: (exchange: Exchange) => boolean,
    how: string
  ): string {
    const connections = [...this.connections].filter(cut).length
    const handlers = [...this.exchanges].filter(ends).length
    return `${counted(connections, "connection")} reset, ${counted(handlers, "handler")} ${how}`
  }

  /**
   * Calls `f` when draining begins, or immediately if draining has already begun. The returned function
   * cancels the registration.
   */
  readonly whenDraining = (f: () => void): (() => void) => {
    if (this.draining) {
      f()
      return nothing
    }
    const proceed = () => {
      this.untilDrain.delete(proceed)
      f()
    }
    this.untilDrain.add(proceed)
    return () => void this.untilDrain.delete(proceed)
  }

  // ---- callable at any time

  closeIdleConnections(): void {
    for (const connection of [...this.connections]) connection.endIfIdle()
  }

  /**
   * Resets all connections except those that were handed over, as Node's `server.closeAllConnections` does.
   */
  closeAllConnections(): void {
    for (const connection of [...this.connections]) if (!connection.isSwitched) connection.kill()
  }

  private open(transport: Transport, owner: Owner, full: DropReason | undefined): void {
    const connection = new ServerConnection(transport, this, owner, ++this.opened, full)
    this.connections.add(connection)
    this.sweep.start()
    if (this.draining) connection.drainBegins()
    connection.start()
  }

  readonly checkEmpty = (): void => {
    if (this.whenEmpty === undefined || this.connections.size > 0 || this.exchanges.size > 0) return
    if (this.handshakes !== undefined && this.handshakes.count > 0) return
    const resume = this.whenEmpty
    this.whenEmpty = undefined
    resume()
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`
