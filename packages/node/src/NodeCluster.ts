/**
 * One server in several processes, by `node:cluster`: a primary that starts workers, replaces those that end,
 * exchanges them one by one for new ones, and stops them all; and the worker's side of it.
 *
 * The workers share the ports that their servers listen on. What becomes of connections when a worker stops
 * is its server's `Shutdown`. The primary serves nothing itself and never looks at a connection.
 *
 * @since 0.1.0
 */
import cluster from "node:cluster"
import { availableParallelism } from "node:os"
import process from "node:process"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { InvalidOption, WorkerFailed } from "@httpfx/core/HttpError"
import * as Timers from "@httpfx/core/Timers"
import {
  failedWith,
  isReady,
  shallStop,
  start,
  stopVariable,
  type Ended,
  type WorkerProcess
} from "./cluster/worker.js"
import { setTimeout } from "./time/realTime.js"

/**
 * A worker that has ended without being told to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Crash {
  /** Number of the process in its cluster, from 1. */
  readonly worker: number
  /** `undefined`: a signal has ended it. */
  readonly exitCode: number | undefined
  /** `undefined`: it ended by itself. */
  readonly signal: string | undefined
}

/**
 * How many workers, what they run, and how long they may take.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How many workers. Default: as many as this process may use cores (`os.availableParallelism`). */
  readonly workers?: number | undefined
  /**
   * For how long a new worker may take to be ready before it is killed. Default 2 minutes: a machine under
   * load starts slowly.
   */
  readonly startTimeout?: Duration.DurationInput | undefined
  /**
   * For how long a worker that was told to stop may take before it is killed. Default 30 seconds: more than a
   * server's own `gracefulShutdownTimeout`, which ends what is left in good order.
   */
  readonly gracefulShutdownTimeout?: Duration.DurationInput | undefined
  /**
   * When a worker that has ended is replaced. Default: after 100 ms, then twice as long each time, at most 10
   * seconds; from the beginning again after 30 quiet seconds. A schedule that ends gives up: `failure` then
   * fails, and so does `run`.
   */
  readonly restart?: Schedule.Schedule<unknown, Crash> | undefined
  /** The program that workers run. Default: this one. */
  readonly exec?: string | undefined
  /** Its arguments. Default: those of this process. */
  readonly args?: ReadonlyArray<string> | undefined
  /** Options of `node` for it. Default: those of this process. */
  readonly execArgv?: ReadonlyArray<string> | undefined
  /** Added to the environment of workers. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/**
 * A process of the cluster as it is now.
 *
 * @since 0.1.0
 * @category models
 */
export interface Worker {
  /** Number of the process in its cluster, from 1; never used again. */
  readonly worker: number
  /** Its process id. */
  readonly pid: number
  /** `starting`: not ready yet; `stopping`: was told to stop and finishes what it does. */
  readonly state: "starting" | "ready" | "stopping"
}

/**
 * A process was started; it does not serve yet.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorkerStarted {
  readonly _tag: "WorkerStarted"
  /** Number of the process in its cluster, from 1. */
  readonly worker: number
  /** Its process id. */
  readonly pid: number
}

/**
 * It has built its layer, and serves.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorkerReady {
  readonly _tag: "WorkerReady"
  /** Number of the process in its cluster, from 1. */
  readonly worker: number
  /** Its process id. */
  readonly pid: number
}

/**
 * It was told to stop, and finishes what it does.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorkerStopping {
  readonly _tag: "WorkerStopping"
  /** Number of the process in its cluster, from 1. */
  readonly worker: number
  /** Its process id. */
  readonly pid: number
}

/**
 * It is gone.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorkerEnded extends Crash {
  readonly _tag: "WorkerEnded"
  /** Its process id. */
  readonly pid: number
  /** It had been told to stop. */
  readonly expected: boolean
}

/**
 * What happens to workers.
 *
 * @since 0.1.0
 * @category models
 */
export type Event = WorkerStarted | WorkerReady | WorkerStopping | WorkerEnded

/**
 * What there is to know and to do about a cluster, in its primary.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The processes that there are, oldest first. */
  readonly workers: Effect.Effect<ReadonlyArray<Worker>>
  /** What happens from now on. A reader that falls behind by more than 256 events loses the oldest. */
  readonly events: Stream.Stream<Event>
  /**
   * Exchanges all workers, one after the other: a new one is ready before the old one is told to stop. Ends
   * when the last old one has; fails with the first new one that does not become ready, and those not
   * exchanged yet stay. Several restarts take turns.
   */
  readonly restart: Effect.Effect<void, WorkerFailed>
  /** Waits until a worker has ended that is not replaced any more. */
  readonly failure: Effect.Effect<never, WorkerFailed>
}

/**
 * The cluster, in its primary.
 *
 * @since 0.1.0
 * @category tags
 */
export class NodeCluster extends Context.Tag("@httpfx/node/NodeCluster")<NodeCluster, Service>() {}

const backoff: Schedule.Schedule<unknown, Crash> = Schedule.exponential("100 millis").pipe(
  Schedule.either(Schedule.spaced("10 seconds"))
)
/**
 * Milliseconds after which `backoff` begins anew. `Schedule.resetAfter` goes by the wall clock, which may be
 * set.
 */
const resetAfter = 30_000

// A place for a worker: one process serves in it, while a restart two.
interface Slot {
  current: WorkerProcess
}

const eventOf = (worker: WorkerProcess, ended: Ended | undefined): Event => {
  const who = { worker: worker.id, pid: worker.pid }
  switch (worker.state) {
    case "starting":
      return { _tag: "WorkerStarted", ...who }
    case "ready":
      return { _tag: "WorkerReady", ...who }
    case "stopping":
      return { _tag: "WorkerStopping", ...who }
    case "ended":
      return { _tag: "WorkerEnded", ...who, ...ended!, expected: worker.told }
  }
}

const waits = { startTimeout: "2 minutes", gracefulShutdownTimeout: "30 seconds" } as const

const wait = (option: "startTimeout" | "gracefulShutdownTimeout", options: Options) => {
  const given = options[option] ?? waits[option]
  return Option.match(Duration.decodeUnknown(given), {
    onNone: () => InvalidOption.outOfRange(option, "a duration", given),
    onSome: Effect.succeed
  })
}

/**
 * Starts the workers, and ends when all are ready. Closing the scope stops them all, and ends when none is
 * left.
 *
 * Errors: `WorkerFailed` where one does not become ready, or in a process that is a worker itself;
 * `InvalidOption`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<Service, WorkerFailed | InvalidOption, Scope.Scope> =>
  Effect.gen(function* () {
    const { args, env, exec, execArgv, restart: schedule = backoff, workers: count } = options
    const size = count ?? availableParallelism()
    if (!Number.isInteger(size) || size < 1)
      return yield* InvalidOption.outOfRange("workers", "an integer >= 1", size)
    if (!cluster.isPrimary)
      return yield* Effect.fail(new WorkerFailed({ reason: "a worker cannot have workers of its own" }))
    const startTimeout = yield* wait("startTimeout", options)
    const deadline = yield* wait("gracefulShutdownTimeout", options)
    const stopTimeout = String(Math.ceil(Duration.toMillis(deadline)))
    const settings = { exec, args, execArgv, env: { ...env, [stopVariable]: stopTimeout } }

    const events = yield* PubSub.sliding<Event>(256)
    const failure = yield* Deferred.make<never, WorkerFailed>()
    const living = new Set<WorkerProcess>()
    let over = false

    const changed = (worker: WorkerProcess, ended: Ended | undefined) => {
      if (ended !== undefined) living.delete(worker)
      events.unsafeOffer(eventOf(worker, ended))
    }
    const begin = Effect.suspend(() =>
      over
        ? Effect.interrupt
        : Effect.tap(start(settings, changed), (worker) =>
            Effect.sync(() => {
              living.add(worker)
              changed(worker, undefined)
            })
          )
    ).pipe(Effect.uninterruptible)

    const tooLate = (worker: WorkerProcess) =>
      Effect.zipRight(
        worker.kill,
        Effect.fail(
          new WorkerFailed({
            worker: worker.id,
            reason: `was not ready after ${Duration.format(startTimeout)}`
          })
        )
      )
    const whenReady = (worker: WorkerProcess) =>
      Effect.timeoutTo(Effect.exit(worker.ready), {
        duration: startTimeout,
        onSuccess: (exit) => exit,
        onTimeout: () => tooLate(worker)
      }).pipe(Effect.flatten)
    const stop = (worker: WorkerProcess) => worker.stop(deadline)

    // Before the first worker: whatever happens from here on, none is left behind.
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        over = true
        return Effect.forEach([...living], stop, { concurrency: "unbounded", discard: true })
      })
    )
    const slots = yield* Effect.forEach(
      Array.from({ length: size }),
      () => Effect.tap(begin, whenReady).pipe(Effect.map((current): Slot => ({ current }))),
      { concurrency: "unbounded" }
    )

    const turns = yield* Effect.makeSemaphore(1)
    const exchange = (slot: Slot) =>
      Effect.gen(function* () {
        const fresh = yield* begin
        yield* Effect.onInterrupt(whenReady(fresh), () => fresh.kill)
        const old = slot.current
        slot.current = fresh
        yield* stop(old)
      })

    // One place: whoever ends in it without being told is replaced, when the schedule says so.
    const keep = (slot: Slot) =>
      Effect.gen(function* () {
        const driver = yield* Schedule.driver(schedule)
        const { now } = yield* Timers.timers
        while (true) {
          const worker = slot.current
          const since = now()
          const ended = yield* worker.ended
          if (over) return
          if (slot.current !== worker) continue
          yield* Effect.logWarning("a worker has ended, and is replaced").pipe(
            Effect.annotateLogs({ worker: worker.id, pid: worker.pid, ...ended })
          )
          if (schedule === backoff && now() - since > resetAfter) yield* driver.reset
          const next = yield* Effect.either(driver.next({ worker: worker.id, ...ended }))
          if (next._tag === "Left") {
            yield* Deferred.fail(failure, failedWith(worker.id, ended, "and is not replaced any more"))
            return
          }
          if (slot.current !== worker) continue
          const fresh = yield* begin
          slot.current = fresh
          // One that does not become ready ends, and is replaced in its turn.
          yield* Effect.forkScoped(Effect.ignore(whenReady(fresh)))
        }
      }).pipe(Effect.catchAll((error) => Deferred.fail(failure, error)))
    yield* Effect.forEach(slots, (slot) => Effect.forkScoped(keep(slot)), { discard: true })

    return {
      workers: Effect.sync(() =>
        Array.from(living, ({ id, pid, state }) => ({ worker: id, pid, state: state as Worker["state"] }))
      ),
      events: Stream.fromPubSub(events),
      restart: turns.withPermits(1)(Effect.forEach(slots, exchange, { discard: true })),
      failure: Deferred.await(failure)
    }
  })

/**
 * `make`, as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<NodeCluster, WorkerFailed | InvalidOption> =>
  Layer.scoped(NodeCluster, make(options))

/**
 * `layer`, with its options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<NodeCluster, WorkerFailed | InvalidOption | ConfigError> =>
  Layer.scoped(
    NodeCluster,
    Effect.flatMap(Config.unwrap(options), (options) => make(options as Options))
  )

// The end of a worker: its primary says so, or is gone.
const toldToStop = Effect.async<void>((resume) => {
  const heard = (message: unknown) => {
    if (message === shallStop) resume(Effect.void)
  }
  const alone = () => {
    // Nobody is left to kill it at the deadline.
    setTimeout(() => process.exit(1), Number(process.env[stopVariable])).unref()
    resume(Effect.void)
  }
  process.on("message", heard)
  process.once("disconnect", alone)
  return Effect.sync(() => {
    process.off("message", heard)
    process.off("disconnect", alone)
  })
})

/**
 * What a worker does: builds the layer, says that it is ready, and closes the layer when its primary says so
 * or is gone. Without a primary it is a program like any other, which runs until it is interrupted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const worker = <A, E, R>(layer: Layer.Layer<A, E, R>): Effect.Effect<void, E, R> => {
  const self = cluster.worker
  if (self === undefined) return Layer.launch(layer)
  return Effect.scoped(
    Effect.gen(function* () {
      // Else Node ends this process, in the middle of what it does, when the primary is gone.
      self.exitedAfterDisconnect = true
      const serve = Effect.tap(Layer.build(layer), () => Effect.sync(() => process.send?.(isReady)))
      yield* Effect.raceFirst(Effect.zipRight(serve, Effect.never), toldToStop)
    })
  ).pipe(
    // The channel would keep the process alive.
    Effect.ensuring(Effect.sync(() => process.connected && process.disconnect()))
  )
}

// A terminal that closes tells every process of its group; workers leave it to their primary.
const onHangup = (f: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => void process.on("SIGHUP", f)),
    () => Effect.sync(() => void process.off("SIGHUP", f))
  )

/**
 * A program that is its own primary and its own workers: the primary runs it `workers` times more, and each
 * of these runs `layer`. For the platform's `runMain`: SIGTERM and Ctrl-C stop all workers in good order,
 * SIGHUP exchanges them one by one.
 *
 * Ends when interrupted; fails when a worker cannot be started at first, or is not replaced any more.
 *
 * @example
 * import { HttpServer, HttpServerResponse } from "@effect/platform"
 * import { NodeCluster, NodeHttpServer } from "@httpfx/node"
 * import { Layer } from "effect"
 *
 * const server = HttpServer.serve(HttpServerResponse.text("Hello")).pipe(
 *   Layer.provide(NodeHttpServer.layer({ port: 3000 }))
 * )
 *
 * const main = NodeCluster.run(server, { workers: 4 }) // for `NodeRuntime.runMain`
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = <A, E, R>(
  layer: Layer.Layer<A, E, R>,
  options: Options = {}
): Effect.Effect<void, E | WorkerFailed | InvalidOption, R> =>
  cluster.isWorker
    ? Effect.scoped(
        Effect.zipRight(
          onHangup(() => {}),
          worker(layer)
        )
      )
    : Effect.scoped(primary(options))

const primary = (options: Options) =>
  Effect.gen(function* () {
    // Listens from start to end: a SIGHUP without a listener would end this process and leave its workers.
    let early = false
    let hungUp = () => {
      early = true
    }
    yield* onHangup(() => hungUp())
    const { failure, restart } = yield* make(options)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        hungUp = () => {}
      })
    )
    const runtime = yield* Effect.runtime<Scope.Scope>()
    const exchange = Effect.zipRight(Effect.logInfo("exchanging the workers"), restart).pipe(
      Effect.zipRight(Effect.logInfo("all workers are exchanged")),
      Effect.catchAll((error) => Effect.logError("the workers are not all exchanged", error))
    )
    hungUp = () => void Runtime.runFork(runtime, Effect.forkScoped(exchange))
    // The workers may have read what has changed before the signal.
    if (early) hungUp()
    return yield* failure
  })
