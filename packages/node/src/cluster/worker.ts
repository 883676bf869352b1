/**
 * One worker process, seen from its primary: started, ready, told to stop, exited.
 *
 * Uses `node:cluster`; does not know how many workers there are or when one is replaced. Every wait for a
 * worker ends: with its message, its exit, or a kill.
 */
import cluster, { type Worker } from "node:cluster"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { WorkerFailed } from "@httpfx/core/HttpError"

/** The messages between primary and worker, besides those of `node:cluster`. */
export const isReady = "httpfx.ready"
export const shallStop = "httpfx.stop"
/** Environment variable of a worker: how long it may take to stop, ms. */
export const stopVariable = "HTTPFX_WORKER_STOP_TIMEOUT"

/** How a process exited. */
export interface Ended {
  readonly exitCode: number | undefined
  readonly signal: string | undefined
}

export interface Settings {
  readonly exec: string | undefined
  readonly args: ReadonlyArray<string> | undefined
  readonly execArgv: ReadonlyArray<string> | undefined
  readonly env: Readonly<Record<string, string>> | undefined
}

export interface WorkerProcess {
  readonly id: number
  readonly pid: number
  state: "starting" | "ready" | "stopping" | "ended"
  /** Whether it was told to stop. */
  told: boolean
  /** Completes when the worker has reported that it serves; fails if it exits before. */
  readonly ready: Effect.Effect<void, WorkerFailed>
  readonly ended: Effect.Effect<Ended>
  /** Tells it to finish its work; kills it at the deadline. Completes when the process has exited. */
  readonly stop: (deadline: Duration.Duration) => Effect.Effect<void>
  /** Kills it at once, and completes when the process has exited. */
  readonly kill: Effect.Effect<void>
}

export const describeExit = ({ exitCode, signal }: Ended) =>
  signal === undefined ? `exited (code ${exitCode})` : `was killed (${signal})`

export const failedWith = (id: number, ended: Ended, when: string): WorkerFailed =>
  new WorkerFailed({ worker: id, reason: `${describeExit(ended)} ${when}`, ...ended })

const fork = ({ args, env, exec, execArgv }: Settings): Worker => {
  // Global settings of the module, which apply to the next fork.
  cluster.setupPrimary({
    ...(exec === undefined ? {} : { exec }),
    ...(args === undefined ? {} : { args: [...args] }),
    ...(execArgv === undefined ? {} : { execArgv: [...execArgv] })
  })
  return cluster.fork(env)
}

/** Starts a process. `changed` is called on every change of its `state`. */
export const start = (
  settings: Settings,
  changed: (worker: WorkerProcess, ended: Ended | undefined) => void
): Effect.Effect<WorkerProcess, WorkerFailed> =>
  Effect.gen(function* () {
    const ready = yield* Deferred.make<void, WorkerFailed>()
    const ended = yield* Deferred.make<Ended>()
    return yield* Effect.try({
      try: () => watch(fork(settings), ready, ended, changed),
      catch: (cause) => new WorkerFailed({ reason: `cannot start a worker: ${String(cause)}`, cause })
    })
  })

const watch = (
  worker: Worker,
  ready: Deferred.Deferred<void, WorkerFailed>,
  ended: Deferred.Deferred<Ended>,
  changed: (worker: WorkerProcess, ended: Ended | undefined) => void
): WorkerProcess => {
  const enter = (state: WorkerProcess["state"], how?: Ended) => {
    self.state = state
    changed(self, how)
  }
  const stop = Effect.sync(() => {
    if (self.state === "ended") return
    self.told = true
    enter("stopping")
    // The channel may close before the process exits; then the worker stops by itself.
    if (worker.isConnected()) worker.send(shallStop, () => {})
  })
  const kill = Effect.zipRight(
    Effect.sync(() => void worker.process.kill("SIGKILL")),
    Deferred.await(ended)
  )
  const self: WorkerProcess = {
    id: worker.id,
    pid: worker.process.pid ?? 0,
    state: "starting",
    told: false,
    ready: Deferred.await(ready),
    ended: Deferred.await(ended),
    stop: (deadline) =>
      Effect.zipRight(
        stop,
        // Interruptible, because finalizers are not; otherwise the deadline could not interrupt the wait.
        Effect.timeoutTo(Effect.interruptible(Deferred.await(ended)), {
          duration: deadline,
          onSuccess: () => Effect.void,
          onTimeout: () => Effect.asVoid(kill)
        }).pipe(Effect.flatten)
      ),
    kill: Effect.asVoid(kill)
  }
  const over = (how: Ended) => {
    if (self.state === "ended") return
    Deferred.unsafeDone(ready, Exit.fail(failedWith(worker.id, how, "before it was ready")))
    Deferred.unsafeDone(ended, Exit.succeed(how))
    enter("ended", how)
  }
  worker.on("message", (message) => {
    if (message !== isReady || self.state !== "starting") return
    enter("ready")
    Deferred.unsafeDone(ready, Exit.void)
  })
  worker.on("exit", (exitCode: number | null, signal: string | null) =>
    over({ exitCode: exitCode ?? undefined, signal: signal ?? undefined })
  )
  worker.on("error", () => {
    // A process that failed to start emits no `exit`.
    if (worker.process.pid === undefined) over({ exitCode: undefined, signal: undefined })
  })
  return self
}
