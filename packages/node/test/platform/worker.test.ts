// Platform's workers in threads and child processes: results, failures, interruption and exit.
import * as Worker from "@effect/platform/Worker"
import * as WorkerRunner from "@effect/platform/WorkerRunner"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { Worker as Thread } from "node:worker_threads"
import { NodeContext, NodeWorker, NodeWorkerRunner } from "@httpfx/node"

const program = fileURLToPath(new URL("../fixtures/worker.mjs", import.meta.url))

const kinds: ReadonlyArray<readonly [string, () => Thread | ChildProcess]> = [
  ["a thread", () => new Thread(program)],
  ["a child process", () => fork(program)]
]

type Request = number | string

/**
 * Starts a worker in its own scope. Returns the worker, an effect that closes the scope, and the exit of the
 * worker.
 */
const started = (spawn: () => Thread | ChildProcess) =>
  Effect.gen(function* () {
    let exited: Promise<ReadonlyArray<unknown>> | undefined
    const scope = yield* Scope.make()
    const spawned = () => {
      const worker = spawn()
      exited ??= once(worker, "exit")
      return worker
    }
    const worker = yield* Effect.flatMap(Worker.WorkerManager, (manager) =>
      manager.spawn<Request, number, string>({})
    ).pipe(Effect.provide(NodeWorker.layer(spawned)), Scope.extend(scope))
    const close = Scope.close(scope, Exit.void)
    yield* Effect.addFinalizer(() => close)
    return { worker, close, exited: Effect.promise(() => exited!) }
  })

describe.each(kinds)("a worker in %s", (_, spawn) => {
  it.scopedLive("streams results, fails only the failed request, and exits when its scope closes", () =>
    Effect.gen(function* () {
      const { close, exited, worker } = yield* started(spawn)
      const range = Effect.map(Stream.runCollect(worker.execute(5)), Chunk.toReadonlyArray)
      assert.deepStrictEqual(yield* range, [1, 2, 3, 4, 5])
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(worker.execute("fail"))), "no such range")
      const died = yield* Effect.sandbox(Stream.runDrain(worker.execute("die"))).pipe(Effect.flip)
      assert.include(Cause.pretty(died), "a defect")
      assert.deepStrictEqual(yield* range, [1, 2, 3, 4, 5])
      yield* close
      assert.deepStrictEqual((yield* exited)[0], 0)
    })
  )

  it.scopedLive("interrupts the handler of an interrupted request", () =>
    Effect.gen(function* () {
      const { worker } = yield* started(spawn)
      yield* worker.executeEffect("interrupted")
      const never = yield* Effect.fork(Stream.runDrain(worker.execute("never")))
      // Wait for the result of a later request. By then the worker has received the endless request.
      yield* Effect.zipRight(Effect.yieldNow(), Stream.runDrain(worker.execute(1)))
      yield* Fiber.interrupt(never)
      const count = Stream.runHead(worker.execute("interrupted"))
      yield* Effect.repeat(count, {
        until: (found) => found._tag === "Some" && found.value === 1,
        schedule: Schedule.spaced("10 millis")
      })
    })
  )

  it.scopedLive("fails its pending requests when it exits", () =>
    Effect.gen(function* () {
      const { worker } = yield* started(spawn)
      const error = yield* Effect.flip(Stream.runDrain(worker.execute("exit")))
      assert.include(String((error as { cause?: unknown }).cause), "the worker exited with code 3")
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

  it.scoped("that does not exit is killed after five seconds", () =>
    Effect.gen(function* () {
      const { close, exited, worker } = yield* started(spawn)
      yield* Stream.runDrain(worker.execute(1))
      yield* Effect.fork(Stream.runDrain(worker.execute("for ever")))
      const closing = yield* Effect.fork(close)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      assert.notStrictEqual((yield* exited)[0], 0)
    })
  )
})

it.effect("a runner outside of a worker fails with that reason", () =>
  Effect.gen(function* () {
    // Vitest runs this file in a worker, so hide the worker's IPC channel.
    const { send } = process
    Object.assign(process, { send: undefined })
    const error = yield* Layer.build(WorkerRunner.layer(() => Effect.void)).pipe(
      Effect.scoped,
      Effect.provide(NodeWorkerRunner.layer),
      Effect.flip,
      Effect.ensuring(Effect.sync(() => Object.assign(process, { send })))
    )
    assert.strictEqual(error.reason, "spawn")
    assert.include(String(error.cause), "NodeWorkerRunner runs in a worker only")
  })
)

it.effect("NodeContext provides WorkerManager", () =>
  Effect.provide(Effect.asVoid(Worker.WorkerManager), NodeContext.layer)
)
