/**
 * Runs a connection pool with effects. Opens connections in fibers, delivers events to observers and streams,
 * and closes the pool as an effect.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import { ClientPool, type PoolOptions } from "../../connection/client/pool.js"
import type { Connector, Opening, Upload } from "../../connection/client/ports.js"
import type * as Network from "../network.js"
import type { Timers } from "../../seams/timers.js"
import type { ParserOptions } from "../../wire/index.js"
import { attempt } from "./connecting/attempt.js"
import { connect, type Means, type TlsFields } from "./connecting/connect.js"
import { EventHub } from "../observe/clientEvents.js"
import { parserOf, type Destination } from "./connecting/route.js"
import { Sessions } from "./connecting/sessions.js"
import { Closing } from "../closing.js"

export interface AgentPoolOptions extends PoolOptions {
  readonly tls: TlsFields
  readonly maxCachedSessions: number
  readonly parser: ParserOptions
}

/** Milliseconds that a peer has to close its side of a connection after the agent has closed. */
const closeTime = 100

class FiberConnector implements Connector {
  constructor(
    private readonly means: Means,
    private readonly runtime: Runtime.Runtime<never>
  ) {}

  connect(destination: Destination, opening: Opening): () => void {
    const { means, runtime } = this
    const fiber = attempt(
      runtime,
      connect(means, destination, (step) => opening.enter(step))
    )
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) return opening.done(exit.value, parserOf(destination.route, means.parser))
      const { cause } = exit
      const failure = Cause.failureOption(cause)
      opening.failed(
        Option.isSome(failure) ? { _tag: "NotConnected", error: failure.value } : { _tag: "Thrown", cause }
      )
    })
    return () => fiber.unsafeInterruptAsFork(fiber.id())
  }
}

export class AgentPool {
  readonly pool: ClientPool
  readonly events: EventHub
  private readonly closingDeadlines: Closing

  /**
   * Pending `timers` let the process exit. Pending `closingTimers`, which limit the duration of the close,
   * keep the process alive.
   */
  constructor(
    network: Network.Service,
    timers: Timers,
    private readonly closingTimers: Timers,
    runtime: Runtime.Runtime<never>,
    options: AgentPoolOptions
  ) {
    const { maxCachedSessions, parser, tls } = options
    const means: Means = { network, tls, parser, sessions: new Sessions(maxCachedSessions) }
    this.closingDeadlines = new Closing(network)
    this.events = new EventHub(timers)
    this.pool = new ClientPool(new FiberConnector(means, runtime), timers, this.events, options)
  }

  /**
   * Closes the pool. Requests in flight fail and their connections are reset. Idle connections close, and are
   * reset if the peer does not close its side in time. Completes once all connections have closed.
   */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const uploads: Array<Effect.Effect<void>> = []
    this.pool.close((upload) => uploads.push(stopped(upload)))
    return Effect.zipRight(Effect.all(uploads, { discard: true }), this.gone)
  })

  private readonly gone = waiting((done) => {
    const { closingTimers: timers } = this
    const bound = { name: `client: a server has not closed its side (${closeTime} ms)` }
    const cancel = this.closingDeadlines.at(timers, timers.now() + closeTime, bound, () => this.pool.reset())
    this.pool.whenEmpty(() => {
      cancel()
      done()
    })
  })
}

// The fiber id marks the wait as a wait for a fiber. Without the id, a virtual clock treats the wait as
// pending I/O.
const waiting = (begin: (done: () => void) => void): Effect.Effect<void> =>
  Effect.withFiberRuntime((fiber) => Effect.async((resume) => begin(() => resume(Effect.void)), fiber.id()))

const stopped = (upload: Upload): Effect.Effect<void> => waiting((done) => upload.whenStopped(done))
