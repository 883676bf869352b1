/**
 * What a pool holds under one key: idle connections, and requests that wait for one.
 *
 * Counts and lists only; who gets what is decided in `pool/`, and done by the pool that owns it.
 */
import type { WaitingKey } from "../pool/index.js"
import type { ClientConnection } from "./clientConnection.js"
import type { Served } from "./clientLoan.js"

/** A place in a queue. */
export class Waiter {
  previous: Waiter | undefined = undefined
  next: Waiter | undefined = undefined

  constructor(
    readonly exchange: Served,
    readonly bucket: Bucket,
    /** ms. */
    readonly since: number
  ) {}
}

export class Bucket implements WaitingKey {
  /** Connections in use, idle and being made; those that close do not count: they serve nobody. */
  open = 0
  /** In the order in which they became idle. */
  readonly idle: Array<ClientConnection> = []
  /** Requests that wait. */
  queued = 0
  private first: Waiter | undefined = undefined
  private last: Waiter | undefined = undefined

  /**
   * `told`: the key as others may read it, without what is secret. `counted`: whether its connections count against the
   * limits.
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

  /** Joins the queue: at its end, or at its head for a request that had its turn and lost it. */
  join(exchange: Served, since: number, atHead: boolean): Waiter {
    const waiter = new Waiter(exchange, this, since)
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

  /** Leaves the queue. Only for one that is in it. */
  leave(waiter: Waiter): void {
    if (waiter.previous === undefined) this.first = waiter.next
    else waiter.previous.next = waiter.next
    if (waiter.next === undefined) this.last = waiter.previous
    else waiter.next.previous = waiter.previous
    this.queued--
  }

  /** Whoever has waited longest; stays in the queue. */
  get head(): Waiter | undefined {
    return this.first
  }

  *[Symbol.iterator](): Iterator<Waiter> {
    let waiter = this.first
    while (waiter !== undefined) {
      const { next } = waiter
      yield waiter
      waiter = next
    }
  }
}
