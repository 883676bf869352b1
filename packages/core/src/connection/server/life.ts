/**
 * The connections and handlers of a server, and its states from listening to closed.
 *
 * Knows when a server is empty, and tells connections what a shutdown asks of them. Waits for nothing itself.
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
import type { Events, Exchange, Host, Owner, Settings } from "./ports.js"
import { Sweep } from "./sweep.js"

/** Connections that are not ready yet: TLS handshakes. */
export interface Handshakes {
  readonly count: number
  giveUp(): void
}

/** Observers of the server itself besides those of its connections. */
export interface LifeEvents extends Events {
  stateChanged(state: State): void
}

const nothing = () => {}

/** For a server that nobody observes. */
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

export class ServerLife implements Host {
  readonly idle: IdleList
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
    this.sweep = new Sweep(timers, this.connections, timeouts, timeouts.connectionsCheckingInterval)
  }

  /** Answers announce that their connection closes. */
  get draining(): boolean {
    return this.state === "draining" || this.state === "closed"
  }

  get connectionCount(): number {
    return this.connections.size + this.early.length
  }

  enter(state: State): void {
    this.state = state
    if (this.events.active) this.events.stateChanged(state)
  }

  date(): string | undefined {
    return this.settings.sendDate ? httpDate(this.timers.wallTime()) : undefined
  }

  // ---- what comes and goes

  readonly accept = (transport: Transport): void => {
    const admission = this.admit(transport)
    if (admission !== "reset") this.take(transport, admission)
  }

  /** A place for a connection; `reset`: there is none, and the connection is no more. */
  admit(transport: Transport): Admission {
    const admission = this.takesMore ? this.admission.admit(transport) : "reset"
    if (admission === "reset") transport.reset()
    return admission
  }

  /** A connection that was admitted is ready to be served. */
  private take(transport: Transport, admission: Admitted): void {
    const { keepAlive, keepAliveInitialDelay, noDelay } = this.settings
    // Networks give connections without delay.
    if (!noDelay) transport.noDelay(false)
    if (keepAlive) transport.keepAlive(true, keepAliveInitialDelay)
    const full = admission === "serve" ? undefined : admission
    if (this.owner === undefined) this.early.push({ transport, full })
    else this.open(transport, this.owner, full)
  }

  // What was accepted just before the listener closed is still answered.
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

  /** It failed, or was given up. */
  handshakeOver(plain: Transport): void {
    this.admission.leave(plain)
    this.checkEmpty()
  }

  readonly exchangeStarted = (exchange: Exchange): void => {
    this.exchanges.add(exchange)
  }

  readonly exchangeEnded = (exchange: Exchange): void => {
    this.exchanges.delete(exchange)
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

  // ---- what a shutdown does, in this order

  /** Every answer from now on is the last of its connection; whoever waits for the drain is told. */
  drain(): void {
    this.enter("draining")
    // Nobody serves, so nobody would ever answer them.
    for (const { transport } of this.early) transport.reset()
    this.early = []
    for (const connection of [...this.connections]) connection.drainBegins()
    for (const exchange of [...this.exchanges]) {
      if (exchange.drainPolicy !== "interruptAtDrain") continue
      exchange.shutDown = true
      exchange.interrupt()
    }
    for (const tell of [...this.untilDrain]) tell()
  }

  /** No request is expected any more on connections without one. */
  endIdle(): void {
    this.graceIsOver = true
    this.handshakes?.giveUp()
    for (const connection of [...this.connections]) connection.endIfIdle()
  }

  /** Everything ends but handlers that are not to be interrupted, which keep their connection. */
  interruptAll(): void {
    for (const connection of [...this.connections]) if (!connection.waitsForHandler) connection.kill()
    for (const exchange of [...this.exchanges]) if (!exchange.isKept) exchange.interrupt()
  }

  /** No connection is left, whatever is under way on it. */
  endAll(): void {
    for (const connection of [...this.connections]) connection.kill()
    this.idle.stop()
  }

  /**
   * Calls `f` once no connection and no handler is left, possibly at once. One caller at a time; the result
   * cancels.
   */
  readonly whenEmptied = (f: () => void): (() => void) => {
    this.whenEmpty = f
    this.checkEmpty()
    return () => {
      this.whenEmpty = undefined
    }
  }

  /** What `interruptAll` would cut off, in words. */
  readonly lostByInterrupting = (): string =>
    this.lost(
      (connection) => !connection.waitsForHandler,
      (exchange) => !exchange.isKept,
      "interrupted"
    )

  /** What `endAll` would cut off, in words. */
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

  /** Calls `f` when draining begins; at once if it has. The result cancels. */
  readonly whenDraining = (f: () => void): (() => void) => {
    if (this.draining) {
      f()
      return nothing
    }
    const tell = () => {
      this.untilDrain.delete(tell)
      f()
    }
    this.untilDrain.add(tell)
    return () => void this.untilDrain.delete(tell)
  }

  // ---- at any time

  closeIdleConnections(): void {
    for (const connection of [...this.connections]) connection.endIfIdle()
  }

  /** Spares what was upgraded, as Node's `server.closeAllConnections` does. */
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
