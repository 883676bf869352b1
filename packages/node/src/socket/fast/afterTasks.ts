/**
 * Calls back when all pending ticks and microtasks have run, including those that they start, and before any
 * immediate, timer or further read. Node itself does this between two calls of its parser.
 *
 * Relies on the ids that Node assigns to ticks and microtasks (`executionAsyncId`): three of ours in a row
 * have consecutive ids only if nobody has started a tick in between.
 */
import { executionAsyncId } from "node:async_hooks"
import { nextTick, queueMicrotask } from "../../time/realTime.js"

/** Limit for programs that start ticks endlessly; Node would stop reading too. */
const mostRounds = 1000

class Wait {
  private last = 0
  private inARow = 0
  private rounds = 0

  constructor(private readonly then: () => void) {
    nextTick(this.tick)
  }

  private readonly tick = (): void => {
    this.count()
    queueMicrotask(this.microtask)
  }

  private readonly microtask = (): void => {
    this.count()
    // From a tick, so that tasks started by `then` run in Node's order: ticks first, then microtasks.
    nextTick(this.inARow >= 3 || ++this.rounds > mostRounds ? this.then : this.tick)
  }

  private count(): void {
    const id = executionAsyncId()
    this.inARow = id === this.last + 1 ? this.inARow + 1 : 0
    this.last = id
  }
}

export const afterTasks = (then: () => void): void => void new Wait(then)
