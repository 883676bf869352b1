/**
 * A connection whose reads and writes are effects, implemented over the callbacks of its transport.
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
 * Errors of a connection that failed. Their `phase` is `idle`, because a socket has no exchanges.
 *
 * @since 0.1.0
 * @category errors
 */
export type SocketError = Exclude<HttpError.ConnectionError, HttpError.HangUp>

/**
 * One connection, read and written with effects. The connection is closed when both directions have ended.
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
   * Returns the next bytes, or `None` once the peer has sent FIN. Each byte goes to only one of several
   * concurrent reads. An interrupted read consumes no bytes, so no bytes are lost.
   */
  readonly read: Effect.Effect<Option.Option<Uint8Array>, SocketError>
  /**
   * Sends bytes, or a string whose characters are bytes (U+0000-U+00FF). Completes when the connection
   * accepts more bytes. The peer may not yet have read the written bytes. Yields to the event loop after 256
   * writes or 1 MiB, however fast the peer reads. Fails with `BrokenPipe` after `end`, and with the
   * connection's error after the connection has failed. Interruption ends only the wait, and the bytes are
   * still sent.
   */
  readonly write: (data: string | Uint8Array) => Effect.Effect<void, SocketError>
  /** Sends FIN after the pending writes. The peer may still send. */
  readonly end: Effect.Effect<void>
  /** Resets the connection, which ends both directions immediately. The peer receives RST. */
  readonly reset: Effect.Effect<void>
  /** Waits until both directions have ended, in order or with a failure. */
  readonly closed: Effect.Effect<void>
  /**
   * A stream of the bytes until FIN. The stream consumes bytes with `read`, so bytes that another reader
   * consumes are missing from the stream.
   */
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
  /** Whether a write has met backpressure, and the transport has not called `drain` since. */
  private backedUp = false
  private failure: Fault | undefined
  // Many fibers may wait at once. A set removes an interrupted fiber at constant cost.
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
      // Check again, here and in `drained`, because bytes may have arrived while the fiber yielded.
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
      // The wait for `drain` may end within the current turn. If a yield is due, wait for the next turn as
      // well.
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
    // The transport never calls `drain` after `end`, so resume the waiting writers here. The written bytes
    // are sent before FIN.
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

  // Each resumed reader takes its bytes from the queue itself. Bytes passed to a fiber would be lost if the
  // fiber is interrupted before it runs.
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

  // If the transport reported no failure, our own side ended the connection, by `end` before a write or by
  // `reset`.
  private error(syscall: "read" | "write"): SocketError {
    const cause = this.failure ?? fault(syscall === "write" ? "EPIPE" : "ECONNRESET", syscall)
    return HttpError.fromFault(cause, { phase: "idle", address: this.address })
  }
}

/**
 * Creates a socket as {@link make} does, but without a scope. The caller must end or reset the socket.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsafeMake = (transport: Transport, initial?: Uint8Array): Socket =>
  new SocketImpl(transport, initial)

/**
 * Creates a socket, which then owns the transport. The socket first reads `initial`, which are bytes already
 * received. Closing the scope resets an open connection. To let the peer read all bytes, run `end` and then
 * `closed` before the scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (transport: Transport, initial?: Uint8Array): Effect.Effect<Socket, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync((): Socket => new SocketImpl(transport, initial)),
    (socket) => socket.reset
  )
