/**
 * The loan of a pooled connection to a borrower, which uses the transport directly. Like an exchange, a loan
 * waits in the pool's queue, gets a connection and releases the connection.
 *
 * The borrower reports whether the connection can be reused, because only the borrower parses the messages.
 * The pool decides whether to keep the connection.
 */
import type { RequestLoss } from "../../model/loss.js"
import type { Transport } from "../../seams/transport.js"
import type { Borrower, Connecting, Destination, Home, Pooled, Served } from "./ports.js"
import type { Waiter } from "./queue.js"

/**
 * A borrowed connection. The first call of `release`, `close` or `keep` ends the loan. Further calls, and
 * calls after the connection has closed, do nothing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lease {
  /**
   * The transport, which the borrower must start with its own handlers. When the loan ends, `close` of these
   * handlers is called.
   */
  readonly transport: Transport
  /** Whether the connection has served an exchange or a loan before this loan. */
  readonly reused: boolean
  /**
   * Returns the connection to the pool. Must be called only after a complete exchange that permits
   * keep-alive. The next queued request uses the connection, or the pool keeps the connection idle.
   * `keepAlive` is the `Keep-Alive` field of the response, which limits the idle time.
   */
  readonly release: (keepAlive?: string) => void
  /** Closes the connection. It ends by FIN if the borrower has called `transport.end`, otherwise by RST. */
  readonly close: () => void
  /** Leaves the connection to the borrower for another protocol. The pool no longer owns or counts it. */
  readonly keep: () => void
}

/** Receiver of the result of a loan. At most one of the methods is called, once. */
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

  // Both methods are empty, because a loan has no time limits and only `cancel` aborts a loan.
  timeOut(): void {}
  giveUp(): void {}

  /** Cancels a queued loan, aborts its attempt to connect, or closes a lease that was already granted. */
  cancel(): void {
    if (this.over) return this.lease?.close()
    this.over = true
    if (this.waiter !== undefined) this.pool.leave(this.waiter)
    this.attempt?.cancel()
  }
}
