/**
 * Connections of an agent for drivers of another kind, such as the callback API of `@httpfx/node`: borrowed,
 * used for one exchange, given back. They count against the agent's limits, wait in its queues and are kept
 * by its policy, like those of its own requests.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { ConnectionOptions } from "./internal/options/request.js"
import { Loan, type Lease } from "./connection/client/loan.js"
import type * as HttpError from "./HttpError.js"
import { poolOf, type Service as Agent } from "./internal/client/agent.js"
import { lossError, thrown } from "./internal/client/error.js"
import { routed } from "./internal/client/connecting/route.js"
import type { ConnectError } from "./Network.js"
import { origin } from "./pool/index.js"

/**
 * Why there is no connection. `ConnectionFailed` with `ERR_HTTPFX_CLIENT_CLOSED`: the agent's scope has
 * ended.
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
 * Where to, and how. Connections to the same place by the same options stand in for each other.
 *
 * @since 0.1.0
 * @category models
 */
export interface Destination {
  /** The URL's scheme, with its colon. */
  readonly protocol: "http:" | "https:"
  /** Name or IP address; an IPv6 address without brackets. */
  readonly host: string
  /** Never left out: 80 and 443 are said too. */
  readonly port: number
  /** How the connection is made. Default: by the network. */
  readonly connection?: ConnectionOptions | undefined
  /**
   * The borrower sends its request again where the connection dies: it is given a kept connection at once.
   * Default `false`: one turn of the event loop later, so that a connection that its server has closed by
   * then is not given at all.
   */
  readonly resendable?: boolean | undefined
}

export type { Lease } from "./connection/client/loan.js"

/**
 * Borrows a connection: an idle one, a new one, or one that comes free. Interruption gives up the wait; take
 * it where it cannot be lost, in an uninterruptible region. The loan has no end of its own: a lease that is
 * neither released nor closed takes its place in the agent for ever. The end of the agent's scope resets what
 * is borrowed.
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

/**
 * Whether the agent keeps connections for further exchanges: a driver says `Connection: close` if not.
 *
 * @since 0.1.0
 * @category accessors
 */
export const keepsConnections = (agent: Agent): boolean => poolOf(agent).keepAlive
