/**
 * An effect that borrows a connection of an agent.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { Loan, type Lease } from "../../connection/client/loan.js"
import type * as HttpError from "../../errors/index.js"
import { origin } from "../../pool/index.js"
import type { ConnectError } from "../network.js"
import type { ConnectionOptions } from "../options/request.js"
import { poolOf, type Service as Agent } from "./agent.js"
import { routed } from "./connecting/route.js"
import { lossError, thrown } from "./error.js"

/**
 * Errors of borrowing a connection. `ConnectionFailed` with `ERR_HTTPFX_CLIENT_CLOSED` means that the agent's
 * scope has closed.
 *
 * @since 0.1.0
 * @category errors
 */
export type LeaseError =
  | ConnectError
  | HttpError.NameNotResolved
  | HttpError.ConnectionError
  | HttpError.ParseError
  | HttpError.ProxyRefused
  | HttpError.ProxyAuthenticationRequired

/**
 * The destination and options of a loan. Loans with equal destinations and options share connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface Destination {
  /** The URL's scheme, with its colon. */
  readonly protocol: "http:" | "https:"
  /** The name or IP address. An IPv6 address has no brackets. */
  readonly host: string
  /** The port. It is required even for the default ports 80 and 443. */
  readonly port: number
  /** Options for opening the connection. Default: the agent's network opens it. */
  readonly connection?: ConnectionOptions | undefined
  /**
   * Whether the borrower resends its request if the connection turns out to be closed. With `true`, the
   * borrower gets an idle connection immediately. With `false`, the default, the borrower first waits a turn
   * of the event loop, in which a close by the server would be noticed.
   */
  readonly resendable?: boolean | undefined
}

/**
 * Borrows an idle connection, a new connection, or the next connection that is released. Interruption cancels
 * the wait, but can lose a lease that has just been granted. An uninterruptible region around this effect
 * prevents the loss. A lease does not expire. A lease that is never released or closed counts against the
 * agent's limits forever. Closing the agent's scope resets borrowed connections.
 *
 * @since 0.1.0
 * @category constructors
 */
export const take = (agent: Agent, destination: Destination): Effect.Effect<Lease, LeaseError> =>
  Effect.suspend(() => {
    const pool = poolOf(agent)
    const { connection, host, port, protocol, resendable = false } = destination
    const place = origin(protocol, host, port)
    const target =
      connection === undefined ? place : routed(place, { connection, parser: undefined, tunnel: undefined })
    let resume: (outcome: Effect.Effect<Lease, LeaseError>) => void = () => {}
    const loan = new Loan(target, pool, resendable, {
      granted: (lease) => resume(Effect.succeed(lease)),
      failed: (loss) =>
        resume(
          loss._tag === "Thrown"
            ? Effect.failCause(thrown(loss) as Cause.Cause<never>)
            : Effect.fail(lossError(loss) as LeaseError)
        )
    })
    const granted = Effect.async<Lease, LeaseError>((tell) => {
      resume = tell
      pool.serve(loan)
    })
    return Effect.onInterrupt(granted, () => Effect.sync(() => loan.cancel()))
  })
