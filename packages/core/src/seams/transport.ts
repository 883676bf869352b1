/**
 * The callback interface of one established connection.
 *
 * A transport moves bytes and reports events. It never parses, never reconnects and never reads a clock. Its
 * methods never throw: a failure is reported once, by `error`, and `close` follows.
 */
import type { Address } from "../model/address.js"
import type { Fault } from "../model/fault.js"
import type { TlsFacts } from "../model/tls.js"

/**
 * Callbacks of a transport to its owner. A callback never runs within a call of the owner, and every callback
 * runs in a separate turn of the event loop.
 *
 * The order is any number of `data`, at most one `end`, and exactly one `close`; at most one `error` comes
 * directly before `close`. `drain` is not part of this order.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransportHandlers {
  /** Bytes from the peer arrived. The receiver owns the chunk; the transport never overwrites it. */
  data(chunk: Uint8Array): void
  /** FIN was received, so no more data arrives. Writing may still be possible. */
  end(): void
  /**
   * After `write` returned `false`, all buffered output has been given to the system. Not called after
   * `Transport.end`.
   */
  drain(): void
  /**
   * The connection failed; `close` follows. Data that the peer sent before the failure is delivered first, so
   * a failed write is reported when reading has ended, or immediately if reading is paused.
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
  /** The local address; `undefined` if the system does not report it, as for a pipe. */
  readonly local: Address | undefined
  /** The address of the peer. */
  readonly remote: Address | undefined
  /** The TLS session, if the connection uses TLS. */
  readonly tls?: TlsFacts | undefined
  /**
   * Bytes accepted by `write` and not yet given to the system. Also 0 after a failed write, which `writable`
   * shows.
   */
  readonly buffered: number
  /**
   * Whether more bytes can be written. `false` after `end`, `reset`, a failed write or the close of the
   * connection.
   */
  readonly writable: boolean
  /**
   * Sets the handlers, and starts reading unless paused. Before the first `start` nothing is read. A later
   * `start`, as for a connection handed over after an upgrade, replaces the handlers. If `end` or `close`
   * happened before, the new handlers are called for it in a separate turn.
   */
  start(handlers: TransportHandlers): void
  /**
   * Sends bytes, or a string whose characters are bytes (U+0000-U+00FF). `body` is sent after `data`, in the
   * same segment if possible. The caller must not change the bytes afterwards. The result `false` asks the
   * caller to wait for `drain` before writing more; these bytes are accepted nevertheless. After `end`,
   * `reset`, `close` or a failed write this method sends nothing and returns `false`, and `drain` is not
   * called. So if `writable` is `false`, wait for `close`.
   */
  write(data: string | Uint8Array, body?: Uint8Array): boolean
  /** Buffers writes until `uncork`, so that several writes are sent as one. Calls nest. */
  cork(): void
  /** Ends one `cork`. The `uncork` of the outermost `cork` sends the buffered writes. */
  uncork(): void
  /** Sends buffered output, then FIN. The peer may still send. */
  end(): void
  /** Closes both directions immediately and drops buffered output; the peer receives RST. `close` follows. */
  reset(): void
  /**
   * Closes the socket after `end` without waiting for the peer's FIN. The system still sends the data that it
   * has accepted, and answers further data of the peer with RST. `close` follows. If a network lacks this
   * method, `reset` is used instead.
   */
  abandon?(): void
  /**
   * Whether the system has lost the peer: it received RST, or keep-alive probes were not acknowledged. Works
   * even while reading is paused or data is unread. Queries the system at each call. `false` or absent if the
   * system cannot report this, as for pipes.
   */
  isLost?(): boolean
  /**
   * Whether FIN arrived without `close_notify` of TLS, so that the data may have been truncated in transit
   * (RFC 9112 section 9.8). Valid after `end`. `false` or absent if `close_notify` arrived or the platform
   * does not report it.
   */
  readonly truncated?: boolean
  /**
   * Stops reading, so that TCP flow control slows the peer down. While reading is paused, FIN and RST of the
   * peer are not reported; `isLost` can detect RST.
   */
  pause(): void
  /** Continues reading after `pause`. */
  resume(): void
  /** Makes the connection keep the process alive, as it does by default. */
  ref(): void
  /** Lets the process exit although the connection is open. */
  unref(): void
  /** Sets `TCP_NODELAY`. Does nothing without TCP. */
  noDelay(enable: boolean): void
  /**
   * Enables or disables TCP keep-alive probes. The first probe is sent after `initialDelay` ms of inactivity;
   * 0 means the system's default.
   */
  keepAlive(enable: boolean, initialDelay: number): void
}

const nothing = () => {}

/**
 * Handlers that ignore all events. For a connection that was not started, or whose close was already
 * reported.
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
 * Returns handlers that ignore all events except `close`. Used after `reset`.
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
