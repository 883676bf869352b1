/**
 * Creates `ServerEvent`s and `ExchangeOutcome`s from the reports of connections. Most methods are called only
 * while the server is observed.
 */
import { fromLoss } from "../../errors/fromLoss.js"
import type { LifeEvents } from "../../connection/server/life.js"
import type { ConnectionFacts, Exchange } from "../../connection/server/ports.js"
import type { ExchangeOutcome } from "../server/outcome.js"
import type { Loss, Rejection } from "../../model/loss.js"
import type { DropReason, End, Facts } from "../../model/outcome.js"
import type { State } from "../../model/serverState.js"
import type { ServerEvent } from "./serverEvent.js"
import type { Timers } from "../../seams/timers.js"
import type { Transport } from "../../seams/transport.js"
import type { CloseReason } from "../../wire/index.js"
import { Observers } from "./observers.js"
import type { ServerExchange } from "../server/exchange.js"
import type { HandshakeError } from "../server/handshakes.js"

export class ServerEvents implements LifeEvents {
  readonly observers = new Observers<ServerEvent>("a server")

  constructor(private readonly timers: Timers) {}

  get active(): boolean {
    return this.observers.active
  }

  stateChanged(state: State): void {
    this.observers.emit({ _tag: "StateChanged", at: this.timers.wallTime(), state })
  }

  connectionOpened({ id, transport: { local, remote } }: ConnectionFacts): void {
    const at = this.timers.wallTime()
    this.observers.emit({ _tag: "ConnectionOpened", at, connection: id, local, remote })
  }

  requestReceived({ connection, head: { method, target }, number, times }: Exchange): void {
    this.observers.emit({
      _tag: "RequestReceived",
      at: times!.startedAt,
      connection: connection.id,
      exchange: number,
      method,
      target
    })
  }

  responseBegun({ connection, number }: Exchange, status: number): void {
    const at = this.timers.wallTime()
    this.observers.emit({ _tag: "ResponseBegun", at, connection: connection.id, exchange: number, status })
  }

  clientError({ id, transport: { remote } }: ConnectionFacts, error: Rejection): void {
    const at = this.timers.wallTime()
    this.observers.emit({ _tag: "ClientError", at, connection: id, remote, error: fromLoss(error) })
  }

  handshakeFailed(error: HandshakeError, { remote }: Transport): void {
    if (!this.active) return
    this.observers.emit({ _tag: "ClientError", at: this.timers.wallTime(), connection: 0, remote, error })
  }

  rejected(facts: Facts, error: Rejection): void {
    this.ended(ofLoss(facts, error))
  }

  dropped(facts: Facts, reason: DropReason): void {
    this.ended({ _tag: "Dropped", ...facts, reason })
  }

  exchangeEnded(exchange: Exchange, facts: Facts, end: End): void {
    const { failure } = exchange as ServerExchange
    const outcome: ExchangeOutcome =
      failure === undefined ? ofEnd(facts, end) : { _tag: "ServerFailed", ...facts, cause: failure }
    const at = this.timers.wallTime()
    ;(exchange as ServerExchange).tellEnd(outcome)
    if (this.active) this.observers.emit({ _tag: "ExchangeEnded", at, outcome })
  }

  connectionClosed(connection: ConnectionFacts, reason: CloseReason, duration: number | undefined): void {
    const { bytesIn, bytesOut, exchanges, id, transport } = connection
    this.observers.emit({
      _tag: "ConnectionClosed",
      at: this.timers.wallTime(),
      connection: id,
      remote: transport.remote,
      reason,
      exchanges,
      bytesIn,
      bytesOut,
      duration
    })
  }

  private ended(outcome: ExchangeOutcome): void {
    this.observers.emit({ _tag: "ExchangeEnded", at: this.timers.wallTime(), outcome })
  }
}

const ofEnd = (facts: Facts, end: End): ExchangeOutcome => {
  switch (end._tag) {
    case "Answered":
      return { _tag: "Answered", ...facts }
    case "Unanswered":
      return { _tag: "ServerFailed", ...facts, cause: undefined }
    case "Lost":
      return ofLoss(facts, end.loss)
  }
}

const ofLoss = (facts: Facts, loss: Loss): ExchangeOutcome => {
  switch (loss._tag) {
    case "Refused":
      return { _tag: "Refused", ...facts, error: fromLoss(loss) }
    case "Late":
    case "Stalled":
      return { _tag: "TimedOut", ...facts, error: fromLoss(loss) }
    default:
      return { _tag: "ClientGone", ...facts, error: fromLoss(loss) }
  }
}
