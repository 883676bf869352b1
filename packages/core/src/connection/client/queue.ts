/**
 * The idle connections and the queued requests of one key of a pool. This class keeps the lists and counts;
 * the pool makes the decisions.
 */
import type { WaitingKey } from "../../pool/index.js"

/** An entry of the queue, in which a request `S` waits for a connection `C`. */
export class Waiter<S, C> {
  previous: Waiter<S, C> | undefined = undefined
  next: Waiter<S, C> | undefined = undefined

  constructor(
    readonly exchange: S,
    readonly bucket: Bucket<S, C>,
    /** Time (ms) at which the request entered the queue. */
    readonly since: number
  ) {}
}

/** The idle connections `C` of a key, and the queue of requests `S` that wait for a connection. */
export class Bucket<S, C> implements WaitingKey {
  /** Number of connections in use, idle or being established. Closing connections do not count. */
  open = 0
  /** Idle connections, in the order in which they became idle. */
  readonly idle: Array<C> = []
  /** Length of the queue. */
  queued = 0
  private first: Waiter<S, C> | undefined = undefined
  private last: Waiter<S, C> | undefined = undefined

  /**
   * `shownKey` is the key without its secrets. `counted` states whether connections of this key count against
   * the limits.
   */
  constructor(
    readonly key: string,
    readonly shownKey: string,
    readonly counted: boolean
  ) {}

  get since(): number {
    return this.first === undefined ? Infinity : this.first.since
  }

  get empty(): boolean {
    return this.open === 0 && this.queued === 0
  }

  /**
   * Appends a request to the queue. If `atHead` is `true`, puts the request at the head, because it has lost
   * a connection.
   */
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

  /** Removes a waiter that is in the queue. */
  leave(waiter: Waiter<S, C>): void {
    if (waiter.previous === undefined) this.first = waiter.next
    else waiter.previous.next = waiter.next
    if (waiter.next === undefined) this.last = waiter.previous
    else waiter.next.previous = waiter.previous
    this.queued--
  }

  /** The waiter at the head of the queue. */
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
