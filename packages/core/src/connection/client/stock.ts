/**
 * All connections of a pool, the idle connections and queued requests of each key, and the counts.
 *
 * This class makes no decisions. The rules of `pool/` choose a connection, and `pool.ts` opens and closes
 * connections.
 */
import { choose, type Scheduling } from "../../pool/index.js"
import type { ClientCloseReason, KeyState } from "./events.js"
import { shownKeyOf, type Destination, type Pooled, type Served } from "./ports.js"
import { Bucket, type Waiter } from "./queue.js"

/** The connections to one destination, and the requests queued for it. */
export type Key = Bucket<Served, Pooled>

/** An entry in the queue of a key. */
export type Place = Waiter<Served, Pooled>

const none: KeyState = { open: 0, idle: 0, queued: 0 }

export class Stock {
  readonly connections = new Set<Pooled>()
  /** Keys that have queued requests. */
  readonly queues = new Set<Key>()
  /** Number of connections of all keys that count against the limits. */
  total = 0
  /** Number of idle connections of all keys. */
  idle = 0
  private readonly buckets = new Map<string, Key>()
  private readonly closedBy = new Map<ClientCloseReason, number>()

  get queued(): number {
    let queued = 0
    for (const bucket of this.queues) queued += bucket.queued
    return queued
  }

  /** Number of connections closed so far, by reason. */
  get closings(): ReadonlyMap<ClientCloseReason, number> {
    return this.closedBy
  }

  /** For each key, the numbers of open connections, idle connections and queued requests. */
  get keys(): ReadonlyMap<string, KeyState> {
    const keys = new Map<string, KeyState>()
    for (const { shownKey, open, idle, queued } of this.buckets.values()) {
      const others = keys.get(shownKey) ?? none
      keys.set(shownKey, {
        open: others.open + open,
        idle: others.idle + idle.length,
        queued: others.queued + queued
      })
    }
    return keys
  }

  closedFor(reason: ClientCloseReason): void {
    this.closedBy.set(reason, (this.closedBy.get(reason) ?? 0) + 1)
  }

  // ---- keys

  bucketOf(to: Destination): Key {
    let bucket = this.buckets.get(to.key)
    if (bucket === undefined) this.buckets.set(to.key, (bucket = new Bucket(to.key, shownKeyOf(to), true)))
    return bucket
  }

  /** Counts a connection under its key, before the connection is established. */
  occupy(bucket: Key): void {
    bucket.open++
    if (!bucket.counted) return
    // `leave` may have removed the empty bucket, so add the bucket again.
    this.buckets.set(bucket.key, bucket)
    this.total++
  }

  /** Removes a connection from the counts. Returns whether the connection counted against the limits. */
  vacate(bucket: Key): boolean {
    bucket.open--
    if (!bucket.counted) return false
    this.total--
    this.forget(bucket)
    return true
  }

  private forget(bucket: Key): void {
    if (bucket.empty) this.buckets.delete(bucket.key)
  }

  // ---- idle connections

  keep(connection: Pooled): void {
    connection.transport.unref()
    connection.bucket.idle.push(connection)
    this.idle++
  }

  /**
   * Chooses an idle connection, removes it from the idle list and returns it. Returns `undefined` if no idle
   * connection is usable.
   */
  take({ idle }: Key, scheduling: Scheduling, now: number): Pooled | undefined {
    const choice = choose(idle, scheduling, now, isUsable)
    if (choice._tag === "None") return undefined
    const { connection, index } = choice
    if (index === idle.length - 1) idle.pop()
    else idle.splice(index, 1)
    this.idle--
    connection.transport.ref()
    return connection
  }

  /** Removes a closing connection from the idle list. */
  drop(connection: Pooled): void {
    const { idle } = connection.bucket
    const at = idle.indexOf(connection)
    if (at < 0) return
    idle.splice(at, 1)
    this.idle--
  }

  /** Returns the longest idle connection of all keys except `except`. */
  oldestIdle(except: Key): Pooled | undefined {
    let oldest: Pooled | undefined
    for (const bucket of this.buckets.values()) {
      const first = bucket === except ? undefined : bucket.idle[0]
      if (first !== undefined && (oldest === undefined || first.idleSince < oldest.idleSince)) oldest = first
    }
    return oldest
  }

  // ---- the queue

  join(exchange: Served, bucket: Key, now: number, atHead: boolean): void {
    exchange.waiter = bucket.join(exchange, now, atHead)
    this.queues.add(bucket)
  }

  /** Removes a request from the queue, because the request got a connection or was aborted. */
  leave(waiter: Place): void {
    const { bucket } = waiter
    waiter.exchange.waiter = undefined
    bucket.leave(waiter)
    if (bucket.queued > 0) return
    this.queues.delete(bucket)
    this.forget(bucket)
  }
}

const isUsable = (connection: Pooled, now: number): boolean =>
  now < connection.usableUntil && connection.transport.writable
