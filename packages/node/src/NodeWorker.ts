/**
 * Platform's workers in threads (`node:worker_threads`) or child processes of this machine. The exports are
 * those of `NodeWorker` in `@effect/platform-node`. `NodeWorkerRunner` is the code inside of a worker.
 *
 * @since 0.1.0
 */
import * as Worker from "@effect/platform/Worker"
import { WorkerError } from "@effect/platform/WorkerError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { ChildProcess } from "node:child_process"
import type { Transferable, Worker as Thread } from "node:worker_threads"

// Maximum time for a worker's finalizers after the worker was told to end. After this time it is killed.
const closeTimeout = "5 seconds"

interface Port {
  readonly worker: Thread | ChildProcess
  readonly postMessage: (message: unknown, transfers?: ReadonlyArray<Transferable>) => void
  readonly kill: () => void
}

const portOf = (worker: Thread | ChildProcess): Port =>
  "terminate" in worker
    ? {
        worker,
        postMessage: (message, transfers) => worker.postMessage(message, transfers),
        kill: () => void worker.terminate()
      }
    : {
        worker,
        // A child process gets a copy of each message, because its IPC channel cannot transfer objects.
        postMessage: (message) => void worker.send(message as object),
        kill: () => void worker.kill("SIGKILL")
      }

const platformWorker: Worker.PlatformWorker = Worker.makePlatform<Thread | ChildProcess>()({
  setup: ({ scope, worker }) =>
    Effect.gen(function* () {
      const port = portOf(worker)
      const exited = yield* Deferred.make<void>()
      port.worker.once("exit", () => Deferred.unsafeDone(exited, Effect.void))
      const end = Effect.zipRight(
        Effect.sync(() => port.postMessage([1])),
        Effect.timeoutFail(Effect.interruptible(Deferred.await(exited)), {
          duration: closeTimeout,
          onTimeout: () => new Error("the worker did not end")
        })
      )
      yield* Scope.addFinalizer(
        scope,
        Effect.catchAllCause(end, () => Effect.sync(port.kill))
      )
      return port
    }),
  // These listeners are never removed, because an `error` event without a listener would end this process.
  listen: ({ deferred, emit, port: { worker } }) =>
    Effect.sync(() => {
      const fail = (reason: "decode" | "unknown") => (cause: unknown) =>
        Deferred.unsafeDone(deferred, Effect.fail(new WorkerError({ reason, cause })))
      const emitter: NodeJS.EventEmitter = worker
      emitter.on("message", emit).on("messageerror", fail("decode")).on("error", fail("unknown"))
      emitter.on("exit", (code) => fail("unknown")(new Error(`the worker exited with code ${String(code)}`)))
    })
})

/**
 * Provides `PlatformWorker`, which runs the workers of a `Spawner`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWorker: Layer.Layer<Worker.PlatformWorker> = Layer.succeed(
  Worker.PlatformWorker,
  platformWorker
)

/**
 * Provides `WorkerManager`. `NodeContext.layer` includes it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerManager: Layer.Layer<Worker.WorkerManager> = Layer.provide(Worker.layerManager, layerWorker)

/**
 * Provides the services that `Worker.makePool` and the other constructors of workers need. `spawn` starts the
 * worker with this number, as a thread or as a child process with an IPC channel. A worker that does not end
 * within 5 seconds after its scope has closed is killed.
 *
 * @example
 * import { Worker } from "@effect/platform"
 * import { NodeWorker } from "@httpfx/node"
 * import { Effect, Layer, Stream } from "effect"
 * import * as Threads from "node:worker_threads"
 *
 * const WorkersLive = NodeWorker.layer(() => new Threads.Worker(new URL("./range.js", import.meta.url)))
 *
 * const sum = Effect.gen(function* () {
 *   const pool = yield* Worker.makePool<number, never, number>({ size: 2 })
 *   return yield* Stream.runSum(pool.execute(10))
 * }).pipe(Effect.scoped, Effect.provide(WorkersLive))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  spawn: (id: number) => Thread | ChildProcess
): Layer.Layer<Worker.WorkerManager | Worker.Spawner> => Layer.merge(layerManager, Worker.layerSpawner(spawn))

/**
 * Provides the same as {@link layer}, with `PlatformWorker` in place of `WorkerManager`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPlatform = (
  spawn: (id: number) => Thread | ChildProcess
): Layer.Layer<Worker.PlatformWorker | Worker.Spawner> => Layer.merge(layerWorker, Worker.layerSpawner(spawn))
