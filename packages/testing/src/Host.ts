/**
 * Hosts on a memory network: each runs a program at a name, can crash and restart, and has its own wall
 * clock.
 *
 * A crash runs no orderly shutdown: connections and listeners of the host vanish before its fibers are
 * interrupted, so no finalizer reaches a peer. State that must survive a crash (a disk) belongs to the test.
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
 * The wall clock of a host.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Milliseconds by which its wall time is ahead of the network's; negative: behind. Default 0. */
  readonly ahead?: number | undefined
  /**
   * Rate at which its wall time gains from the start: 0.001 is 1 ms per second; negative: it loses. Default
   * 0.
   */
  readonly drift?: number | undefined
}

/**
 * How the peers of a crashed host notice it:
 *
 * - `reset`: only the program was killed. Open connections are reset, new ones refused.
 * - `silence`: the machine is down. Nothing comes from it and peers are not notified; attempts to connect
 *   wait, for at most 127 seconds. After a restart it replies with RST to bytes on old connections, also to
 *   those sent meanwhile.
 *
 * @since 0.1.0
 * @category models
 */
export type Crash = "reset" | "silence"

/**
 * The host crashed before its program completed.
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
 * A host whose program returns `A` or fails with `E`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Host<A, E> {
  /** The name at which others reach it. */
  readonly name: string
  /**
   * Whether it is up. It stays up after its program has completed: forked fibers and servers live on in its
   * scope.
   */
  readonly running: Effect.Effect<boolean>
  /** How often its program was started. */
  readonly starts: Effect.Effect<number>
  /** Runs the program unless the host is up. Returns the result of the program of the current life. */
  readonly start: Effect.Effect<A, E | HostCrashed>
  /**
   * Ends everything at once, by default as `reset`: connections, listeners, then fibers. Does nothing if the
   * host is down. Finalizers that need no time have run when this returns; others continue, with no network.
   */
  readonly crash: (as?: Crash) => Effect.Effect<void>
  /**
   * Sets its wall time forward by so many milliseconds, or back if negative. Sleeps and limits are not
   * affected.
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
 * A host at a name, up when its program has completed. Servers and fibers that the program starts live in the
 * scope that it is given. Its `Network` connects from the host's address, and a listener on all addresses
 * listens on that of the host. Its `Clock` is the current one, with the wall time of the options. The end of
 * the scope crashes the host and waits for its finalizers.
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
      // The fiber belongs to the host, not to the caller of `start`.
      const fiber = yield* Effect.forkDaemon(running)
      supervisor.alive.add(fiber as Fiber.RuntimeFiber<unknown, unknown>)
      fiber.addObserver(() => supervisor.alive.delete(fiber as Fiber.RuntimeFiber<unknown, unknown>))
      life = { network, scope, fiber, fibers: supervisor.alive }
      return life
    })

    /** Ends a life; the returned effect waits for finalizers that take time. */
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
    // No caller has the host yet, so it cannot crash here.
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
