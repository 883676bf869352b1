/**
 * One connection as effects: reads that pull, writes that wait. For who takes a connection over (after an
 * upgrade or CONNECT), for raw peers in tests, and for protocols of one's own.
 *
 * It reads ahead a bounded amount so that FIN and RST are noticed, and holds the peer back beyond it. It
 * never parses, and every wait ends in a value, a typed error or interruption.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as HttpError from "./HttpError.js"
import { turn } from "./internal/pump.js"
import { lookAhead } from "./connection/transfer/body.js"
import { Slices } from "./connection/transfer/slices.js"
import { fault, formatAddress, type Address, type Fault, type Transport } from "./Transport.js"
import { Pace } from "./wire/index.js"

/**
 * What the end of a connection by failure can look like. `phase` is `idle`: a socket knows of no exchange.
 *
 * @since 0.1.0
 * @category errors
 */
export type SocketError = Exclude<HttpError.ConnectionError, HttpError.HangUp>

/**
 * One connection as effects. It is over when both directions are, in whatever way.
 *
 * @since 0.1.0
 * @category models
 */
export interface Socket {
  /** Our end. `undefined` where the system does not say. */
  readonly local: Address | undefined
  /** The peer's end. */
  readonly remote: Address | undefined
  /**
   * The next bytes, or `None` when the peer has sent FIN (again at every later read). Of reads that overlap
   * each gets other bytes. Interruption loses nothing: the bytes go to the next read.
   */
  readonly read: Effect.Effect<Option.Option<Uint8Array>, SocketError>
  /**
   * Sends bytes, or a string whose characters are bytes (U+0000-U+00FF). Done when more may be written, which
   * is not when the peer has read them. Gives the event loop a turn after 256 writes or 1 MiB, however fast
   * the peer reads. Fails with `BrokenPipe` after `end`, and as the connection failed once it is over.
   * Interruption ends the wait; the bytes are sent all the same.
   */
  readonly write: (data: string | Uint8Array) => Effect.Effect<void, SocketError>
  /** Sends FIN behind what was written. The peer may still send. */
  readonly end: Effect.Effect<void>
  /** Ends both directions at once; the peer sees RST. */
  readonly reset: Effect.Effect<void>
  /** Waits until both directions are over, in whatever way. */
  readonly closed: Effect.Effect<void>
  /** The bytes until FIN. It reads from this socket: what one consumer took no other sees. */
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
  /** A write was told to wait; nothing has woken the writers since. */
  private backedUp = false
  private failure: Fault | undefined
  // Sets: as many as like may wait, and be interrupted, at a constant price each.
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
      // A fiber may pause before it waits, and what it waits for come meanwhile: here and below.
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
      // The connection may take more within this very turn.
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
    // No `drain` follows FIN; what waits has been accepted and goes out before it.
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

  // Readers take from the queue themselves: bytes handed to one that is interrupted before it runs would be
  // lost.
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

  // Without a failure the end was ours: `end` before a write, `reset` before either.
  private error(syscall: "read" | "write"): SocketError {
    const cause = this.failure ?? fault(syscall === "write" ? "EPIPE" : "ECONNRESET", syscall)
    return HttpError.fromFault(cause, { phase: "idle", address: this.address })
  }
}

/**
 * `make` without a scope: whoever has the socket ends or resets it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsafeMake = (transport: Transport, initial?: Uint8Array): Socket =>
  new SocketImpl(transport, initial)

/**
 * The socket over a transport, which from now on belongs to it. `initial` are bytes that were taken from the
 * transport before and are to be read first. Closing the scope resets what is still open: end and await
 * `closed` before, where the peer is to read everything.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (transport: Transport, initial?: Uint8Array): Effect.Effect<Socket, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync((): Socket => new SocketImpl(transport, initial)),
    (socket) => socket.reset
  )
