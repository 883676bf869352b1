/**
 * Calls a function when all pending ticks and microtasks have run, including the ticks and microtasks that
 * they start. The call comes before any immediate, timer or further read. Node itself runs ticks and
 * microtasks between two calls of its parser.
 *
 * This file relies on the ids that Node assigns to ticks and microtasks (`executionAsyncId`). If three of our
 * tasks in a row have consecutive ids, other code has not started a tick in between. All pending tasks have
 * then run.
 */
import { executionAsyncId } from "node:async_hooks"
import { nextTick, queueMicrotask } from "../../time/realTime.js"

/**
 * Maximum number of rounds. The wait ends after this many rounds even if the program starts ticks endlessly.
 * Node itself would stop reading because of such a program.
 */
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
    // If `then` is called from a tick, the tasks that `then` starts run in Node's order: ticks before
    // microtasks.
    nextTick(this.inARow >= 3 || ++this.rounds > mostRounds ? this.then : this.tick)
  }

  private count(): void {
    const id = executionAsyncId()
    this.inARow = id === this.last + 1 ? this.inARow + 1 : 0
    this.last = id
  }
}

export const afterTasks = (then: () => void): void => void new Wait(then)
