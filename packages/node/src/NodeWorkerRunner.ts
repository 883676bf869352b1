/**
 * The code inside of a worker: receives requests from the thread or process that started the worker. The
 * exports are those of `NodeWorkerRunner` in `@effect/platform-node`. `NodeWorker` starts workers.
 *
 * @since 0.1.0
 */
import { WorkerError } from "@effect/platform/WorkerError"
import * as Runner from "@effect/platform/WorkerRunner"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { parentPort, type Transferable } from "node:worker_threads"

export {
  /**
   * Runs the layer of a worker until the worker is asked to end.
   *
   * @since 0.1.0
   * @category running
   */
  launch
} from "@effect/platform/WorkerRunner"

interface Parent {
  readonly emitter: {
    readonly on: (event: string, listener: () => void) => unknown
    readonly off: (event: string, listener: () => void) => unknown
  }
  readonly send: (message: unknown, transfers?: ReadonlyArray<unknown>) => void
  /** Lets the thread or process end. */
  readonly release: () => void
}

const parentOf = (): Parent | undefined => {
  const port = parentPort
  if (port !== null) {
    return {
      emitter: port,
      send: (message, transfers) => port.postMessage(message, transfers as ReadonlyArray<Transferable>),
      release: () => port.close()
    }
  }
  if (process.send === undefined) return undefined
  return {
    emitter: process,
    send: (message) => void process.send?.(message),
    release: () => void process.channel?.unref()
  }
}

const notInWorker = () =>
  new Error("NodeWorkerRunner runs in a worker only: start this module by NodeWorker.layer")

const runnerOn = <I, O>(
  { emitter, release, send }: Parent,
  closeLatch: Deferred.Deferred<void, WorkerError>
): Runner.BackingRunner<I, O> => {
  const fail = (reason: "decode" | "unknown") => (cause: unknown) =>
    Deferred.unsafeDone(closeLatch, Exit.fail(new WorkerError({ reason, cause })))

  const run = <A, E, R>(handler: (portId: number, message: I) => Effect.Effect<A, E, R> | void) =>
    Effect.gen(function* () {
      const requests = yield* FiberSet.make<A, E>()
      // Make requests interruptible even if `run` is called in an uninterruptible region. Leave out the
      // worker's scope, so that requests add no finalizers to it.
      const context = Context.omit(Scope.Scope)(yield* Effect.context<R | Scope.Scope>())
      const fork = yield* FiberSet.runtime(requests)<R>().pipe(
        Effect.provide(context as Context.Context<R>),
        Effect.interruptible
      )
      const take = ([kind, request]: readonly [0, I] | readonly [1, undefined?]) => {
        if (kind === 1) {
          release()
          Deferred.unsafeDone(closeLatch, Exit.void)
          return
        }
        const effect = handler(0, request)
        if (!Effect.isEffect(effect)) return
        fork(effect).addObserver((exit) => {
          if (Exit.isFailure(exit) && !Cause.isInterruptedOnly(exit.cause))
            Deferred.unsafeDone(closeLatch, Exit.die(Cause.squash(exit.cause)))
        })
      }
      const listeners: ReadonlyArray<readonly [string, (value: never) => void]> = [
        ["message", take],
        // Only the port of a thread has these events for failed messages. On `process` they would report
        // other errors.
        ...(emitter === process
          ? []
          : [["messageerror", fail("decode")] as const, ["error", fail("unknown")] as const])
      ]
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          for (const [event, listener] of listeners) emitter.on(event, listener as () => void)
        }),
        () =>
          Effect.sync(() => {
            for (const [event, listener] of listeners) emitter.off(event, listener as () => void)
          })
      )
      send([0])
    })

  return {
    run,
    send: (_portId, message, transfers) => Effect.sync(() => send([1, message], transfers))
  }
}

/**
 * Provides `PlatformRunner`, which `WorkerRunner.make` and the other constructors of runners need. Fails with
 * `WorkerError` outside of a worker.
 *
 * @example
 * import { WorkerRunner } from "@effect/platform"
 * import { NodeRuntime, NodeWorkerRunner } from "@httpfx/node"
 * import { Layer, Stream } from "effect"
 *
 * const RangeLive = WorkerRunner.layer((end: number) => Stream.range(0, end)).pipe(
 *   Layer.provide(NodeWorkerRunner.layer)
 * )
 * NodeRuntime.runMain(NodeWorkerRunner.launch(RangeLive))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Runner.PlatformRunner> = Layer.succeed(
  Runner.PlatformRunner,
  Runner.PlatformRunner.of({
    [Runner.PlatformRunnerTypeId]: Runner.PlatformRunnerTypeId,
    start: <I, O>(closeLatch: Deferred.Deferred<void, WorkerError>) =>
      Effect.suspend(() => {
        const parent = parentOf()
        return parent === undefined
          ? Effect.fail(new WorkerError({ reason: "spawn", cause: notInWorker() }))
          : Effect.succeed(runnerOn<I, O>(parent, closeLatch))
      })
  })
)
