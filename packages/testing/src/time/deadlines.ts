/**
 * A heap of deadlines: the earliest first, equal ones in order of registration. Cancelled ones leave it at
 * once. Has no clock and calls nothing.
 */

export interface Deadline {
  readonly at: number
  /** Breaks ties. */
  readonly order: number
  readonly wake: () => void
  /** The waiting fiber or timer, for lists of waits. */
  readonly owner: unknown
  /** Index in the heap; -1 outside. */
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

  /** `false` if it had left the heap already. */
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

  /** Removes all that are due by `now`, in order. */
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
