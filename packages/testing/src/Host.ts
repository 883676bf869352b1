/**
 * Hosts on a memory network. Each host has a name, a program that it runs, and its own wall clock. A host can
 * crash and restart.
 *
 * A crash is not an orderly shutdown. The host's connections and listeners are removed before its fibers are
 * interrupted, so finalizers can no longer send anything to a peer. The test must keep all state that
 * survives a crash, such as a disk, outside of the program.
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
 * Options for the wall clock of a host.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Milliseconds by which the host's wall time is ahead of the network's wall time. A negative value means
   * behind. Default 0.
   */
  readonly ahead?: number | undefined
  /**
   * Rate at which the host's wall time runs fast, from the start. A negative value means slow. 0.001 is 1 ms
   * per second. Default 0.
   */
  readonly drift?: number | undefined
}

/**
 * How peers notice the crash of a host:
 *
 * - `reset`: only the program was killed. Open connections are reset, and new connections are refused.
 * - `silence`: the machine is down and sends nothing. Peers are not notified, and attempts to connect wait
 *   for at most 127 seconds. After a restart the host replies with RST to bytes on old connections, including
 *   bytes that were sent while the host was down.
 *
 * @since 0.1.0
 * @category models
 */
export type Crash = "reset" | "silence"

/**
 * The error for a host that crashed before its program completed.
 *
 * @since 0.1.0
 * @category errors
 */
export class HostCrashed extends Data.TaggedError("HostCrashed")<{
  /** The name of the host. */
  readonly host: string
}> {
  override get message(): string {
    return `host ${this.host} crashed before its program completed`
  }
}

/**
 * A host. Its program returns `A` or fails with `E`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Host<A, E> {
  /** The name under which other hosts reach this host. */
  readonly name: string
  /**
   * Whether the host is up. The host stays up after its program has completed, because forked fibers and
   * servers continue to run in its scope.
   */
  readonly running: Effect.Effect<boolean>
  /** How often the host's program was started. */
  readonly starts: Effect.Effect<number>
  /**
   * Starts the program if the host is down. Waits for the program and returns its result. If the host is
   * already up, `start` starts nothing. It then waits for the running program, or returns the result of the
   * completed program.
   */
  readonly start: Effect.Effect<A, E | HostCrashed>
  /**
   * Crashes the host, by default as `reset`. Removes the host's connections and listeners, and then
   * interrupts its fibers. Does nothing if the host is down. Finalizers that need no time have run when this
   * effect completes. All other finalizers continue without network access.
   */
  readonly crash: (as?: Crash) => Effect.Effect<void>
  /**
   * Sets the host's wall time forward by this many milliseconds. A negative value sets it back. Sleeps and
   * timeouts are not affected.
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
 * Creates a host with a name, starts its program, and returns when the program has completed. Servers and
 * fibers that the program starts live in the scope of the host's current start. Closing the scope of this
 * effect crashes the host and waits for the host's finalizers.
 *
 * The program's `Network` connects from the host's address. A listener on all addresses listens only on the
 * host's address. The program's `Clock` is the current clock, with the wall time that the options determine.
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
      // The program must keep running when the fiber that called `start` ends, so fork a daemon.
      const fiber = yield* Effect.forkDaemon(running)
      supervisor.alive.add(fiber as Fiber.RuntimeFiber<unknown, unknown>)
      fiber.addObserver(() => supervisor.alive.delete(fiber as Fiber.RuntimeFiber<unknown, unknown>))
      life = { network, scope, fiber, fibers: supervisor.alive }
      return life
    })

    /** Ends the current run of the program. The returned effect waits for asynchronous finalizers. */
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
    // Before `make` returns, the caller has no host to crash, so `HostCrashed` cannot occur here.
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
