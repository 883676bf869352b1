/**
 * Machines of a network in memory: a program that runs at a name, crashes and comes back, with a wall clock
 * of its own.
 *
 * A crash takes no leave. Connections and listeners of the host vanish before its fibers are interrupted, so
 * that no finalizer reaches a peer. What a program keeps over a crash (a disk) is what the test keeps for it.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Scope from "effect/Scope"
import * as Supervisor from "effect/Supervisor"
import { Network } from "@httpfx/core/Network"
import { makeHostClock } from "./time/hostClock.js"
import { HostNetwork } from "./network/host.js"
import { memoryOf } from "./network/memory.js"
import { microturns } from "./time/turns.js"
import { MemoryNetwork } from "./MemoryNetwork.js"

/**
 * The clock of a host.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Milliseconds that its wall time is ahead of the network's; negative: behind. Default 0. */
  readonly ahead?: number | undefined
  /**
   * How much its wall time gains from then on: 0.001 is a millisecond a second; negative: it loses. Default
   * 0.
   */
  readonly drift?: number | undefined
}

/**
 * What the peers of a crashed host see:
 *
 * - `reset`: the program was killed, its machine goes on. Open connections are reset, new ones refused.
 * - `silence`: the machine is gone. Nothing comes from it and nobody is told; attempts to connect wait, for
 *   at most 127 seconds. When it is back it answers what peers of old connections send, or have sent in vain,
 *   with RST.
 *
 * @since 0.1.0
 * @category models
 */
export type Crash = "reset" | "silence"

/**
 * The host crashed before its program was through.
 *
 * @since 0.1.0
 * @category errors
 */
export class HostCrashed extends Data.TaggedError("HostCrashed")<{
  /** Its name. */
  readonly host: string
}> {
  override get message(): string {
    return `the host ${this.host} crashed while its program began`
  }
}

/**
 * A machine whose program ends with `A`, or fails with `E`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Host<A, E> {
  /** The name at which others find it. */
  readonly name: string
  /** Whether it is up. A program that has ended leaves it up: what it has in its scope goes on. */
  readonly running: Effect.Effect<boolean>
  /** How often its program was begun. */
  readonly starts: Effect.Effect<number>
  /** Runs the program, unless the host is up. Gives what the program of this life has ended with. */
  readonly start: Effect.Effect<A, E | HostCrashed>
  /**
   * Ends all of it at once, by default as `reset`: connections, listeners, then fibers. Does nothing when it
   * is down. What ends without time has ended when this does; finalizers that wait go on, on a network that
   * is down.
   */
  readonly crash: (as?: Crash) => Effect.Effect<void>
  /**
   * Sets its wall time forward, or back where it is negative, by so many milliseconds. Waits and limits do
   * not notice.
   */
  readonly step: (millis: number) => Effect.Effect<void>
}

interface Life<A, E> {
  readonly network: HostNetwork
  readonly scope: Scope.CloseableScope
  readonly fiber: Fiber.RuntimeFiber<A, E>
  readonly fibers: Set<Fiber.RuntimeFiber<unknown, unknown>>
}

class Fibers extends Supervisor.AbstractSupervisor<void> {
  readonly value = Effect.void
  readonly alive = new Set<Fiber.RuntimeFiber<unknown, unknown>>()

  override onStart(
    _context: unknown,
    _effect: unknown,
    _parent: unknown,
    fiber: Fiber.RuntimeFiber<unknown, unknown>
  ) {
    this.alive.add(fiber)
  }
  override onEnd(_value: unknown, fiber: Fiber.RuntimeFiber<unknown, unknown>) {
    this.alive.delete(fiber)
  }
}

/**
 * A host at a name, up when its program has ended: what the program forks and serves lives in the scope that
 * it is given. Its `Network` connects from the host's address, and where it listens on every address it does
 * so on that of the host. Its `Clock` is the current one, with the wall time of the options. The end of the
 * scope is a crash whose finalizers are waited for.
 *
 * @example
 * import { HttpServer, HttpServerResponse } from "@effect/platform"
 * import { Server } from "@httpfx/core"
 * import { Host } from "@httpfx/testing"
 * import { Effect, Layer } from "effect"
 *
 * const orders = Layer.provide(HttpServer.serve(HttpServerResponse.text("ok")), Server.layer({ port: 80 }))
 *
 * const program = Effect.gen(function* () {
 *   const host = yield* Host.make("orders.test", Layer.build(orders), { ahead: -60_000 })
 *   yield* host.crash("silence")
 *   yield* Effect.sleep("30 seconds")
 *   yield* host.start
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, E, R>(
  name: string,
  program: Effect.Effect<A, E, R>,
  { ahead = 0, drift = 0 }: Options = {}
): Effect.Effect<Host<A, E>, E, Exclude<R, Network | Scope.Scope> | MemoryNetwork | Scope.Scope> =>
  Effect.gen(function* () {
    const memory = memoryOf(yield* MemoryNetwork)
    const { clock, step, wallTime } = makeHostClock(yield* Effect.clock, ahead, drift)
    const context = yield* Effect.context<Exclude<R, Network | Scope.Scope>>()
    let life: Life<A, E> | undefined
    let starts = 0
    let back: (() => void) | undefined

    const begin = Effect.gen(function* () {
      back?.()
      back = undefined
      starts++
      const network = new HostNetwork(memory, name, wallTime)
      const scope = yield* Scope.make()
      const supervisor = new Fibers()
      const running = program.pipe(
        Effect.provideService(Network, network.service),
        Scope.extend(scope),
        Effect.provide(context),
        Effect.withClock(clock),
        Effect.supervised(supervisor)
      ) as Effect.Effect<A, E>
      // It belongs to the host, not to whoever has started it.
      const fiber = yield* Effect.forkDaemon(running)
      supervisor.alive.add(fiber as Fiber.RuntimeFiber<unknown, unknown>)
      fiber.addObserver(() => supervisor.alive.delete(fiber as Fiber.RuntimeFiber<unknown, unknown>))
      life = { network, scope, fiber, fibers: supervisor.alive }
      return life
    })

    /** Ends a life; the effect is what of it may take time. */
    const end = ({ fibers, network, scope }: Life<A, E>, as: Crash): Effect.Effect<void> => {
      life = undefined
      back = network.end(as)
      for (const fiber of [...fibers]) fiber.unsafeInterruptAsFork(FiberId.none)
      return Scope.close(scope, Exit.interrupt(FiberId.none))
    }

    const start = Effect.gen(function* () {
      const current = life ?? (yield* begin)
      const exit = yield* Fiber.await(current.fiber)
      if (life !== current) return yield* new HostCrashed({ host: name })
      if (Exit.isFailure(exit)) yield* end(current, "reset")
      return yield* exit
    })

    const crash = (as: Crash = "reset") =>
      Effect.gen(function* () {
        if (life === undefined) return
        yield* Effect.forkDaemon(end(life, as))
        yield* microturns()
      })

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => (life === undefined ? Effect.void : end(life, "reset")))
    )
    // Nobody has it yet who could crash it.
    yield* start as Effect.Effect<A, E>
    return {
      name,
      running: Effect.sync(() => life !== undefined),
      starts: Effect.sync(() => starts),
      start,
      crash,
      step: (millis) => Effect.sync(() => step(millis))
    }
  })
