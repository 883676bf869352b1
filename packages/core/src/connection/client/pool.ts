/**
 * The pool of an agent, which opens connections within the limits, queues further requests, keeps idle
 * connections and closes expired connections.
 *
 * The rules are in `src/pool/`. This class owns the connections and applies the rules. `close` must leave no
 * connection and no timer behind.
 */
import type { GivenUp, RequestLoss } from "../../model/loss.js"
import {
  admit,
  agesAt,
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
import { Attempt } from "./attempt.js"
import { ClientConnection } from "./connection.js"
import type { ClientCloseReason, ConnectionFacts, KeyState } from "./events.js"
import type { TimeLimits } from "./limits.js"
import {
  shownKeyOf,
  type Connector,
  type Home,
  type Keeper,
  type Pooled,
  type Request,
  type Served,
  type Upload
} from "./ports.js"
import { Bucket } from "./queue.js"
import { Stock, type Key, type Place } from "./stock.js"
import { Watch, type EventSink } from "./watch.js"

export interface PoolOptions {
  readonly policy: KeepAlivePolicy
  readonly limits: ConnectionLimits
  readonly scheduling: Scheduling
  readonly age: AgePolicy
  /** Delay of the first TCP keep-alive probe, ms. */
  readonly keepAliveMsecs: number
  /** Default time limits, used if neither the request nor its client sets limits. */
  readonly timeouts: TimeLimits | undefined
}

/** Error code of exchanges that fail because the pool closes. */
const closedCode = "ERR_HTTPFX_CLIENT_CLOSED"

/** Time that a peer has to close its side after our FIN, ms. */
const lingerTime = 1_000

export class ClientPool implements Home, Keeper {
  private readonly stock = new Stock()
  private readonly attempts = new Set<Attempt>()
  private closed = false
  /** Number of connections created so far. */
  private made = 0
  private emptied: (() => void) | undefined = undefined
  private readonly alarm: Alarm

  /** The timers that `timers` sets should not keep the process alive. */
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

  // ---- state

  /**
   * `open` is the number of connections that have not closed. `idle` is the number of idle connections among
   * them. `connecting` is the number of attempts to connect.
   */
  get counts(): { readonly open: number; readonly idle: number; readonly connecting: number } {
    return { open: this.stock.connections.size, idle: this.stock.idle, connecting: this.attempts.size }
  }

  get queued(): number {
    return this.stock.queued
  }

  /** Number of connections closed so far, by reason. */
  get closings(): ReadonlyMap<ClientCloseReason, number> {
    return this.stock.closings
  }

  /** For each key, the numbers of open connections, idle connections and queued requests. */
  get keys(): ReadonlyMap<string, KeyState> {
    return this.stock.keys
  }

  // ---- requests

  /**
   * Serves a request on an idle connection, on a new connection, or on the first connection that is released.
   * `again` states whether the request has already lost a connection. Such a request skips idle connections
   * and goes to the head of the queue.
   */
  serve(exchange: Served, again = false): void {
    if (this.closed) return exchange.fail(clientClosed(exchange))
    const { origin, alone } = exchange.request
    if (alone) return this.connect(exchange, new Bucket(origin.key, shownKeyOf(origin), false))
    const { stock } = this
    const bucket = stock.bucketOf(origin)
    const connection = again ? undefined : this.takeIdle(bucket)
    if (connection !== undefined) return this.reuse(exchange, connection)
    const { open, idle } = bucket
    const admission = admit(
      { open, total: stock.total, idleElsewhere: stock.idle - idle.length },
      this.options.limits
    )
    if (admission._tag === "Wait") return this.enqueue(exchange, bucket, again)
    this.connect(exchange, bucket)
    // Search for an idle connection after `connect`, because `connect` may call back and change the idle
    // lists.
    if (admission._tag === "Replace") stock.oldestIdle(bucket)?.retire("MadeRoom")
  }

  /**
   * Gives a request a connection that has already served an exchange. A request that cannot be resent first
   * waits one turn of the event loop. If the server has sent FIN, that turn reads the FIN, and the request
   * gets another connection.
   */
  private reuse(exchange: Served, connection: Pooled): void {
    if (exchange.resendable) return exchange.begin(connection)
    connection.next = exchange
    this.timers.turn(() => connection.rested(exchange))
  }

  private takeIdle(bucket: Key): Pooled | undefined {
    const { idle } = bucket
    if (idle.length === 0) return undefined
    const connection = this.stock.take(bucket, this.options.scheduling, this.timers.now())
    if (connection !== undefined) return connection
    // End all idle connections, because all are unusable. Each connection has expired while the timer was
    // late (for instance after a suspend), or has failed and not yet reported `close`.
    for (const unusable of [...idle]) {
      if (unusable.transport.writable) unusable.retire(unusable.expiresBy)
      else unusable.cut("Failed")
    }
    return undefined
  }

  // ---- the queue

  private enqueue(exchange: Served, bucket: Key, atHead: boolean): void {
    this.stock.join(exchange, bucket, this.timers.now(), atHead)
    exchange.watch?.enter("queue")
    exchange.watch?.report({ _tag: "Queued" })
  }

  leave(waiter: Place): void {
    this.stock.leave(waiter)
  }

  /** Opens connections for queued requests while the limits permit. */
  private grant(): void {
    const { options, stock } = this
    const { limits } = options
    while (stock.queues.size > 0 && stock.total < limits.maxTotalSockets) {
      const waiter = nextFair(stock.queues, undefined, limits)?.head
      if (waiter === undefined) return
      this.leave(waiter)
      this.connect(waiter.exchange, waiter.bucket)
    }
  }

  // ---- connecting

  private connect(exchange: Served, bucket: Key): void {
    this.stock.occupy(bucket)
    const { origin } = exchange.request
    exchange.watch?.enter("resolve")
    exchange.watch?.report({ _tag: "Connecting" })
    const attempt = new Attempt(this, exchange, bucket)
    const cancel = this.connector.connect(origin, attempt)
    if (attempt.over) return
    attempt.cancel = cancel
    exchange.attempt = attempt
    this.attempts.add(attempt)
  }

  /** Starts the exchange on its new connection. If the exchange is over, resets the connection. */
  opened(attempt: Attempt, transport: Transport, parser: ParserOptions): void {
    const { bucket, exchange } = attempt
    this.forget(attempt)
    const connection = this.own(transport, bucket, parser)
    if (exchange.over) connection.cut("Interrupted")
    else exchange.begin(connection)
    this.checkEmpty()
  }

  /** Frees the slot of a failed attempt, and fails its exchange. */
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
    this.stock.connections.add(connection)
    return connection
  }

  // ---- the end of an exchange

  /**
   * Takes a reusable connection back after a complete exchange. `keepAlive` is the `Keep-Alive` field of the
   * response.
   */
  release(connection: Pooled, keepAlive: string | undefined): void {
    const { bucket } = connection
    if (this.closed) return connection.retire("Draining")
    const now = this.timers.now()
    const { queues } = this.stock
    if (queues.size > 0 && bucket.counted) {
      const next = nextFair(queues, bucket.key, this.options.limits)
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
    this.stock.keep(connection)
    if (this.events.listening) this.events.publish({ _tag: "Idle", ...this.factsOf(connection) })
    this.alarm.set(kept.until)
  }

  /** Frees the slot of a connection that starts to close. The connection gets no further request. */
  closing(connection: Pooled, reason: ClientCloseReason): void {
    if (connection.closingSince !== Infinity) return
    this.stock.drop(connection)
    // Serve `next` before the call of `free`, so that `next` is at the head of the queue when the slot
    // becomes free.
    const { next } = connection
    connection.next = undefined
    if (next?.over === false) this.serve(next, true)
    this.stock.closedFor(reason)
    connection.closingSince = this.timers.now()
    if (this.events.listening) {
      const age = connection.closingSince - connection.madeAt
      this.events.publish({ _tag: "Closed", ...this.factsOf(connection), age, reason })
    }
    connection.transport.unref()
    if (!this.closed) this.alarm.set(connection.closingSince + lingerTime)
    this.free(connection.bucket)
  }

  private factsOf({ address, bucket, exchanges, number }: Pooled): ConnectionFacts {
    return { at: this.events.wallTime(), key: bucket.shownKey, connection: number, address, exchanges }
  }

  /** Removes a connection that was handed over. */
  surrender(connection: Pooled): void {
    connection.closingSince = this.timers.now()
    this.stock.connections.delete(connection)
    if (this.events.listening) this.events.publish({ _tag: "HandedOver", ...this.factsOf(connection) })
    this.free(connection.bucket)
    this.checkEmpty()
  }

  /** Removes a connection that has closed. */
  remove(connection: Pooled): void {
    this.stock.connections.delete(connection)
    this.checkEmpty()
  }

  private free(bucket: Key): void {
    if (this.stock.vacate(bucket)) this.grant()
  }

  // ---- time

  /**
   * Creates the `Watch` that measures the steps of a request. Returns `undefined` if the request has no time
   * limits and the pool has no observers.
   */
  watch(request: Request): Watch | undefined {
    if (request.limits === undefined && !this.events.listening) return undefined
    const hub = this.events.listening ? this.events : undefined
    const subject = { key: shownKeyOf(request.origin), method: request.method, path: request.path }
    return new Watch(request.limits, request.spent, hub, subject, this.now, this.arm)
  }

  private readonly now = (): number => this.timers.now()
  private readonly arm = (deadline: number): void => this.alarm.set(deadline)

  /** Starts the unread timeout of a response (`limit` in ms). Returns the current time. */
  watchUnread(limit: number): number {
    const now = this.timers.now()
    this.alarm.set(now + limit)
    return now
  }

  private readonly sweep = (now: number): number => {
    let next = Infinity
    const isLate = ({ watch, over }: Served): boolean => {
      if (over || watch === undefined) return false
      if (watch.due <= now) return true
      next = Math.min(next, watch.due)
      return false
    }
    for (const bucket of [...this.stock.queues])
      for (const { exchange } of bucket) if (isLate(exchange)) exchange.timeOut()
    for (const { exchange } of this.attempts) if (isLate(exchange)) exchange.timeOut()
    for (const connection of this.stock.connections) {
      if (connection.deadline(lingerTime) <= now) connection.expire(now)
      next = Math.min(next, connection.deadline(lingerTime))
    }
    return next
  }

  // ---- closing the pool

  /**
   * Aborts all exchanges and resets their connections. Closes idle connections by FIN and resets lent
   * connections. Calls `each` with every upload that is stopped.
   */
  close(each: (upload: Upload) => void): void {
    this.closed = true
    this.alarm.stop()
    for (const bucket of [...this.stock.queues])
      for (const waiter of bucket) {
        this.leave(waiter)
        waiter.exchange.fail(clientClosed(waiter.exchange))
      }
    for (const attempt of this.attempts) {
      attempt.exchange.fail(clientClosed(attempt.exchange))
      attempt.cancel()
    }
    for (const connection of this.stock.connections) {
      const { exchange } = connection
      if (exchange?.upload !== undefined) each(exchange.upload)
      if (exchange === undefined) connection.recall()
      else exchange.giveUp(closedCode, closedReason, "Draining")
    }
  }

  /** Resets the connections whose peers have not closed their side. Must be called after `close`. */
  reset(): void {
    this.stock.connections.forEach((connection) => connection.cut("Draining"))
  }

  /**
   * Calls `f` when no connection and no attempt is left, possibly immediately. Call this method after
   * `close`.
   */
  whenEmpty(f: () => void): void {
    this.emptied = f
    this.checkEmpty()
  }

  private checkEmpty(): void {
    if (this.emptied !== undefined && this.stock.connections.size === 0 && this.attempts.size === 0)
      this.emptied()
  }
}

const closedReason = "the client has been closed"

const clientClosed = ({ taken }: Served): GivenUp => ({
  _tag: "GivenUp",
  code: closedCode,
  reason: closedReason,
  phase: "connect",
  written: taken
})
