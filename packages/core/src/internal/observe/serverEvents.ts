/**
 * Creates the events (`ServerEvent`) and outcomes (`ExchangeOutcome`) of a server from the reports of its
 * connections. Most methods are called only while the server is observed.
 */
import type { ProxyHeaderRefused } from "../../errors/index.js"
import { fromLoss } from "../../errors/fromLoss.js"
import type { Counts, LifeEvents } from "../../connection/server/life.js"
import type { ConnectionFacts, Exchange } from "../../connection/server/ports.js"
import type { ExchangeOutcome, Facts } from "../server/outcome.js"
import type { Address } from "../../model/address.js"
import type { Loss, Rejection } from "../../model/loss.js"
import type { DropReason, End, WireFacts } from "../../model/outcome.js"
import type { State } from "../../model/serverState.js"
import type { ServerEvent, StateChanged } from "./serverEvent.js"
import type { Timers } from "../../seams/timers.js"
import type { Transport } from "../../seams/transport.js"
import type { CloseReason } from "../../wire/index.js"
import { clientOfRefused, type TrustedHops } from "../../wire/receive/forwarded.js"
import { Observers } from "./observers.js"
import { noAnnotations, type ServerExchange } from "../server/exchange.js"
import type { HandshakeError } from "../server/handshakes.js"

export class ServerEvents implements LifeEvents {
  readonly observers = new Observers<ServerEvent>("a server")
  /** Observers that receive only `StateChanged`. For them no exchange needs to be watched. */
  readonly states = new Observers<StateChanged>("a server")

  constructor(
    private readonly timers: Timers,
    private readonly trust: TrustedHops | undefined
  ) {}

  get active(): boolean {
    return this.observers.active
  }

  get statesActive(): boolean {
    return this.states.active
  }

  stateChanged(state: State, { connections, requests }: Counts): void {
    const at = this.timers.wallTime()
    const event: StateChanged = { _tag: "StateChanged", at, state, connections, requests }
    this.observers.emit(event)
    this.states.emit(event)
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

  responseBegun({ connection, number, times }: Exchange, status: number): void {
    const { answered, begun, startedAt } = times!
    const at = startedAt + Math.round(answered! - begun)
    this.observers.emit({ _tag: "ResponseBegun", at, connection: connection.id, exchange: number, status })
  }

  clientError({ id, transport: { remote } }: ConnectionFacts, error: Rejection): void {
    const at = this.timers.wallTime()
    this.observers.emit({ _tag: "ClientError", at, connection: id, remote, error: fromLoss(error) })
  }

  handshakeFailed(error: HandshakeError, { remote }: Transport): void {
    this.connectionRefused(error, remote)
  }

  readonly connectionRefused = (
    error: HandshakeError | ProxyHeaderRefused,
    remote: Address | undefined
  ): void => {
    if (!this.active) return
    this.observers.emit({ _tag: "ClientError", at: this.timers.wallTime(), connection: 0, remote, error })
  }

  rejected(facts: WireFacts, error: Rejection): void {
    this.ended(ofLoss(facts, error, clientOfRefused(facts.remote, this.trust)))
  }

  dropped(facts: WireFacts, reason: DropReason, exchange?: Exchange): void {
    const from = (exchange as ServerExchange | undefined) ?? clientOfRefused(facts.remote, this.trust)
    this.ended(outcomeOf("Dropped", facts, from, { reason }))
  }

  exchangeEnded(exchange: Exchange, facts: WireFacts, end: End): void {
    const outcome = ofEnd(facts, end, exchange as ServerExchange)
    // The wall clock is read once per exchange, because the outcome's other times are durations.
    const at = facts.startedAt + facts.duration
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

const noField = () => undefined

/** The exchange, or, for a refused request without an exchange, the address of its client if it is known. */
type From = ServerExchange | string | undefined

// List all fields in one literal, because spreading `facts` costs more than the rest of the event.
const outcomeOf = (
  _tag: ExchangeOutcome["_tag"],
  facts: WireFacts,
  from: From,
  more?: { readonly [key: string]: unknown }
): ExchangeOutcome => {
  const exchange = typeof from === "object" ? from : undefined
  const outcome = {
    _tag,
    connection: facts.connection,
    exchange: facts.exchange,
    remote: facts.remote,
    client: typeof from === "object" ? from.remoteAddress : from,
    method: facts.method,
    target: facts.target,
    httpVersion: facts.httpVersion,
    route: exchange?.matchedRoute,
    status: facts.status,
    bytesIn: facts.bytesIn,
    bytesOut: facts.bytesOut,
    bodyIn: facts.bodyIn,
    bodyOut: facts.bodyOut,
    startedAt: facts.startedAt,
    answeredAfter: facts.answeredAfter,
    duration: facts.duration,
    upgraded: facts.upgraded,
    annotations: exchange?.annotations ?? noAnnotations,
    field: exchange === undefined ? noField : (name: string) => exchange.request.headers[name]
  } satisfies Facts & { readonly _tag: string }
  return (more === undefined ? outcome : Object.assign(outcome, more)) as ExchangeOutcome
}

const ofEnd = (facts: WireFacts, end: End, exchange: ServerExchange): ExchangeOutcome => {
  const { failure } = exchange
  if (failure !== undefined) return outcomeOf("ServerFailed", facts, exchange, { cause: failure })
  switch (end._tag) {
    case "Answered":
      return outcomeOf("Answered", facts, exchange)
    case "Unanswered":
      return outcomeOf("ServerFailed", facts, exchange, { cause: undefined })
    case "Lost":
      return ofLoss(facts, end.loss, exchange)
  }
}

const ofLoss = (facts: WireFacts, loss: Loss, from: From): ExchangeOutcome => {
  const error = { error: fromLoss(loss) }
  switch (loss._tag) {
    case "Refused":
      return outcomeOf("Refused", facts, from, error)
    case "Late":
    case "Stalled":
      return outcomeOf("TimedOut", facts, from, error)
    default:
      return outcomeOf("ClientGone", facts, from, error)
  }
}
