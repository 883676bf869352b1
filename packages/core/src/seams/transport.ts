/**
 * The callback interface of one established connection.
 *
 * A transport moves bytes and reports events. It never parses, never reconnects, keeps no clock, and never
 * throws from a method: a failure is reported once, by `error`, followed by `close`.
 */
import type { Address } from "../model/address.js"
import type { Fault } from "../model/fault.js"
import type { TlsFacts } from "../model/tls.js"

/**
 * Callbacks of a transport to its owner. Each runs in its own turn of the event loop, never inside a call of
 * the owner.
 *
 * Order: `data`* `end`? then always exactly one `close`; at most one `error`, directly before `close`.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransportHandlers {
  /** Bytes from the peer. The receiver owns the chunk, which is never overwritten. */
  data(chunk: Uint8Array): void
  /** FIN was received: no more data will come. Writing may still be possible. */
  end(): void
  /** The buffered output was given to the system, after `write` returned `false`. Not called after `end`. */
  drain(): void
  /**
   * The connection failed; `close` follows. Data that the peer sent before is delivered first: a failed write
   * is reported when reading has ended, or at once while reading is paused.
   */
  error(fault: Fault): void
  /** Both directions are closed, and all resources are released. */
  close(): void
}

/**
 * One established connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transport {
  /** Our address; `undefined` if the system does not know it (a pipe). */
  readonly local: Address | undefined
  /** The address of the peer. */
  readonly remote: Address | undefined
  /** The TLS session, if the connection uses TLS. */
  readonly tls?: TlsFacts | undefined
  /**
   * Bytes accepted by `write` and not yet given to the system. 0 after a failed write: then check `writable`.
   */
  readonly buffered: number
  /**
   * `false`: no more can be written, because `end` or `reset` was called, a write failed, or the connection
   * has closed.
   */
  readonly writable: boolean
  /**
   * Sets the handlers, and starts reading unless paused. Before the first `start` nothing is read. A later
   * `start` replaces the handlers (a connection handed over after an upgrade); the new ones are informed, in
   * a separate turn, of an end and a close that happened before.
   */
  start(handlers: TransportHandlers): void
  /**
   * Sends bytes, or a string whose characters are bytes (U+0000-U+00FF). `body` follows in the same segment
   * if possible. Neither may be changed afterwards. `false` means: wait for `drain` before writing more;
   * these bytes are accepted nevertheless. After `end`, `reset`, `close` or a failed write it sends nothing,
   * returns `false`, and no `drain` follows: if `writable` is `false`, wait for `close`.
   */
  write(data: string | Uint8Array, body?: Uint8Array): boolean
  /** Buffers writes until `uncork`, so that several are sent as one. Calls nest. */
  cork(): void
  /** Undoes one `cork`; the last one sends the buffered writes. */
  uncork(): void
  /** Sends buffered output, then FIN. The peer may still send. */
  end(): void
  /** Closes both directions at once and discards buffered output; the peer receives RST. `close` follows. */
  reset(): void
  /**
   * After `end`: closes our side of both directions at once. The system still sends the data that it has
   * taken, and responds to further data of the peer with RST. `close` follows. A network without this
   * operation uses `reset`.
   */
  abandon?(): void
  /**
   * Whether the system has lost the peer: it received RST, or its probes were not acknowledged. Works while
   * reading is paused, and whatever data is unread. Asks the system at each call. `false` or absent if the
   * system cannot tell (pipes).
   */
  isLost?(): boolean
  /**
   * `true` after `end`: FIN came without `close_notify` of TLS, so the data may have been truncated in
   * transit (RFC 9112 section 9.8). `false` or absent: it came, or the platform cannot tell.
   */
  readonly truncated?: boolean
  /**
   * Stops reading: TCP flow control slows the peer down. Its FIN and RST go unnoticed meanwhile (but see
   * `isLost`).
   */
  pause(): void
  /** Continues reading after `pause`. */
  resume(): void
  /** Makes the connection keep the process alive, as it does by default. */
  ref(): void
  /** Lets the process exit although the connection is open. */
  unref(): void
  /** `TCP_NODELAY`. No effect without TCP. */
  noDelay(enable: boolean): void
  /** TCP keep-alive probes, the first after `initialDelay` ms (0: the system's default). */
  keepAlive(enable: boolean, initialDelay: number): void
}

const nothing = () => {}

/**
 * Handlers that ignore all events: for a connection that was not started, or whose close was reported.
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
 * Handlers that ignore all events but `close`: after `reset`.
 *
 * @since 0.1.0
 * @category handlers
 */
export const onlyClose = (handlers: TransportHandlers): TransportHandlers => ({
  ...noHandlers,
  close: () => handlers.close()
})

/**
 * Calls `Transport.abandon`, or `reset` if the transport does not have it.
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
 * Calls `Transport.isLost`; `false` if the transport does not have it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isLost = (transport: Transport): boolean => transport.isLost?.() ?? false
