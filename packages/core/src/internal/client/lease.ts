/**
 * Takes a loan of an agent's connection as an effect.
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
 * Errors of a loan. `ConnectionFailed` with `ERR_HTTPFX_CLIENT_CLOSED`: the agent's scope has closed.
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
 * The destination and options of a loan. Loans with equal ones share connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface Destination {
  /** The URL's scheme, with its colon. */
  readonly protocol: "http:" | "https:"
  /** Name or IP address; an IPv6 address without brackets. */
  readonly host: string
  /** Always given, even for 80 and 443. */
  readonly port: number
  /** How the connection is made. Default: by the network. */
  readonly connection?: ConnectionOptions | undefined
  /**
   * The borrower resends its request if the connection turns out to be closed, so it gets an idle connection
   * at once. Default `false`: it gets one after a turn of the event loop, unless the server has closed it by
   * then.
   */
  readonly resendable?: boolean | undefined
}

/**
 * Borrows a connection: an idle one, a new one, or the next one released. Interruption cancels the wait; call
 * it in an uninterruptible region, so that the connection cannot be lost. Loans do not expire: a lease that
 * is neither released nor closed occupies its place in the agent forever. Closing the agent's scope resets
 * borrowed connections.
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
