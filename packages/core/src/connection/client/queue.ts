/**
 * One key of a pool: its idle connections, and the requests that wait for one. Counts and lists only.
 */
import type { WaitingKey } from "../../pool/index.js"

/** A place in a queue of `S`. */
export class Waiter<S, C> {
  previous: Waiter<S, C> | undefined = undefined
  next: Waiter<S, C> | undefined = undefined

  constructor(
    readonly exchange: S,
    readonly bucket: Bucket<S, C>,
    /** ms. */
    readonly since: number
  ) {}
}

/** `S` waits for a `C`. */
export class Bucket<S, C> implements WaitingKey {
  /** Connections in use, idle and being made, without those that close. */
  open = 0
  /** In the order in which they became idle. */
  readonly idle: Array<C> = []
  /** Requests that wait. */
  queued = 0
  private first: Waiter<S, C> | undefined = undefined
  private last: Waiter<S, C> | undefined = undefined

  /**
   * `told`: the key without its secrets. `counted`: its connections count against the limits.
   */
  constructor(
    readonly key: string,
    readonly told: string,
    readonly counted: boolean
  ) {}

  get since(): number {
    return this.first === undefined ? Infinity : this.first.since
  }

  get empty(): boolean {
    return this.open === 0 && this.queued === 0
  }

  /** Joins the queue: at its end, or at its head if it had a connection and lost it. */
  join(exchange: S, since: number, atHead: boolean): Waiter<S, C> {
    const waiter = new Waiter<S, C>(exchange, this, since)
    const { first, last } = this
    if (first === undefined || last === undefined) this.first = this.last = waiter
    else if (atHead) {
      waiter.next = first
      this.first = first.previous = waiter
    } else {
      waiter.previous = last
      this.last = last.next = waiter
    }
    this.queued++
    return waiter
  }

  /** Leaves the queue. Only for a waiter that is in it. */
  leave(waiter: Waiter<S, C>): void {
    if (waiter.previous === undefined) this.first = waiter.next
    else waiter.previous.next = waiter.next
    if (waiter.next === undefined) this.last = waiter.previous
    else waiter.next.previous = waiter.previous
    this.queued--
  }

  /** The waiter at the head; it stays in the queue. */
  get head(): Waiter<S, C> | undefined {
    return this.first
  }

  *[Symbol.iterator](): Iterator<Waiter<S, C>> {
    let waiter = this.first
    while (waiter !== undefined) {
      const { next } = waiter
      yield waiter
      waiter = next
    }
  }
}
