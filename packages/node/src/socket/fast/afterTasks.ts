/**
 * Calls back when all ticks and microtasks that are due have run, those that they start included, and before
 * any immediate, timer or further read. Node does so by itself between two calls of its parser.
 *
 * Goes by the numbers that Node gives to ticks and microtasks (`executionAsyncId`): three of ours in a row
 * have successive numbers only where nobody has started a tick between them.
 */
import { executionAsyncId } from "node:async_hooks"
import { nextTick, queueMicrotask } from "../../time/realTime.js"

/** A program may start ticks without end; Node would then read no further either. */
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
    // In a tick, so that what it starts runs in the order of Node: ticks first, then microtasks.
    nextTick(this.inARow >= 3 || ++this.rounds > mostRounds ? this.then : this.tick)
  }

  private count(): void {
    const id = executionAsyncId()
    this.inARow = id === this.last + 1 ? this.inARow + 1 : 0
    this.last = id
  }
}

export const afterTasks = (then: () => void): void => void new Wait(then)
