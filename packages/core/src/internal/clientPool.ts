/**
 * The connections of one client: made when none is idle, kept between exchanges, swept when their time is over.
 *
 * Which connection serves a request is `pool/`'s to say; this owns them and does what was decided. One timer for all
 * of them, armed only while something can expire. After `close` nothing is left: no connection, fiber or timer.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as HttpError from "../HttpError.js"
import type { NetworkService } from "../Network.js"
import { choose, retain, type KeepAlivePolicy, type Origin } from "../pool/index.js"
import type { Timers } from "../Timers.js"
import type { Transport } from "../Transport.js"
import type { ParserOptions } from "../wire/index.js"
import { connect, type OpenError, type TlsFields } from "./clientConnect.js"
import { ClientConnection } from "./clientConnection.js"
import { closedCode } from "./clientError.js"
import type { ClientExchange } from "./clientExchange.js"

export interface PoolOptions {
  readonly policy: KeepAlivePolicy
  /** Milliseconds that a body may be left unread. */
  readonly unreadTimeout: number
  readonly tls: TlsFields
  readonly parser: ParserOptions
}

/** Milliseconds that a peer has to close its side after we closed ours. */
const lingerTime = 1_000
/** The same when the client itself is closed. */
const closeTime = 100

export class ClientPool {
  private readonly idle = new Map<string, Array<ClientConnection>>()
  private readonly connections = new Set<ClientConnection>()
  private readonly attempts = new Map<Fiber.RuntimeFiber<Transport, OpenError>, ClientExchange>()
  private closed = false
  private armedFor = Infinity
  private disarm: (() => void) | undefined = undefined
  private emptied: (() => void) | undefined = undefined

  constructor(
    private readonly network: NetworkService,
    private readonly timers: Timers,
    private readonly runtime: Runtime.Runtime<never>,
    private readonly options: PoolOptions
  ) {}

  get keepAlive(): boolean {
    return this.options.policy.keepAlive
  }

  get parserOptions(): PoolOptions["parser"] {
    return this.options.parser
  }

  /** Connections in being, those of them that are idle, and connections being made. */
  get counts(): { readonly open: number; readonly idle: number; readonly connecting: number } {
    let idle = 0
    for (const list of this.idle.values()) idle += list.length
    return { open: this.connections.size, idle, connecting: this.attempts.size }
  }

  /** An idle connection to an origin, no longer idle. */
  take(origin: Origin): ClientConnection | undefined {
    const list = this.idle.get(origin.key)
    if (list === undefined) return undefined
    const choice = choose(list, "lifo", this.timers.now(), inTime)
    if (choice._tag === "Reuse") {
      const { connection } = choice
      list.splice(choice.index, 1)
      // It has failed, and tells so when reading has ended: nothing would be sent, and a request be lost that is whole.
      if (!connection.transport.writable) {
        connection.cut()
        return this.take(origin)
      }
      connection.transport.ref()
      return connection
    }
    // The timer is late, or time stood still while the process was suspended.
    for (const connection of [...list]) connection.retire()
    return undefined
  }

  /** Makes a connection and gives it to the exchange. */
  connect(exchange: ClientExchange): void {
    if (this.closed) return exchange.fail(clientClosed())
    const { origin } = exchange.request
    const fiber = Runtime.runFork(this.runtime, quietly(connect(this.network, origin, this.options.tls)))
    exchange.attempt = fiber
    this.attempts.set(fiber, exchange)
    fiber.addObserver((exit) => {
      this.attempts.delete(fiber)
      exchange.attempt = undefined
      if (Exit.isSuccess(exit)) {
        const connection = new ClientConnection(exit.value, origin, this)
        this.connections.add(connection)
        if (exchange.over) connection.cut()
        else connection.begin(exchange)
      } else if (!exchange.over) exchange.failCause(exit.cause)
      this.checkEmpty()
    })
  }

  /** A connection whose exchange has ended and that can be used again. */
  release(connection: ClientConnection): void {
    const list = this.idle.get(connection.origin.key)
    const ended = { now: this.timers.now(), free: list?.length ?? 0, ...ageless }
    const kept = retain(ended, this.options.policy)
    if (this.closed || kept._tag === "Close") return connection.retire()
    connection.usableUntil = kept.until
    connection.transport.unref()
    if (list === undefined) this.idle.set(connection.origin.key, [connection])
    else list.push(connection)
    this.arm(kept.until)
  }

  /** The connection closes: it serves no one any more. */
  closing(connection: ClientConnection): void {
    this.forget(connection)
    if (connection.closingSince !== Infinity) return
    connection.closingSince = this.timers.now()
    connection.transport.unref()
    if (this.connections.has(connection)) this.arm(connection.closingSince + lingerTime)
  }

  /** The connection is over. */
  remove(connection: ClientConnection): void {
    this.forget(connection)
    this.connections.delete(connection)
    this.checkEmpty()
  }

  private forget(connection: ClientConnection): void {
    const { key } = connection.origin
    const list = this.idle.get(key)
    if (list === undefined) return
    const at = list.indexOf(connection)
    if (at >= 0) list.splice(at, 1)
    if (list.length === 0) this.idle.delete(key)
  }

  /** A response was left unread just now; it may stay so for a while. */
  watchUnread(): number {
    const now = this.timers.now()
    this.arm(now + this.options.unreadTimeout)
    return now
  }

  private deadline(connection: ClientConnection): number {
    if (connection.closingSince !== Infinity) return connection.closingSince + lingerTime
    const { exchange } = connection
    if (exchange === undefined) return connection.usableUntil
    return exchange.response === undefined
      ? Infinity
      : exchange.response.quietSince + this.options.unreadTimeout
  }

  private expire(connection: ClientConnection): void {
    const { exchange } = connection
    if (exchange !== undefined) {
      exchange.giveUp(
        "ERR_HTTPFX_BODY_UNREAD",
        `nobody read the response for ${this.options.unreadTimeout} ms`
      )
    } else if (connection.closingSince === Infinity) connection.retire()
    else connection.cut()
  }

  private arm(deadline: number): void {
    if (deadline >= this.armedFor || this.closed) return
    this.disarm?.()
    this.armedFor = deadline
    this.disarm = this.timers.at(deadline, this.sweep)
  }

  private readonly sweep = (): void => {
    this.armedFor = Infinity
    this.disarm = undefined
    const now = this.timers.now()
    let next = Infinity
    for (const connection of this.connections) {
      if (this.deadline(connection) <= now) this.expire(connection)
      next = Math.min(next, this.deadline(connection))
    }
    if (next !== Infinity) this.arm(Math.max(next, now + 1))
  }

  /**
   * Ends everything: requests under way fail and their connections are reset, idle ones are closed, and reset if the
   * peer does not close too. Resolves when all of it is gone.
   */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.closed = true
    this.disarm?.()
    this.disarm = undefined
    const uploads: Array<Effect.Effect<void>> = []
    for (const [fiber, exchange] of this.attempts) {
      exchange.fail(clientClosed())
      fiber.unsafeInterruptAsFork(fiber.id())
    }
    for (const connection of this.connections) {
      const { exchange } = connection
      if (exchange?.upload !== undefined) uploads.push(exchange.upload.stopped)
      if (exchange === undefined) connection.retire()
      else exchange.giveUp(closedCode, clientClosed().reason)
    }
    return Effect.zipRight(Effect.all(uploads, { discard: true }), this.empty)
  })

  private readonly empty = Effect.async<void>((resume) => {
    // Real time: the scope of a client ends even where a test's clock stands still.
    const impatient = setTimeout(() => this.connections.forEach((connection) => connection.cut()), closeTime)
    this.emptied = () => {
      clearTimeout(impatient)
      resume(Effect.void)
    }
    this.checkEmpty()
  })

  private checkEmpty(): void {
    if (this.emptied !== undefined && this.connections.size === 0 && this.attempts.size === 0) this.emptied()
  }
}

const ageless = { crowded: false, hint: undefined, agesAt: Infinity }

const inTime = (connection: ClientConnection, now: number): boolean => now < connection.usableUntil

// A failure is told to the exchange; the fiber's own end is nobody's to log.
const quietly = Effect.withUnhandledErrorLogLevel(Option.none())

const clientClosed = () =>
  new HttpError.ConnectionFailed({ code: closedCode, reason: "the client has been closed", phase: "connect" })
