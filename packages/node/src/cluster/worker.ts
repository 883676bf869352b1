/**
 * One worker process, seen from its primary: started, ready, told to stop, gone.
 *
 * Knows `node:cluster` and nothing of how many workers there are or when one is replaced. Every wait for a
 * worker ends: with its word, with its exit, or with a kill.
 */
import cluster, { type Worker } from "node:cluster"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { WorkerFailed } from "@httpfx/core/HttpError"

/** What primary and worker tell each other, besides what `node:cluster` does. */
export const isReady = "httpfx.ready"
export const shallStop = "httpfx.stop"
/** In a worker's environment: for how long it may take to stop, ms. */
export const stopVariable = "HTTPFX_WORKER_STOP_TIMEOUT"

/** How a process ended. */
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
  /** It was told to stop. */
  told: boolean
  /** Waits until it has said that it serves; fails if it ends before. */
  readonly ready: Effect.Effect<void, WorkerFailed>
  readonly ended: Effect.Effect<Ended>
  /** Lets it finish what it does; after `deadline` it is killed. Ends when the process has. */
  readonly stop: (deadline: Duration.Duration) => Effect.Effect<void>
  /** Ends it at once, and waits until it has. */
  readonly kill: Effect.Effect<void>
}

const inWords = ({ exitCode, signal }: Ended) =>
  signal === undefined ? `ended with code ${exitCode}` : `was ended by ${signal}`

export const failedWith = (id: number, ended: Ended, when: string): WorkerFailed =>
  new WorkerFailed({ worker: id, reason: `${inWords(ended)} ${when}`, ...ended })

const fork = ({ args, env, exec, execArgv }: Settings): Worker => {
  // Settings of the module as a whole: they hold for the fork that follows.
  cluster.setupPrimary({
    ...(exec === undefined ? {} : { exec }),
    ...(args === undefined ? {} : { args: [...args] }),
    ...(execArgv === undefined ? {} : { execArgv: [...execArgv] })
  })
  return cluster.fork(env)
}

/** Starts a process. `changed` is called whenever its `state` has. */
export const start = (
  settings: Settings,
  changed: (worker: WorkerProcess, ended: Ended | undefined) => void
): Effect.Effect<WorkerProcess, WorkerFailed> =>
  Effect.gen(function* () {
    const ready = yield* Deferred.make<void, WorkerFailed>()
    const ended = yield* Deferred.make<Ended>()
    return yield* Effect.try({
      try: () => watch(fork(settings), ready, ended, changed),
      catch: (cause) => new WorkerFailed({ reason: `no worker can be started: ${String(cause)}`, cause })
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
    // The channel may be gone before the process is; then it knows already.
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
        // Interruptible, because finalizers are not: the deadline would have to wait for what it ends.
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
    // A process that could not be started at all has no exit.
    if (worker.process.pid === undefined) over({ exitCode: undefined, signal: undefined })
  })
  return self
}
