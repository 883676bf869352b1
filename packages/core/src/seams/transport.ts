/**
 * The callback interface of one established connection.
 *
 * A transport moves bytes and reports events, and never parses, reconnects or reads a clock. The methods of a
 * transport never throw. A failure is reported once, by the callback `error`, and `close` follows.
 */
import type { Address } from "../model/address.js"
import type { Fault } from "../model/fault.js"
import type { TlsFacts } from "../model/tls.js"

/**
 * The callbacks by which a transport reports events to its owner, which uses the connection. A callback never
 * runs within a call of the owner. Every callback runs in a separate turn of the event loop.
 *
 * The order of calls is any number of `data`, at most one `end`, at most one `error`, and exactly one
 * `close`. `close` directly follows `error`. The calls of `drain` are independent of this order.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransportHandlers {
  /**
   * Called when bytes from the peer have arrived. The receiver owns the chunk, and the transport never
   * overwrites it.
   */
  data(chunk: Uint8Array): void
  /** Called when the peer's FIN was received, so no more data arrives. Writing may still be possible. */
  end(): void
  /**
   * Called after `write` returned `false`, when all buffered output has been given to the system. Never
   * called after `Transport.end`.
   */
  drain(): void
  /**
   * Called when the connection failed; `close` follows. Data that the peer sent before the failure is
   * delivered first. So a failed write is reported when reading has ended, or immediately if reading is
   * paused.
   */
  error(fault: Fault): void
  /** Called when both directions are closed and all resources are released. */
  close(): void
}

/**
 * One established connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transport {
  /** The local address; `undefined` if the system does not report this address, as for a pipe. */
  readonly local: Address | undefined
  /** The address of the peer. */
  readonly remote: Address | undefined
  /** Facts about the TLS session, if the connection uses TLS. */
  readonly tls?: TlsFacts | undefined
  /**
   * Number of bytes that were accepted by `write` and not yet given to the system. After a failed write the
   * number is 0, and `writable` is `false`.
   */
  readonly buffered: number
  /**
   * Whether more bytes can be written. `false` after `end`, `reset`, a failed write or the close of the
   * connection.
   */
  readonly writable: boolean
  /**
   * Sets the handlers, and starts reading if reading is not paused. Nothing is read before the first `start`.
   * A later `start` replaces the handlers, for example after an upgrade. If the connection has already ended
   * or closed, the new handlers get `end` or `close` in a separate turn.
   */
  start(handlers: TransportHandlers): void
  /**
   * Sends bytes, or a string whose characters are bytes (U+0000-U+00FF). `body` is sent after `data`, in the
   * same segment if possible. The caller must not change the bytes afterwards.
   *
   * The result `false` asks the caller to wait for `drain` before writing more; the bytes of this call are
   * accepted nevertheless. After `end`, `reset`, `close` or a failed write, `write` sends nothing and returns
   * `false`, and `drain` is not called. If `writable` is `false`, the caller must therefore wait for `close`.
   */
  write(data: string | Uint8Array, body?: Uint8Array): boolean
  /** Buffers writes until `uncork`, so that several writes are sent as one. Calls of `cork` nest. */
  cork(): void
  /** Ends one `cork`. The `uncork` that ends the outermost `cork` sends the buffered writes. */
  uncork(): void
  /** Sends buffered output, then FIN. The peer may still send. */
  end(): void
  /** Closes both directions immediately and drops buffered output; the peer receives RST. `close` follows. */
  reset(): void
  /**
   * Closes the socket without waiting for the peer's FIN. Must be called after `end`. The system still sends
   * the data that it already has, and answers further data of the peer with RST. `close` follows. If a
   * transport lacks this method, `reset` is used instead.
   */
  abandon?(): void
  /**
   * Returns whether the system has lost the peer, by RST or because the peer did not acknowledge keep-alive
   * probes. Works even while reading is paused or data is unread. Every call queries the system. If the
   * system cannot report a lost peer, as for pipes, the method is absent or always returns `false`.
   */
  isLost?(): boolean
  /**
   * Whether the peer's FIN arrived without `close_notify` of TLS, so that the data may have been truncated in
   * transit (RFC 9112 §9.8). The value is valid after the callback `end`. It is also absent or `false` if the
   * platform does not report a missing `close_notify`.
   */
  readonly truncated?: boolean
  /**
   * Set if the transport carries a single request whose body other code has read. The value is the message of
   * the error `BodyAlreadyRead`, with which the server fails the body.
   */
  readonly bodyAlreadyRead?: string | undefined
  /**
   * Stops reading, so that TCP flow control slows the peer down. While reading is paused, the peer's FIN and
   * RST are not reported, but `isLost` can detect RST.
   */
  pause(): void
  /** Continues reading after `pause`. */
  resume(): void
  /** Makes the open connection keep the process alive, which is the default. */
  ref(): void
  /** Lets the process exit while the connection is open. */
  unref(): void
  /** Sets or clears `TCP_NODELAY`. Does nothing if the connection does not use TCP. */
  noDelay(enable: boolean): void
  /**
   * Enables or disables TCP keep-alive probes. The first probe is sent after `initialDelay` ms of inactivity;
   * 0 means the system's default.
   */
  keepAlive(enable: boolean, initialDelay: number): void
}

const nothing = () => {}

/**
 * Handlers that ignore all events. These handlers are used before `start` and after `close` was reported.
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
 * Returns handlers that pass on `close` and ignore all other events. Such handlers are used after `reset`.
 *
 * @since 0.1.0
 * @category handlers
 */
export const onlyClose = (handlers: TransportHandlers): TransportHandlers => ({
  ...noHandlers,
  close: () => handlers.close()
})

/**
 * Calls `Transport.abandon`, or `reset` if the transport has no `abandon`.
 *
 * @since 0.1.0
 * @category operations
 */
export const abandon = (transport: Transport): void =>
  transport.abandon === undefined ? transport.reset() : transport.abandon()

/**
 * Returns whether a TLS connection ended without `close_notify` (`Transport.truncated`). Returns `false` for
 * a connection without TLS.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isTruncated = (transport: Transport): boolean =>
  transport.truncated === true && transport.tls !== undefined

/**
 * Calls `Transport.isLost`. Returns `false` if the transport has no `isLost`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isLost = (transport: Transport): boolean => transport.isLost?.() ?? false
