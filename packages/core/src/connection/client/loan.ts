/**
 * A connection of a pool, lent to a driver of another kind: it waits, is granted, and is given back as a
 * request would.
 *
 * Knows nothing of messages. The borrower says whether the connection may be used again; the pool decides
 * what becomes of it then.
 */
import type { RequestLoss } from "../../model/loss.js"
import type { Transport } from "../../seams/transport.js"
import type { Borrower, Connecting, Destination, Home, Pooled, Served } from "./ports.js"
import type { Waiter } from "./queue.js"

/**
 * A borrowed connection. One of `release`, `close` and `keep` ends the loan; each does nothing after another
 * of them, or when the connection is over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lease {
  /** Not started: its handlers are the borrower's until the loan ends; then they are told `close`. */
  readonly transport: Transport
  /** The connection had served an exchange before. */
  readonly reused: boolean
  /**
   * The exchange is over and its messages allow another one: the next that waits gets the connection, or it
   * is kept. `keepAlive`: the value of `Keep-Alive` in the answer, which bounds how long.
   */
  readonly release: (keepAlive?: string) => void
  /** It is not to be used again: it is reset, unless its transport has been ended. */
  readonly close: () => void
  /** It is another protocol's from now on, and counts no more. */
  readonly keep: () => void
}

/** Told once how the wait ended. */
export interface LoanOwner {
  granted(lease: Lease): void
  failed(loss: RequestLoss): void
}

export class Loan implements Borrower {
  readonly request: Served["request"]
  waiter: Waiter<Served, Pooled> | undefined = undefined
  attempt: Connecting | undefined = undefined
  over = false
  readonly watch = undefined
  readonly upload = undefined
  readonly taken = "none"
  private lease: Lease | undefined = undefined

  constructor(
    origin: Destination,
    private readonly pool: Home,
    readonly resendable: boolean,
    private readonly owner: LoanOwner
  ) {
    this.request = { origin, alone: false }
  }

  begin(connection: Pooled): void {
    connection.lend(this)
  }

  granted(connection: Pooled, transport: Transport, reused: boolean): void {
    this.over = true
    this.lease = {
      transport,
      reused,
      release: (keepAlive) => connection.giveBack(this, true, keepAlive),
      close: () => connection.giveBack(this, false, undefined),
      keep: () => connection.letGo(this)
    }
    this.owner.granted(this.lease)
  }

  fail(loss: RequestLoss): void {
    if (this.over) return
    this.over = true
    this.owner.failed(loss)
  }

  notConnected(loss: RequestLoss): void {
    this.fail(loss)
  }

  // A loan has no limits, and `cancel` aborts it.
  timeOut(): void {}
  giveUp(): void {}

  /** Aborts the wait, and the attempt to connect. A lease that was granted is closed. */
  cancel(): void {
    if (this.over) return this.lease?.close()
    this.over = true
    if (this.waiter !== undefined) this.pool.leave(this.waiter)
    this.attempt?.cancel()
  }
}
