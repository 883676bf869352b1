/**
 * Runs one server in several processes, by `node:cluster`. A primary process starts worker processes,
 * replaces workers that exit, restarts workers one by one, and stops all workers. The primary and the workers
 * run the same program, `run`.
 *
 * Workers share the ports that their servers listen on. When a worker stops, the `Shutdown` of its server
 * ends the connections. The primary serves no request and never touches a connection.
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
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { WorkerFailed, type InvalidOption } from "@httpfx/core/HttpError"
import { duration, integer, other, refuseUnknown, string, type Check } from "@httpfx/core/OptionCheck"
import type * as Shutdown from "@httpfx/core/Shutdown"
import * as Timers from "@httpfx/core/Timers"
import {
  describeExit,
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
 * An exit of a worker that the primary had not told to stop.
 *
 * @since 0.1.0
 * @category models
 */
export interface Crash {
  /** Number of the process in its cluster, from 1. */
  readonly worker: number
  /** The exit code; `undefined` if a signal killed the worker. */
  readonly exitCode: number | undefined
  /** The name of the signal that killed the worker; `undefined` if the worker exited by itself. */
  readonly signal: string | undefined
}

/**
 * Options of a cluster: the number of workers, their program, and their timeouts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The number of workers. Default: the cores available to this process (`os.availableParallelism`). */
  readonly workers?: number | undefined
  /**
   * Maximum time until a new worker is ready. After this time the primary kills the worker. Default 2
   * minutes, because a machine under load starts processes slowly.
   */
  readonly startTimeout?: Duration.DurationInput | undefined
  /**
   * Maximum time that a worker may take to exit after the primary told it to stop. After this time the
   * primary kills the worker. Default 30 seconds. This is longer than the default `gracefulShutdownTimeout`
   * of a server (20 seconds), so the server can close its remaining connections before the kill.
   */
  readonly gracefulShutdownTimeout?: Duration.DurationInput | undefined
  /**
   * The schedule of the delays before the primary replaces a worker that exited. By default the first delay
   * is 100 ms and each further delay is twice the previous one, up to 10 seconds. After a worker has run for
   * 30 seconds, the next delay is 100 ms again. If the schedule ends, `failure` and `run` fail.
   */
  readonly restart?: Schedule.Schedule<unknown, Crash> | undefined
  /** The program that workers run. Default: the program of this process. */
  readonly exec?: string | undefined
  /** The arguments of the program that workers run. Default: the arguments of this process. */
  readonly args?: ReadonlyArray<string> | undefined
  /** The command-line options of `node` for workers. Default: the options of this process. */
  readonly execArgv?: ReadonlyArray<string> | undefined
  /** Variables to add to the environment of workers. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/**
 * The current state of a worker process.
 *
 * @since 0.1.0
 * @category models
 */
export interface Worker {
  /** Number of the process in its cluster, from 1; never reused. */
  readonly worker: number
  /** The process id. */
  readonly pid: number
  /**
   * The state of the worker. A `starting` worker is not ready yet. A `stopping` worker was told to stop and
   * finishes its in-flight exchanges.
   */
  readonly state: "starting" | "ready" | "stopping"
}

/**
 * The event that a worker process was started. The worker does not serve requests yet.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorkerStarted {
  readonly _tag: "WorkerStarted"
  /** Number of the process in its cluster, from 1. */
  readonly worker: number
  /** The process id. */
  readonly pid: number
}

/**
 * The event that a worker is ready. The worker has built its layer and serves requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorkerReady {
  readonly _tag: "WorkerReady"
  /** Number of the process in its cluster, from 1. */
  readonly worker: number
  /** The process id. */
  readonly pid: number
}

/**
 * The event that the primary told a worker to stop. The worker finishes its in-flight exchanges.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorkerStopping {
  readonly _tag: "WorkerStopping"
  /** Number of the process in its cluster, from 1. */
  readonly worker: number
  /** The process id. */
  readonly pid: number
}

/**
 * The event that a worker process has exited.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorkerEnded extends Crash {
  readonly _tag: "WorkerEnded"
  /** The process id. */
  readonly pid: number
  /** Whether the primary had told this worker to stop. */
  readonly expected: boolean
}

/**
 * The events of workers.
 *
 * @since 0.1.0
 * @category models
 */
export type Event = WorkerStarted | WorkerReady | WorkerStopping | WorkerEnded

/**
 * The state and the operations of a cluster. Exists only in the primary.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The running worker processes, oldest first. */
  readonly workers: Effect.Effect<ReadonlyArray<Worker>>
  /**
   * Emits the events that occur after the subscription to the stream. A subscriber that falls behind by more
   * than 256 events loses the oldest events.
   */
  readonly events: Stream.Stream<Event>
  /**
   * Replaces all workers one by one. The primary stops an old worker only when its replacement is ready. The
   * restart completes when the last old worker has exited. If a new worker does not become ready, the restart
   * fails and the remaining old workers stay. Concurrent restarts run one after the other.
   */
  readonly restart: Effect.Effect<void, WorkerFailed>
  /**
   * The state of the whole cluster. It is `ready` while at least one worker is ready, also during a restart,
   * and otherwise `starting`. It is `draining` while the cluster stops, and then `closed`.
   */
  readonly state: Effect.Effect<Shutdown.State>
  /**
   * Stops all workers, as closing the scope does. Completes when all workers have exited. After this effect
   * has started, no worker is started.
   */
  readonly shutdown: Effect.Effect<void>
  /**
   * Never completes. Fails when a worker has exited and the primary does not replace it, because the
   * `restart` schedule has ended.
   */
  readonly failure: Effect.Effect<never, WorkerFailed>
}

/**
 * The tag of the cluster, which only the primary provides.
 *
 * @since 0.1.0
 * @category tags
 */
export class NodeCluster extends Context.Tag("@httpfx/node/NodeCluster")<NodeCluster, Service>() {}

const backoff: Schedule.Schedule<unknown, Crash> = Schedule.exponential("100 millis").pipe(
  Schedule.either(Schedule.spaced("10 seconds"))
)
/**
 * Minimum run time of a worker after which `backoff` starts again with its first delay, ms.
 * `Schedule.resetAfter` is not used, because it reads the wall clock, and a program may set that clock.
 */
const resetAfter = 30_000

// The place of one worker in the cluster; there are `workers` places. During a restart, the old worker of a
// place runs for a while beside `current`.
interface Slot {
  current: WorkerProcess
}

const logReplaced = (old: WorkerProcess, fresh: WorkerProcess, why: string) =>
  Effect.logInfo(`worker ${old.id} replaced by worker ${fresh.id} (${why})`)

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

const strings = other(
  "an array of strings",
  (value) => Array.isArray(value) && value.every((one) => typeof one === "string")
)

const checks: { readonly [K in keyof Options]-?: Check } = {
  workers: integer(1),
  startTimeout: duration,
  gracefulShutdownTimeout: duration,
  restart: other("a schedule", Schedule.isSchedule),
  exec: string,
  args: strings,
  execArgv: strings,
  env: other("a record of strings", (value) => typeof value === "object" && value !== null)
}

/**
 * Starts the workers and completes when all of them are ready. Closing the scope stops all workers and waits
 * until they have exited.
 *
 * Fails with `WorkerFailed` if a worker does not become ready or if this process is a worker itself, and with
 * `InvalidOption` for an invalid option.
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
    const refused = refuseUnknown(options, checks)
    if (refused !== undefined) return yield* Effect.fail(refused)
    if (!cluster.isPrimary)
      return yield* Effect.fail(new WorkerFailed({ reason: "a worker cannot start workers" }))
    const startTimeout = Duration.decode(options.startTimeout ?? waits.startTimeout)
    const deadline = Duration.decode(options.gracefulShutdownTimeout ?? waits.gracefulShutdownTimeout)
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

    // Add the finalizer before the first worker starts, so that a failure during the start also stops the
    // workers.
    const shutdown = Effect.suspend(() => {
      over = true
      return Effect.forEach([...living], stop, { concurrency: "unbounded", discard: true })
    })
    yield* Effect.addFinalizer(() => shutdown)
    const slots = yield* Effect.forEach(
      Array.from({ length: size }),
      () => Effect.tap(begin, whenReady).pipe(Effect.map((current): Slot => ({ current }))),
      { concurrency: "unbounded" }
    )

    const turns = yield* Effect.makeSemaphore(1)
    const replaceWorker = (slot: Slot) =>
      Effect.gen(function* () {
        const fresh = yield* begin
        yield* Effect.onInterrupt(whenReady(fresh), () => fresh.kill)
        const old = slot.current
        slot.current = fresh
        yield* logReplaced(old, fresh, "restart")
        yield* stop(old)
      })

    // Replaces the worker of a slot after each unexpected exit. The schedule determines the delay.
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
          const facts = { worker: worker.id, pid: worker.pid, ...ended }
          yield* Effect.annotateLogs(Effect.logWarning(`worker ${worker.id} ${describeExit(ended)}`), facts)
          if (schedule === backoff && now() - since > resetAfter) yield* driver.reset
          const next = yield* Effect.either(driver.next({ worker: worker.id, ...ended }))
          if (next._tag === "Left") {
            const gone = failedWith(worker.id, ended, "and will not be replaced")
            yield* Effect.logError(gone.message)
            yield* Deferred.fail(failure, gone)
            return
          }
          if (slot.current !== worker) continue
          const fresh = yield* begin
          slot.current = fresh
          yield* logReplaced(worker, fresh, describeExit(ended))
          // If the new worker does not become ready, `whenReady` kills it. The next iteration of this loop
          // then replaces it.
          yield* Effect.forkScoped(Effect.ignore(whenReady(fresh)))
        }
      }).pipe(Effect.catchAll((error) => Deferred.fail(failure, error)))
    yield* Effect.forEach(slots, (slot) => Effect.forkScoped(keep(slot)), { discard: true })

    return {
      workers: Effect.sync(() =>
        Array.from(living, ({ id, pid, state }) => ({ worker: id, pid, state: state as Worker["state"] }))
      ),
      events: Stream.fromPubSub(events),
      state: Effect.sync(() => {
        if (over) return living.size === 0 ? "closed" : "draining"
        return Array.from(living).some(({ state }) => state === "ready") ? "ready" : "starting"
      }),
      shutdown,
      restart: turns.withPermits(1)(Effect.forEach(slots, replaceWorker, { discard: true })),
      failure: Deferred.await(failure)
    }
  })

/**
 * Provides the cluster that {@link make} starts.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<NodeCluster, WorkerFailed | InvalidOption> =>
  Layer.scoped(NodeCluster, make(options))

/**
 * Provides the same cluster as {@link layer}, with options read from the configuration.
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

// Completes when the primary tells this worker to stop, or when the IPC channel to the primary closes.
const toldToStop = Effect.async<void>((resume) => {
  const heard = (message: unknown) => {
    if (message === shallStop) resume(Effect.void)
  }
  const alone = () => {
    // The primary has exited, so this process must enforce the stop deadline itself.
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
 * Returns the program of a worker. The program builds the layer and tells the primary that this worker is
 * ready. It closes the layer when the primary exits or tells the worker to stop. In a process that is not a
 * worker, the program runs until it is interrupted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const worker = <A, E, R>(layer: Layer.Layer<A, E, R>): Effect.Effect<void, E, R> => {
  const self = cluster.worker
  if (self === undefined) return Layer.launch(layer)
  return Effect.scoped(
    Effect.gen(function* () {
      // Without this flag, Node exits this process immediately when the primary disconnects.
      self.exitedAfterDisconnect = true
      const serve = Effect.tap(Layer.build(layer), () => Effect.sync(() => process.send?.(isReady)))
      yield* Effect.raceFirst(Effect.zipRight(serve, Effect.never), toldToStop)
    })
  ).pipe(
    // Disconnect, because an open IPC channel keeps the process alive.
    Effect.ensuring(Effect.sync(() => process.connected && process.disconnect()))
  )
}

// A terminal that closes sends SIGHUP to the whole process group. The primary handles the signal, so workers
// ignore it.
const onHangup = (f: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => void process.on("SIGHUP", f)),
    () => Effect.sync(() => void process.off("SIGHUP", f))
  )

/**
 * Options of `run`: the options of the cluster, and the layer of the primary.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunOptions<E = never, R = never> extends Options {
  /**
   * A layer that is built in the primary when all workers are ready, and closed before the workers stop, such
   * as `NodeHealth.layerCluster`. Default: no layer.
   */
  readonly primary?: Layer.Layer<never, E, R> | undefined
}

/**
 * Returns one program for the primary and for the workers. The primary starts the same program `workers` more
 * times, and each of those processes runs `layer`. With the platform's `runMain`, SIGTERM and Ctrl-C stop all
 * workers gracefully, and SIGHUP replaces all workers one by one.
 *
 * The program runs until it is interrupted. It fails if one of the first workers does not become ready, or if
 * a worker exits and the `restart` schedule has ended.
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
export const run = <A, E, R, E2 = never, R2 = never>(
  layer: Layer.Layer<A, E, R>,
  options: RunOptions<E2, R2> = {}
): Effect.Effect<void, E | E2 | WorkerFailed | InvalidOption, R | Exclude<R2, NodeCluster>> =>
  cluster.isWorker
    ? Effect.scoped(
        Effect.zipRight(
          onHangup(() => {}),
          worker(layer)
        )
      )
    : Effect.scoped(primary(options))

const primary = <E, R>({ primary: beside, ...options }: RunOptions<E, R>) =>
  Effect.gen(function* () {
    // Listen for SIGHUP from the start on, because a SIGHUP without a listener would kill the primary but not
    // the workers.
    let early = false
    let hungUp = () => {
      early = true
    }
    yield* onHangup(() => hungUp())
    const service = yield* make(options)
    const { failure, restart } = service
    if (beside !== undefined) yield* Layer.build(Layer.provide(beside, Layer.succeed(NodeCluster, service)))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        hungUp = () => {}
      })
    )
    const runtime = yield* Effect.runtime<Scope.Scope>()
    const replaceAll = Effect.zipRight(Effect.logInfo("replacing all workers"), restart).pipe(
      Effect.zipRight(Effect.logInfo("all workers replaced")),
      Effect.catchAll((error) => Effect.logError("not all workers were replaced", error))
    )
    hungUp = () => void Runtime.runFork(runtime, Effect.forkScoped(replaceAll))
    // If SIGHUP arrived during the start, replace the first workers, because they may have read the
    // configuration before it changed.
    if (early) hungUp()
    return yield* failure
  })
