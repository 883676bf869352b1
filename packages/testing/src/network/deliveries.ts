/**
 * The event queue of a memory network. Tasks without delay run first in, first out. Delayed tasks run in the
 * order of their deadlines. Tasks with equal deadlines run in the order in which they were scheduled.
 *
 * Tasks without delay run in microtasks, so they run without any advance of a test clock. Delayed tasks wait
 * for `Timers`. Never runs a task inside the call that scheduled it.
 */
import type { Timers } from "@httpfx/core/Timers"
import { queueMicrotask } from "../time/realTime.js"

export interface Task {
  run(): void
}

interface Delayed {
  readonly at: number
  readonly order: number
  readonly task: Task
}

// Maximum number of tasks per turn of the event loop. Without this limit, two ends that reply to each other
// in microtasks would starve the timers and sockets of the process.
const fairness = 1024

const before = (a: Delayed, b: Delayed) => a.at < b.at || (a.at === b.at && a.order < b.order)

export class Deliveries {
  private ready: Array<Task> = []
  private spare: Array<Task> = []
  private scheduled = false
  /** Number of tasks that have run so far. */
  passed = 0
  private ran = 0
  private order = 0
  /** A binary heap of delayed tasks, ordered by `before`. */
  private readonly delayed: Array<Delayed> = []
  private cancel: (() => void) | undefined
  private wake = Infinity

  constructor(private readonly timers: Timers) {}

  /** Whether tasks without delay are queued. */
  get busy(): boolean {
    return this.scheduled
  }

  /**
   * Runs the task after `delay` ms. Tasks for the same time run in the order in which they were scheduled.
   */
  schedule(task: Task, delay = 0): void {
    if (delay > 0) return this.push({ at: this.timers.now() + delay, order: this.order++, task })
    this.ready.push(task)
    this.plan()
  }

  /** Cancels all delayed tasks. */
  forget(): void {
    this.delayed.length = 0
    this.cancel?.()
    this.cancel = undefined
  }

  private plan(): void {
    if (this.scheduled) return
    this.scheduled = true
    if (this.ran < fairness) queueMicrotask(this.flush)
    else {
      this.ran = 0
      // Post a message to start a new turn, because `setTimeout` waits at least 1 ms.
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        port1.close()
        this.flush()
      }
      port2.postMessage(undefined)
    }
  }

  private readonly flush = () => {
    const batch = this.ready
    this.ready = this.spare
    let next = 0
    try {
      while (next < batch.length) batch[next++]!.run()
    } finally {
      this.ran += next
      this.passed += next
      // If a task threw, keep the remaining tasks of the batch.
      if (next < batch.length) this.ready = [...batch.slice(next), ...this.ready]
      batch.length = 0
      this.spare = batch
      this.scheduled = false
      if (this.ready.length > 0) this.plan()
    }
  }

  private push(item: Delayed): void {
    const heap = this.delayed
    let index = heap.length
    heap.push(item)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(item, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = item
    this.arm()
  }

  private pop(): Delayed {
    const heap = this.delayed
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      let index = 0
      for (;;) {
        let child = 2 * index + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
        if (!before(heap[child]!, last)) break
        heap[index] = heap[child]!
        index = child
      }
      heap[index] = last
    }
    return top
  }

  // Sets one timer for the earliest deadline.
  private arm(): void {
    const first = this.delayed[0]
    if (first === undefined || (this.cancel !== undefined && this.wake <= first.at)) return
    this.cancel?.()
    this.wake = first.at
    this.cancel = this.timers.at(first.at, () => {
      this.cancel = undefined
      const now = this.timers.now()
      while (this.delayed.length > 0 && this.delayed[0]!.at <= now) this.ready.push(this.pop().task)
      if (this.ready.length > 0) this.plan()
      this.arm()
    })
  }
}
