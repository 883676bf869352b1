/**
 * Converts between transports and Node's streams: any `stream.Duplex` as a connection of httpfx, and a
 * connection as a stream that libraries accept as a `net.Socket`.
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
 * The transport over a connected stream, which it takes over: a `net.Socket`, a `TLSSocket`, one end of a
 * pair of streams. Reads nothing before `Transport.start`; `reset` calls `resetAndDestroy` if the stream has
 * it, otherwise `destroy`. Make the stream with `allowHalfOpen: true`, or it answers FIN with FIN by itself.
 *
 * @since 0.1.0
 * @category conversions
 */
export const transportFromDuplex = (duplex: Duplex): Transport => new StreamTransport(duplex)

/**
 * The stream over a transport, which it takes over. `destroy` closes as `net.Socket` does: the peer sees FIN;
 * after an error, or by `resetAndDestroy`, RST.
 *
 * @since 0.1.0
 * @category conversions
 */
export const duplexFromTransport = (transport: Transport, options?: DuplexOptions): TransportSocket =>
  new TransportSocket(transport, options)
