/**
 * The callback interface of one established connection.
 *
 * A transport moves bytes and tells what happened to them. It never parses, never reconnects, keeps no clock,
 * and never throws from a method: what goes wrong arrives once, through `error`, followed by `close`.
 */
import type { Address } from "../model/address.js"
import type { Fault } from "../model/fault.js"
import type { TlsFacts } from "../model/tls.js"

/**
 * What a transport tells its owner. Every callback runs in a turn of its own: never inside a call of the
 * owner's.
 *
 * Order: `data`* `end`? then, whatever happened, exactly one `close`; at most one `error`, right before
 * `close`.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransportHandlers {
  /** Bytes of the peer. The chunk belongs to the receiver and is never written again. */
  data(chunk: Uint8Array): void
  /** The peer sent FIN: no more data will come. Writing may still be possible. */
  end(): void
  /** After `write` gave `false`: the buffered output has been handed to the system. Not told after `end`. */
  drain(): void
  /**
   * The connection failed; `close` follows. What the peer had sent before is told first: a write that failed
   * is told when reading has ended, or at once while reading is paused.
   */
  error(fault: Fault): void
  /** Both directions are over and nothing is held any more. */
  close(): void
}

/**
 * One established connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transport {
  /** Our end. `undefined` where the system does not say (a pipe). */
  readonly local: Address | undefined
  /** The peer's end. */
  readonly remote: Address | undefined
  /** The session, where the connection is TLS. */
  readonly tls?: TlsFacts | undefined
  /**
   * Bytes accepted by `write` and not yet handed to the system. 0 once a write has failed: then look at
   * `writable`.
   */
  readonly buffered: number
  /**
   * `false`: nothing can be written any more. `end` or `reset` was called, a write failed, or the connection
   * is over.
   */
  readonly writable: boolean
  /**
   * Takes the connection: from now on these handlers are told, and reading begins unless it was paused.
   * Before the first `start` nothing is read. A later `start` replaces the handlers (a connection handed over
   * after an upgrade); the new ones are told, in a turn of its own, of an end and a close that came before.
   */
  start(handlers: TransportHandlers): void
  /**
   * Sends bytes, or a string whose characters are bytes (U+0000-U+00FF). `body` follows in the same segment
   * where possible. Neither may be changed afterwards. `false` means: wait for `drain` before writing more;
   * the bytes are taken all the same. After `end`, `reset`, `close` or a failed write nothing is sent,
   * `false` returned and no `drain` told: where `writable` is `false`, wait for `close`.
   */
  write(data: string | Uint8Array, body?: Uint8Array): boolean
  /** Holds writes back until `uncork`, so that several go out as one. Calls nest. */
  cork(): void
  /** Ends one `cork`; the last sends what was held back. */
  uncork(): void
  /** Sends what is buffered, then FIN. The peer may still send. */
  end(): void
  /** Ends both directions at once, without sending what is buffered; the peer sees RST. `close` follows. */
  reset(): void
  /**
   * Ends both directions at once for us, after `end`: what the system has taken still goes to the peer, what
   * the peer still sends is refused (RST). `close` follows. Where a network has no such thing, `reset` has to
   * do.
   */
  abandon?(): void
  /**
   * Whether the system knows of no peer any more: it has reset the connection, or answers no probes. Told
   * although reading is paused, and whatever waits to be read. Asks the system each time. Where the system
   * does not say (pipes) it is `false`, or absent.
   */
  isLost?(): boolean
  /**
   * `true` after `end`: FIN came without the peer's word that this is the end (`close_notify` of TLS), so the
   * bytes may have been cut off on their way (RFC 9112 section 9.8). `false`, or absent: the word came, or
   * the platform does not say.
   */
  readonly truncated?: boolean
  /**
   * Stops reading: the peer is held back by the flow control of TCP. Its FIN and RST are not seen meanwhile
   * (but see `isLost`).
   */
  pause(): void
  /** Reads on after `pause`. */
  resume(): void
  /** Whether the connection keeps the process alive. Default: it does. */
  ref(): void
  /** Lets the process end although the connection is open. */
  unref(): void
  /** `TCP_NODELAY`. Without effect where there is no TCP. */
  noDelay(enable: boolean): void
  /** TCP keep-alive probes, the first after `initialDelay` ms (0: the system's default). */
  keepAlive(enable: boolean, initialDelay: number): void
}

const nothing = () => {}

/**
 * Handlers that hear nothing: of a connection that nobody has started, or whose end has been told.
 *
 * @since 0.1.0
 * @category handlers
 */
export const noHandlers: TransportHandlers = {
  data: nothing,
  end: nothing,
  drain: nothing,
  error: nothing,
  close: nothing
}

/**
 * Handlers that hear of nothing but the end: after `reset`.
 *
 * @since 0.1.0
 * @category handlers
 */
export const onlyClose = (handlers: TransportHandlers): TransportHandlers => ({
  ...noHandlers,
  close: () => handlers.close()
})

/**
 * `Transport.abandon`, where the transport has it; else `reset`.
 *
 * @since 0.1.0
 * @category operations
 */
export const abandon = (transport: Transport): void =>
  transport.abandon === undefined ? transport.reset() : transport.abandon()

/**
 * Whether a TLS connection ended without `close_notify` (`Transport.truncated`); `false` without TLS.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isTruncated = (transport: Transport): boolean =>
  transport.truncated === true && transport.tls !== undefined

/**
 * `Transport.isLost`, where the transport has it; else `false`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isLost = (transport: Transport): boolean => transport.isLost?.() ?? false
