/**
 * Starts one worker process from the primary, tracks its state and stops the process. The states are
 * starting, ready, stopping and ended.
 *
 * Does not decide how many workers run or when a worker is replaced. Every wait of this module ends: by a
 * message from the worker, by the exit of the process, or by a kill.
 */
import cluster, { type Worker } from "node:cluster"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { WorkerFailed } from "@httpfx/core/HttpError"

/** The messages between primary and worker: `isReady` from the worker, and `shallStop` from the primary. */
export const isReady = "httpfx.ready"
export const shallStop = "httpfx.stop"
/** Name of the environment variable that passes the stop deadline to a worker, in ms. */
export const stopVariable = "HTTPFX_WORKER_STOP_TIMEOUT"

/** The exit code or the signal with which a process exited. */
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
  /** Whether the primary has told the worker to stop. */
  told: boolean
  /** Completes when the worker has reported that it is ready. Fails if the worker exits before that. */
  readonly ready: Effect.Effect<void, WorkerFailed>
  readonly ended: Effect.Effect<Ended>
  /**
   * Tells the worker to stop, and kills the process when the deadline expires. Completes when the process has
   * exited.
   */
  readonly stop: (deadline: Duration.Duration) => Effect.Effect<void>
  /** Kills the process immediately. Completes when the process has exited. */
  readonly kill: Effect.Effect<void>
}

export const describeExit = ({ exitCode, signal }: Ended) =>
  signal === undefined ? `exited (code ${exitCode})` : `was killed (${signal})`

export const failedWith = (id: number, ended: Ended, when: string): WorkerFailed =>
  new WorkerFailed({ worker: id, reason: `${describeExit(ended)} ${when}`, ...ended })

const fork = ({ args, env, exec, execArgv }: Settings): Worker => {
  // `setupPrimary` sets global values, which other code may have changed. Set our values before each fork.
  cluster.setupPrimary({
    ...(exec === undefined ? {} : { exec }),
    ...(args === undefined ? {} : { args: [...args] }),
    ...(execArgv === undefined ? {} : { execArgv: [...execArgv] })
  })
  return cluster.fork(env)
}

/** Starts a worker process. Calls `changed` whenever the `state` of the worker changes. */
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
    if (self.state === "ended" || self.told) return
    self.told = true
    enter("stopping")
    // After a disconnect the worker stops by itself, so send the message only while the IPC channel is open.
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
        // `stop` may run in a finalizer, which is uninterruptible. Make this wait interruptible, so that the
        // deadline can end it.
        Effect.timeoutTo(Effect.interruptible(Deferred.await(ended)), {
          duration: deadline,
          onSuccess: () => Effect.void,
          onTimeout: () =>
            Effect.zipRight(
              Effect.logWarning(
                `worker ${worker.id} did not stop within ${Duration.format(deadline)} and is killed`
              ),
              Effect.asVoid(kill)
            )
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
    // A process that failed to start emits `error` but no `exit`, so report its end here.
    if (worker.process.pid === undefined) over({ exitCode: undefined, signal: undefined })
  })
  return self
}
