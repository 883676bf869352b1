/**
 * Converts between transports and Node's streams. `transportFromDuplex` turns any `stream.Duplex` into a
 * transport, which is a connection of httpfx. `duplexFromTransport` turns a transport into a stream that
 * libraries accept as a `net.Socket`.
 *
 * @since 0.1.0
 */
import type { Duplex } from "node:stream"
import type { Transport } from "@httpfx/core/Transport"
import { StreamTransport } from "./socket/streamTransport.js"
import { TransportSocket, type DuplexOptions } from "./socket/transportSocket.js"

export {
  /**
   * @since 0.1.0
   * @category models
   */
  type DuplexOptions,
  /**
   * A stream over a transport, with `net.Socket`'s members.
   *
   * @since 0.1.0
   * @category models
   */
  TransportSocket
} from "./socket/transportSocket.js"

/**
 * Returns a transport over a connected stream: a `net.Socket`, a `TLSSocket`, or one end of a pair of
 * streams. The transport owns the stream from then on, and reads nothing before `Transport.start`. `reset`
 * calls the stream's `resetAndDestroy` if that method exists, otherwise `destroy`.
 *
 * Create the stream with `allowHalfOpen: true`. Otherwise Node ends the stream as soon as FIN arrives.
 *
 * @since 0.1.0
 * @category conversions
 */
export const transportFromDuplex = (duplex: Duplex): Transport => new StreamTransport(duplex)

/**
 * Returns a stream over a transport. The stream owns the transport from then on. `destroy()` sends FIN, as
 * `net.Socket` does. `destroy(error)` and `resetAndDestroy()` send RST.
 *
 * @since 0.1.0
 * @category conversions
 */
export const duplexFromTransport = (transport: Transport, options?: DuplexOptions): TransportSocket =>
  new TransportSocket(transport, options)
