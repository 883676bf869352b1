/**
 * A connection of a pool, lent to a driver of another kind: it waits, is granted, and is given back as a request would.
 *
 * Knows nothing of messages. Whether the connection may be used again is the borrower's to say; what becomes of it then
 * is the pool's.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { CloseReason } from "../connection/client/events.js"
import type * as HttpError from "../HttpError.js"
import type { Lease, LeaseError } from "../Lease.js"
import type { Transport } from "../Transport.js"
import type { Waiter } from "./clientBucket.js"
import type { ClientConnection } from "./clientConnection.js"
import type { OpenError } from "./clientConnect.js"
import type { ClientPool } from "./clientPool.js"
import type { Destination } from "./clientRoute.js"
import type { Watch } from "./clientWatch.js"

/** What a pool gives connections to: requests, and loans. */
export interface Served {
  readonly request: { readonly origin: Destination; readonly alone: boolean }
  /** Its place in a queue. */
  waiter: Waiter | undefined
  /** The fiber that makes a connection for it. */
  attempt: Fiber.RuntimeFiber<unknown, unknown> | undefined
  /** Ended: nothing is to be given to it any more. */
  readonly over: boolean
  readonly watch: Watch | undefined
  readonly upload: { readonly stopped: Effect.Effect<void> } | undefined
  /** The most that a connection has taken of it. */
  readonly taken: HttpError.Written
  /** It could be sent again if its connection died. */
  readonly resendable: boolean
  /** Its turn on a connection. */
  begin(connection: ClientConnection): void
  /** Ends it with a failure. The connection is the caller's to close. */
  fail(error: HttpError.ConnectionFailed): void
  /** No connection could be made. */
  failCause(cause: Cause.Cause<OpenError>): void
  timeOut(): void
  giveUp(code: string, reason: string, closing: CloseReason): unknown
}

type Tell = (outcome: Effect.Effect<Lease, LeaseError>) => void

export class Loan implements Served {
  readonly request: Served["request"]
  waiter: Waiter | undefined = undefined
  attempt: Fiber.RuntimeFiber<unknown, unknown> | undefined = undefined
  over = false
  readonly watch = undefined
  readonly upload = undefined
  readonly taken = "none"
  tell: Tell = () => {}
  private lease: Lease | undefined = undefined

  constructor(
    origin: Destination,
    private readonly pool: ClientPool,
    readonly resendable: boolean
  ) {
    this.request = { origin, alone: false }
  }

  begin(connection: ClientConnection): void {
    connection.lend(this)
  }

  granted(connection: ClientConnection, transport: Transport, reused: boolean): void {
    this.over = true
    this.lease = {
      transport,
      reused,
      release: (keepAlive) => connection.giveBack(this, true, keepAlive),
      close: () => connection.giveBack(this, false, undefined),
      keep: () => connection.letGo(this)
    }
    this.tell(Effect.succeed(this.lease))
  }

  fail(error: LeaseError): void {
    if (this.over) return
    this.over = true
    this.tell(Effect.fail(error))
  }

  failCause(cause: Cause.Cause<OpenError>): void {
    if (this.over) return
    this.over = true
    this.tell(Effect.failCause(cause))
  }

  // A loan has no limits and is given up only by interruption: neither is ever asked of it.
  timeOut(): void {}
  giveUp(): void {}

  /** Nobody wants it any more. A connection that is being made for it is given up. */
  cancel(): void {
    // Granted, and interrupted before it was taken.
    if (this.over) return this.lease?.close()
    this.over = true
    if (this.waiter !== undefined) this.pool.leave(this.waiter)
    this.attempt?.unsafeInterruptAsFork(this.attempt.id())
  }
}
