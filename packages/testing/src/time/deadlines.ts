/**
 * A heap of deadlines, ordered by time. Deadlines with equal times are in the order of their registration.
 * Cancelled deadlines are removed immediately. The heap has no clock and never calls `wake` itself.
 */

export interface Deadline {
  readonly at: number
  /** Number of the registration. It orders deadlines with equal times. */
  readonly order: number
  readonly wake: () => void
  /** The waiting fiber, for lists of waits. `undefined` for a timer. */
  readonly owner: unknown
  /** Index in the heap. -1 after the removal. */
  place: number
}

const before = (a: Deadline, b: Deadline) => a.at < b.at || (a.at === b.at && a.order < b.order)

export class Deadlines {
  private readonly heap: Array<Deadline> = []
  private order = 0

  get size(): number {
    return this.heap.length
  }

  get first(): Deadline | undefined {
    return this.heap[0]
  }

  /** All deadlines, in the order in which they will expire. */
  list(): ReadonlyArray<Deadline> {
    return [...this.heap].sort((a, b) => (before(a, b) ? -1 : 1))
  }

  add(at: number, wake: () => void, owner?: unknown): Deadline {
    const item: Deadline = { at, order: this.order++, wake, owner, place: this.heap.length }
    this.heap.push(item)
    this.up(item)
    return item
  }

  /** Removes a deadline. Returns `false` if it was removed earlier. */
  remove(item: Deadline): boolean {
    const { place } = item
    if (place < 0) return false
    const last = this.heap.pop()!
    item.place = -1
    if (last !== item) {
      last.place = place
      this.heap[place] = last
      this.up(last)
      this.down(last)
    }
    return true
  }

  /** Removes all deadlines that are due by `now`, and returns them in the order in which they expire. */
  due(now: number): Array<Deadline> {
    const items: Array<Deadline> = []
    for (let first = this.first; first !== undefined && first.at <= now; first = this.first) {
      this.remove(first)
      items.push(first)
    }
    return items
  }

  private up(item: Deadline): void {
    const { heap } = this
    while (item.place > 0) {
      const parent = heap[(item.place - 1) >> 1]!
      if (!before(item, parent)) return
      this.swap(parent, item)
    }
  }

  private down(item: Deadline): void {
    const { heap } = this
    for (;;) {
      const left = heap[2 * item.place + 1]
      const right = heap[2 * item.place + 2]
      if (left === undefined) return
      const child = right !== undefined && before(right, left) ? right : left
      if (!before(child, item)) return
      this.swap(item, child)
    }
  }

  private swap(parent: Deadline, child: Deadline): void {
    const { place } = parent
    parent.place = child.place
    child.place = place
    this.heap[parent.place] = parent
    this.heap[place] = child
  }
}
