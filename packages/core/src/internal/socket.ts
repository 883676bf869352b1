/**
 * A connection with effects, over the callbacks of its transport.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as HttpError from "../errors/index.js"
import { turn } from "./pump.js"
import { lookAhead } from "../connection/transfer/body.js"
import { Slices } from "../connection/transfer/slices.js"
import { fault, type Fault } from "../model/fault.js"
import { formatAddress, type Address } from "../model/address.js"
import { type Transport } from "../seams/transport.js"
import { Pace } from "../wire/index.js"

/**
 * Errors of a connection that failed. `phase` is `idle`: a socket knows no exchanges.
 *
 * @since 0.1.0
 * @category errors
 */
export type SocketError = Exclude<HttpError.ConnectionError, HttpError.HangUp>

/**
 * One connection as effects. It has ended when both directions have.
 *
 * @since 0.1.0
 * @category models
 */
export interface Socket {
  /** The local address. `undefined` if the system does not report it. */
  readonly local: Address | undefined
  /** The peer's address. */
  readonly remote: Address | undefined
  /**
   * The next bytes, or `None` when the peer has sent FIN (also at every later read). Overlapping reads get
   * different bytes. Interruption loses nothing: the bytes go to the next read.
   */
  readonly read: Effect.Effect<Option.Option<Uint8Array>, SocketError>
  /**
   * Sends bytes, or a string whose characters are bytes (U+0000-U+00FF). Completes when more may be written,
   * not when the peer has read them. Yields to the event loop after 256 writes or 1 MiB, however fast the
   * peer reads. Fails with `BrokenPipe` after `end`, and with the connection's error once it has failed.
   * Interruption ends the wait; the bytes are still sent.
   */
  readonly write: (data: string | Uint8Array) => Effect.Effect<void, SocketError>
  /** Sends FIN after the pending writes. The peer may still send. */
  readonly end: Effect.Effect<void>
  /** Ends both directions at once; the peer sees RST. */
  readonly reset: Effect.Effect<void>
  /** Waits until both directions have ended, normally or not. */
  readonly closed: Effect.Effect<void>
  /** The bytes until FIN. Reads from this socket: each byte goes to one consumer only. */
  readonly stream: Stream.Stream<Uint8Array, SocketError>
}

type Read = Effect.Effect<Option.Option<Uint8Array>, SocketError>
type Done<A, E> = (effect: Effect.Effect<A, E>) => void

const finished: Read = Effect.succeed(Option.none())

const takeAll = <A>(set: Set<A>): ReadonlyArray<A> => {
  const all = [...set]
  set.clear()
  return all
}

class SocketImpl implements Socket {
  private readonly ahead = new Slices()
  private paused = false
  private ended = false
  private over = false
  /** Set by a write that met backpressure, until the writers are woken. */
  private backedUp = false
  private failure: Fault | undefined
  // Sets: many fibers may wait and be interrupted, at constant cost each.
  private readonly readers = new Set<Done<Option.Option<Uint8Array>, SocketError>>()
  private readonly writers = new Set<Done<void, SocketError>>()
  private readonly closers = new Set<Done<void, never>>()
  private readonly pace = new Pace()
  private readonly address: string | undefined

  constructor(
    private readonly transport: Transport,
    initial: Uint8Array | undefined
  ) {
    const { remote } = transport
    this.address = remote === undefined ? undefined : formatAddress(remote)
    if (initial !== undefined && initial.length > 0) this.arrived(initial)
    transport.start({
      data: (chunk) => this.arrived(chunk),
      end: () => {
        this.ended = true
        this.wakeReaders()
      },
      drain: () => this.wakeWriters(Effect.void),
      error: (fault) => {
        this.failure = fault
      },
      close: () => this.close()
    })
  }

  get local() {
    return this.transport.local
  }

  get remote() {
    return this.transport.remote
  }

  readonly read: Read = Effect.suspend(() => {
    const chunk = this.ahead.shift()
    if (chunk !== undefined) {
      if (this.paused && this.ahead.bytes < lookAhead) {
        this.paused = false
        this.transport.resume()
      }
      return Effect.succeed(Option.some(chunk))
    }
    if (this.ended) return finished
    if (this.over) return Effect.fail(this.error("read"))
    return Effect.async<Option.Option<Uint8Array>, SocketError>((resume) => {
      // The fiber may have yielded before it waits, and the bytes arrived meanwhile; the same below.
      if (this.ahead.bytes > 0 || this.ended || this.over) return resume(this.read)
      this.readers.add(resume)
      return Effect.sync(() => this.readers.delete(resume))
    })
  })

  write(data: string | Uint8Array): Effect.Effect<void, SocketError> {
    return Effect.suspend(() => {
      const { transport } = this
      if (this.over || !transport.writable) return Effect.fail(this.error("write"))
      this.pace.sent(data.length)
      this.backedUp = !transport.write(data) || this.backedUp
      if (!this.backedUp) return this.pace.due ? this.turn : Effect.void
      // The connection may accept more within this turn.
      return this.pace.due ? Effect.zipRight(this.drained, this.turn) : this.drained
    })
  }

  private readonly drained = Effect.async<void, SocketError>((resume) => {
    if (this.over) return resume(Effect.fail(this.error("write")))
    if (!this.backedUp) return resume(Effect.void)
    this.writers.add(resume)
    return Effect.sync(() => this.writers.delete(resume))
  })

  private readonly turn = Effect.suspend(() => {
    this.pace.begin()
    return turn
  })

  readonly end: Effect.Effect<void> = Effect.sync(() => {
    this.transport.end()
    // No `drain` follows FIN: the bytes of waiting writers have been accepted and go out before it.
    this.wakeWriters(Effect.void)
  })

  readonly reset: Effect.Effect<void> = Effect.sync(() => this.transport.reset())

  readonly closed: Effect.Effect<void> = Effect.suspend(() =>
    this.over
      ? Effect.void
      : Effect.async<void>((resume) => {
          if (this.over) return resume(Effect.void)
          this.closers.add(resume)
          return Effect.sync(() => this.closers.delete(resume))
        })
  )

  readonly stream: Stream.Stream<Uint8Array, SocketError> = Stream.repeatEffectChunkOption(
    Effect.flatMap(Effect.mapError(this.read, Option.some), (chunk) =>
      Option.isNone(chunk) ? Effect.fail(Option.none()) : Effect.succeed(Chunk.of(chunk.value))
    )
  )

  private arrived(chunk: Uint8Array): void {
    this.ahead.push(chunk)
    if (this.ahead.bytes >= lookAhead && !this.paused) {
      this.paused = true
      this.transport.pause()
    }
    this.wakeReaders()
  }

  // Readers take from the queue themselves: bytes handed to a fiber that is interrupted before it runs would
  // be lost.
  private wakeReaders(): void {
    if (this.readers.size === 0) return
    for (const resume of takeAll(this.readers)) resume(this.read)
  }

  private close(): void {
    this.over = true
    this.wakeReaders()
    if (this.writers.size > 0) this.wakeWriters(Effect.fail(this.error("write")))
    for (const resume of takeAll(this.closers)) resume(Effect.void)
  }

  private wakeWriters(effect: Effect.Effect<void, SocketError>): void {
    this.backedUp = false
    for (const resume of takeAll(this.writers)) resume(effect)
  }

  // Without a failure, our side ended it: `end` before a write, `reset` before either.
  private error(syscall: "read" | "write"): SocketError {
    const cause = this.failure ?? fault(syscall === "write" ? "EPIPE" : "ECONNRESET", syscall)
    return HttpError.fromFault(cause, { phase: "idle", address: this.address })
  }
}

/**
 * `make` without a scope: the caller must end or reset the socket.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsafeMake = (transport: Transport, initial?: Uint8Array): Socket =>
  new SocketImpl(transport, initial)

/**
 * Creates a socket that owns the transport from now on. `initial`: bytes already taken from the transport, to
 * be read first. Closing the scope resets an open connection: to let the peer read everything, call `end` and
 * await `closed` first.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (transport: Transport, initial?: Uint8Array): Effect.Effect<Socket, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync((): Socket => new SocketImpl(transport, initial)),
    (socket) => socket.reset
  )
