/**
 * State of a server connection, shared by the modules for deadlines, refusals, endings and upgrades.
 */
import type { Address } from "../../model/address.js"
import { formatAddress } from "../../model/address.js"
import type { Fault } from "../../model/fault.js"
import type { Loss } from "../../model/loss.js"
import type { Where } from "../../model/where.js"
import type { Transport, TransportHandlers } from "../../seams/transport.js"
import { Connection as Automaton, type CloseReason } from "../../wire/index.js"
import type { HandedOver } from "../transfer/handedOver.js"
import { Inflow } from "../transfer/inflow.js"
import type { Idler } from "./idleList.js"
import { Linger } from "./linger.js"
import { endOf, factsOf } from "./outcome.js"
import type { Exchange, ServerPort, Owner } from "./ports.js"
import { Waits } from "./waits.js"

export abstract class ConnectionState implements TransportHandlers, Idler {
  idleSince = 0
  idlePrevious: Idler | undefined = undefined
  idleNext: Idler | undefined = undefined
  isIdle = false

  readonly automaton = new Automaton("server")
  exchange: Exchange | undefined = undefined
  /**
   * `switched` means that the connection was handed over. `refusing` means that the owner responds to a
   * refused request.
   */
  phase: "open" | "switched" | "refusing" | "closing" | "closed" = "open"
  /** Cancels the owner's response to a refused request. */
  cancelAnswer: (() => void) | undefined = undefined
  handedOver: HandedOver | undefined = undefined
  /** The exchange whose handler took the connection over. */
  taken: Exchange | undefined = undefined
  /** Whether the connection has served an exchange. */
  used = false
  readonly inflow: Inflow
  linger: Linger | undefined = undefined
  /** Whether a write met backpressure, so that the transport will call `drain`. */
  backedUp = false
  bytesOut = 0
  /** Value of `bytesOut` at the end of the previous exchange. */
  bytesOutBefore = 0
  /** Value of `bytesIn` at the end of the previous exchange. */
  bytesInBefore = 0
  openedAt: number | undefined = undefined
  closeReason: CloseReason | undefined = undefined
  /**
   * Whether the parser is running. `bytesIn` is then out of date, because the parser counts a chunk only when
   * it returns.
   */
  protected executing = false
  /**
   * An exchange that ended while the parser was running. The exchange is reported after the parser has
   * returned.
   */
  protected over: Exchange | undefined = undefined
  readonly waits: Waits
  /** Cancels the timer of an exchange with its own deadlines. */
  cancelWatch: (() => void) | undefined = undefined

  private waitingForDrain: ReadonlyArray<() => void> = none

  constructor(
    readonly transport: Transport,
    readonly server: ServerPort,
    readonly owner: Owner,
    /** Serial number of the connection on its server, from 1. */
    readonly id: number
  ) {
    this.inflow = new Inflow(transport, server.settings.highWaterMark)
    this.waits = new Waits(server.timers.now())
  }

  abstract data(chunk: Uint8Array): void
  abstract end(): void
  abstract error(fault: Fault): void
  abstract close(): void
  abstract idleExpired(): void
  abstract readonly bytesIn: number

  get exchanges(): number {
    return this.automaton.exchanges
  }

  /** Writes to the transport, counts the bytes and records backpressure. */
  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    const more = this.transport.write(data, body)
    if (!more) this.backedUp = true
    this.bytesOut += body === undefined ? data.length : data.length + body.length
    return more
  }

  drain(): void {
    this.backedUp = false
    const waiting = this.waitingForDrain
    if (waiting.length === 0) return
    this.waitingForDrain = none
    for (const resume of waiting) resume()
  }

  whenDrained(f: () => void): () => void {
    // The transport may have called `drain` since the caller's write. No second `drain` follows, so call `f`
    // at once.
    if (this.phase === "closed" || !this.backedUp) {
      f()
      return nothing
    }
    const resume = () => f()
    this.waitingForDrain = [...this.waitingForDrain, resume]
    return () => {
      this.waitingForDrain = this.waitingForDrain.filter((other) => other !== resume)
    }
  }

  awaitsContinue(exchange: Exchange): boolean {
    return exchange.head.expectContinue && !exchange.continued && (exchange.body?.received ?? 0) === 0
  }

  // Creates the `Linger` on first use, because most connections never linger.
  get lingering(): Linger {
    return (this.linger ??= new Linger(
      this.transport,
      this.server,
      this.server.settings.timeouts.progressTimeout
    ))
  }

  /**
   * Ends the byte counts of an exchange, and reports the exchange to observers if it is watched. `status` is
   * the status of a default response, if one was sent.
   */
  exchangeOver(exchange: Exchange, loss: Loss | undefined, status: number | undefined): void {
    if (exchange.isWatched) {
      if (this.executing) {
        this.over = exchange
        return
      }
      this.report(exchange, loss, status)
    }
    this.bytesInBefore = this.bytesIn
    this.bytesOutBefore = this.bytesOut
  }

  protected reportDeferred(): void {
    const exchange = this.over!
    this.over = undefined
    this.report(exchange, exchange.loss, undefined)
    this.bytesInBefore = this.bytesIn
    this.bytesOutBefore = this.bytesOut
  }

  private report(exchange: Exchange, loss: Loss | undefined, status: number | undefined): void {
    const facts = factsOf(this, exchange, status)
    this.server.events.exchangeEnded(exchange, facts, endOf(exchange, loss, status))
  }

  /** Describes the progress of the exchange in flight, for the error that reports its loss. */
  where(exchange: Exchange | undefined): Where {
    return {
      phase: "body",
      address: addressText(this.transport.remote),
      reused: this.used,
      received: exchange?.body?.received ?? 0
    }
  }
}

const nothing = () => {}
const none: ReadonlyArray<() => void> = []

export const addressText = (address: Address | undefined): string | undefined =>
  address === undefined ? undefined : formatAddress(address)

/** Records and reports that a response has begun. Must be called only for watched exchanges. */
export const responseBegun = (exchange: Exchange, status: number): void => {
  const { events, timers } = exchange.connection.server
  exchange.times!.answered = timers.now()
  events.responseBegun(exchange, status)
}
