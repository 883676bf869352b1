/**
 * The connections of one agent: made where the limits allow it, kept between exchanges, closed when their time is over;
 * and the requests that wait for one.
 *
 * What is decided is decided in `pool/`; this owns the connections and does it. After `close` nothing is left: no
 * connection, fiber or timer.
 */
import type { GivenUp, RequestLoss } from "../../model/loss.js"
import {
  admit,
  agesAt,
  choose,
  keepAliveHint,
  mayGoOn,
  nextFair,
  retain,
  type AgePolicy,
  type ConnectionLimits,
  type KeepAlivePolicy,
  type Scheduling
} from "../../pool/index.js"
import type { Timers } from "../../seams/timers.js"
import type { Transport } from "../../seams/transport.js"
import type { ParserOptions } from "../../wire/index.js"
import { Alarm } from "./alarm.js"
import { ClientConnection } from "./connection.js"
import type { CloseReason, ConnectionFacts, KeyState } from "./events.js"
import type { TimeLimits } from "./limits.js"
import {
  toldKey,
  type Connecting,
  type Connector,
  type Home,
  type Keeper,
  type Opening,
  type Pooled,
  type Request,
  type Served,
  type Upload
} from "./ports.js"
import { Bucket, type Waiter } from "./queue.js"
import { Watch, type EventSink } from "./watch.js"

export interface PoolOptions {
  readonly policy: KeepAlivePolicy
  readonly limits: ConnectionLimits
  readonly scheduling: Scheduling
  readonly age: AgePolicy
  /** Delay of the first TCP keep-alive probe, ms. */
  readonly keepAliveMsecs: number
  /** What is limited unless a client or a request says otherwise. */
  readonly timeouts: TimeLimits | undefined
}

type Key = Bucket<Served, Pooled>
type Place = Waiter<Served, Pooled>

/** A connection being made, and for which request. */
class Attempt implements Connecting, Opening {
  over = false
  cancel = nothing
  private waiting: (() => void) | undefined = undefined

  constructor(
    private readonly pool: ClientPool,
    readonly exchange: Served,
    readonly bucket: Key
  ) {}

  enter(step: "connect" | "secure"): void {
    this.exchange.watch?.enter(step)
  }

  done(transport: Transport, parser: ParserOptions): void {
    this.end()
    this.pool.opened(this, transport, parser)
  }

  failed(loss: RequestLoss): void {
    this.end()
    this.pool.notOpened(this, loss)
  }

  whenOver(f: () => void): void {
    if (this.over) f()
    else this.waiting = f
  }

  private end(): void {
    this.over = true
    this.waiting?.()
  }
}

const nothing = () => {}

const none: KeyState = { open: 0, idle: 0, queued: 0 }

/** Why the pool ends everything. */
export const closedCode = "ERR_HTTPFX_CLIENT_CLOSED"

/** Milliseconds that a peer has to close its side after we closed ours. */
const lingerTime = 1_000

export class ClientPool implements Home, Keeper {
  private readonly buckets = new Map<string, Key>()
  /** Those with a queue. */
  private readonly queues = new Set<Key>()
  private readonly connections = new Set<Pooled>()
  private readonly attempts = new Set<Attempt>()
  /** Connections that count against the limit of all keys, and those of them that are idle. */
  private total = 0
  private idle = 0
  /** How many connections were closed, and why. */
  private readonly closedBy = new Map<CloseReason, number>()
  private closed = false
  /** Connections made so far. */
  private made = 0
  private emptied: (() => void) | undefined = undefined
  private readonly alarm: Alarm

  /** `timers` should not keep a process alive. */
  constructor(
    private readonly connector: Connector,
    readonly timers: Timers,
    readonly events: EventSink,
    private readonly options: PoolOptions
  ) {
    this.alarm = new Alarm(timers, this.sweep)
  }

  get keepAlive(): boolean {
    return this.options.policy.keepAlive
  }

  get timeouts(): TimeLimits | undefined {
    return this.options.timeouts
  }

  // ---- what there is

  /** Connections in being, those of them that are idle, and connections being made. */
  get counts(): { readonly open: number; readonly idle: number; readonly connecting: number } {
    return { open: this.connections.size, idle: this.idle, connecting: this.attempts.size }
  }

  get queued(): number {
    let queued = 0
    for (const bucket of this.queues) queued += bucket.queued
    return queued
  }

  get closings(): ReadonlyMap<CloseReason, number> {
    return this.closedBy
  }

  /** Per key: all connections that serve or can serve, those that are idle, and requests that wait. */
  get keys(): ReadonlyMap<string, KeyState> {
    const keys = new Map<string, KeyState>()
    for (const { told, open, idle, queued } of this.buckets.values()) {
      const others = keys.get(told) ?? none
      keys.set(told, {
        open: others.open + open,
        idle: others.idle + idle.length,
        queued: others.queued + queued
      })
    }
    return keys
  }

  // ---- a request comes

  /**
   * Finds a connection for a request: an idle one, a new one, or the one that becomes free first. `again`: the
   * connection that it had has died; only a fresh one will do, and it goes to the head of the queue.
   */
  serve(exchange: Served, again = false): void {
    if (this.closed) return exchange.fail(clientClosed(exchange))
    const { origin, alone } = exchange.request
    if (alone) return this.connect(exchange, new Bucket(origin.key, toldKey(origin), false))
    let bucket = this.buckets.get(origin.key)
    if (bucket === undefined) {
      this.buckets.set(origin.key, (bucket = new Bucket(origin.key, toldKey(origin), true)))
    }
    const connection = again ? undefined : this.takeIdle(bucket)
    if (connection !== undefined) return this.reuse(exchange, connection)
    const { open, idle } = bucket
    const admission = admit(
      { open, total: this.total, idleElsewhere: this.idle - idle.length },
      this.options.limits
    )
    if (admission._tag === "Wait") return this.enqueue(exchange, bucket, again)
    this.connect(exchange, bucket)
    if (admission._tag === "Replace") this.oldestIdle(bucket).retire("MadeRoom")
  }

  /**
   * Gives a connection that has served before to a request. One that could not be sent again has to wait until a FIN that has come by now,
   * of a server that answered and closed, was read: the connection is then none any more, and the request gets another.
   */
  private reuse(exchange: Served, connection: Pooled): void {
    if (exchange.resendable) return exchange.begin(connection)
    connection.next = exchange
    this.timers.turn(() => connection.rested(exchange))
  }

  private takeIdle(bucket: Key): Pooled | undefined {
    const { idle } = bucket
    if (idle.length === 0) return undefined
    const choice = choose(idle, this.options.scheduling, this.timers.now(), isUsable)
    if (choice._tag === "Reuse") {
      const { connection, index } = choice
      if (index === idle.length - 1) idle.pop()
      else idle.splice(index, 1)
      this.idle--
      connection.transport.ref()
      return connection
    }
    // The timer is late, or time stood still while the process was suspended; or they have failed, and will tell so when
    // reading has ended.
    for (const connection of [...idle]) {
      if (connection.transport.writable) connection.retire(connection.expiresBy)
      else connection.cut("Failed")
    }
    return undefined
  }

  private oldestIdle(except: Key): Pooled {
    let oldest: Pooled | undefined
    for (const bucket of this.buckets.values()) {
      const first = bucket === except ? undefined : bucket.idle[0]
      if (first !== undefined && (oldest === undefined || first.idleSince < oldest.idleSince)) oldest = first
    }
    return oldest as Pooled
  }

  // ---- requests that wait

  private enqueue(exchange: Served, bucket: Key, atHead: boolean): void {
    exchange.waiter = bucket.join(exchange, this.timers.now(), atHead)
    this.queues.add(bucket)
    exchange.watch?.enter("queue")
    exchange.watch?.tell({ _tag: "Queued" })
  }

  /** The request waits no longer: it has its turn, or was given up. */
  leave(waiter: Place): void {
    const { bucket } = waiter
    waiter.exchange.waiter = undefined
    bucket.leave(waiter)
    if (bucket.queued > 0) return
    this.queues.delete(bucket)
    this.drop(bucket)
  }

  /** There is room for a connection: those who wait get it. */
  private grant(): void {
    const { limits } = this.options
    while (this.queues.size > 0 && this.total < limits.maxTotalSockets) {
      const waiter = nextFair(this.queues, undefined, limits)?.head
      if (waiter === undefined) return
      this.leave(waiter)
      this.connect(waiter.exchange, waiter.bucket)
    }
  }

  // ---- a connection is made

  private connect(exchange: Served, bucket: Key): void {
    // `leave` may have dropped it as empty.
    if (bucket.counted) {
      this.buckets.set(bucket.key, bucket)
      this.total++
    }
    bucket.open++
    const { origin } = exchange.request
    exchange.watch?.enter("resolve")
    exchange.watch?.tell({ _tag: "Connecting" })
    const attempt = new Attempt(this, exchange, bucket)
    const cancel = this.connector.connect(origin, attempt)
    if (attempt.over) return
    attempt.cancel = cancel
    exchange.attempt = attempt
    this.attempts.add(attempt)
  }

  /** An attempt has succeeded. */
  opened(attempt: Attempt, transport: Transport, parser: ParserOptions): void {
    const { bucket, exchange } = attempt
    this.forget(attempt)
    const connection = this.own(transport, bucket, parser)
    if (exchange.over) connection.cut("Interrupted")
    else exchange.begin(connection)
    this.checkEmpty()
  }

  /** An attempt has failed. */
  notOpened(attempt: Attempt, loss: RequestLoss): void {
    const { bucket, exchange } = attempt
    this.forget(attempt)
    this.free(bucket)
    if (!exchange.over) exchange.notConnected(loss)
    this.checkEmpty()
  }

  private forget(attempt: Attempt): void {
    this.attempts.delete(attempt)
    attempt.exchange.attempt = undefined
  }

  private own(transport: Transport, bucket: Key, parser: ParserOptions): Pooled {
    const { age, keepAliveMsecs, policy } = this.options
    const connection = new ClientConnection(transport, bucket, this, parser, ++this.made)
    if (age.maxAge !== Infinity) connection.agesAt = agesAt(this.timers.now(), age, Math.random())
    if (policy.keepAlive && bucket.counted) transport.keepAlive(true, keepAliveMsecs)
    this.connections.add(connection)
    return connection
  }

  // ---- an exchange ends

  /** A connection whose exchange has ended and that can be used again. `keepAlive`: that field of its response. */
  release(connection: Pooled, keepAlive: string | undefined): void {
    const { bucket } = connection
    if (this.closed) return connection.retire("Draining")
    const now = this.timers.now()
    if (this.queues.size > 0 && bucket.counted) {
      const next = nextFair(this.queues, bucket.key, this.options.limits)
      if (next !== undefined) {
        if (next !== bucket) return connection.retire("MadeRoom")
        if (!mayGoOn(connection.agesAt, now)) return connection.retire("MaxAge")
        const waiter = next.head as Place
        this.leave(waiter)
        return this.reuse(waiter.exchange, connection)
      }
    }
    const kept = retain(
      {
        now,
        free: bucket.idle.length,
        crowded: false,
        hint: keepAlive === undefined ? undefined : keepAliveHint(keepAlive),
        agesAt: connection.agesAt
      },
      this.options.policy
    )
    if (kept._tag === "Close") return connection.retire(kept.reason)
    connection.idleSince = now
    connection.usableUntil = kept.until
    connection.expiresBy = kept.then
    connection.transport.unref()
    bucket.idle.push(connection)
    this.idle++
    if (this.events.listening) this.events.publish({ _tag: "Idle", ...this.told(connection) })
    this.alarm.set(kept.until)
  }

  /** The connection closes: it serves no one any more, and somebody else may have its place. */
  closing(connection: Pooled, reason: CloseReason): void {
    if (connection.closingSince !== Infinity) return
    const { bucket } = connection
    const at = bucket.idle.indexOf(connection)
    if (at >= 0) {
      bucket.idle.splice(at, 1)
      this.idle--
    }
    // First, so that the request is at the head of the queue for the place that becomes free.
    const { next } = connection
    connection.next = undefined
    if (next?.over === false) this.serve(next, true)
    this.closedBy.set(reason, (this.closedBy.get(reason) ?? 0) + 1)
    connection.closingSince = this.timers.now()
    if (this.events.listening) {
      const age = connection.closingSince - connection.madeAt
      this.events.publish({ _tag: "Closed", ...this.told(connection), age, reason })
    }
    connection.transport.unref()
    if (!this.closed) this.alarm.set(connection.closingSince + lingerTime)
    this.free(bucket)
  }

  private told({ address, bucket, exchanges, number }: Pooled): ConnectionFacts {
    return { at: this.events.wallTime(), key: bucket.told, connection: number, address, exchanges }
  }

  /** The connection is another protocol's, and its user's, from now on. */
  surrender(connection: Pooled): void {
    connection.closingSince = this.timers.now()
    this.connections.delete(connection)
    if (this.events.listening) this.events.publish({ _tag: "HandedOver", ...this.told(connection) })
    this.free(connection.bucket)
    this.checkEmpty()
  }

  /** The connection is over. */
  remove(connection: Pooled): void {
    this.connections.delete(connection)
    this.checkEmpty()
  }

  private free(bucket: Key): void {
    bucket.open--
    if (!bucket.counted) return
    this.total--
    this.drop(bucket)
    this.grant()
  }

  private drop(bucket: Key): void {
    if (bucket.empty) this.buckets.delete(bucket.key)
  }

  // ---- time

  /** `undefined`: it has no limits, and nobody listens. */
  watch(request: Request): Watch | undefined {
    if (request.limits === undefined && !this.events.listening) return undefined
    const hub = this.events.listening ? this.events : undefined
    const subject = { key: toldKey(request.origin), method: request.method, path: request.path }
    return new Watch(request.limits, hub, subject, this.now, this.arm)
  }

  private readonly now = (): number => this.timers.now()
  private readonly arm = (deadline: number): void => this.alarm.set(deadline)

  /** A response is left unread from now on; it may stay so for a while. */
  watchUnread(limit: number): number {
    const now = this.timers.now()
    this.alarm.set(now + limit)
    return now
  }

  private readonly sweep = (now: number): number => {
    let next = Infinity
    const look = ({ watch, over }: Served): boolean => {
      if (over || watch === undefined) return false
      if (watch.due <= now) return true
      next = Math.min(next, watch.due)
      return false
    }
    for (const bucket of [...this.queues])
      for (const { exchange } of bucket) if (look(exchange)) exchange.timeOut()
    for (const { exchange } of this.attempts) if (look(exchange)) exchange.timeOut()
    for (const connection of this.connections) {
      if (connection.deadline(lingerTime) <= now) connection.expire(now)
      next = Math.min(next, connection.deadline(lingerTime))
    }
    return next
  }

  // ---- the end

  /**
   * Ends everything: requests under way fail and their connections are reset, idle ones are closed. `each` is told of the uploads
   * that were stopped.
   */
  close(each: (upload: Upload) => void): void {
    this.closed = true
    this.alarm.stop()
    for (const bucket of [...this.queues])
      for (const waiter of bucket) {
        this.leave(waiter)
        waiter.exchange.fail(clientClosed(waiter.exchange))
      }
    for (const attempt of this.attempts) {
      attempt.exchange.fail(clientClosed(attempt.exchange))
      attempt.cancel()
    }
    for (const connection of this.connections) {
      const { exchange } = connection
      if (exchange?.upload !== undefined) each(exchange.upload)
      if (exchange === undefined) connection.recall()
      else exchange.giveUp(closedCode, closedReason, "Draining")
    }
  }

  /** Resets what `close` has left: peers that do not close their side. */
  reset(): void {
    this.connections.forEach((connection) => connection.cut("Draining"))
  }

  /** Calls once nothing is left, after `close`; possibly at once. */
  whenEmpty(f: () => void): void {
    this.emptied = f
    this.checkEmpty()
  }

  private checkEmpty(): void {
    if (this.emptied !== undefined && this.connections.size === 0 && this.attempts.size === 0) this.emptied()
  }
}

const isUsable = (connection: Pooled, now: number): boolean =>
  now < connection.usableUntil && connection.transport.writable

const closedReason = "the client has been closed"

const clientClosed = ({ taken }: Served): GivenUp => ({
  _tag: "GivenUp",
  code: closedCode,
  reason: closedReason,
  phase: "connect",
  written: taken
})
