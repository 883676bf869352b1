/**
 * Between transports and Node's streams, in both directions: any `stream.Duplex` as a connection of httpfx,
 * and a connection as a stream that libraries take for a `net.Socket`.
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
 * The transport over a connected stream, which from now on belongs to it: a `net.Socket`, a `TLSSocket`, one
 * end of a pair of streams. Nothing is read before `Transport.start`; `reset` is `resetAndDestroy` where the
 * stream has it and `destroy` where not. Use `allowHalfOpen: true` for the stream, else it answers FIN on its
 * own.
 *
 * @since 0.1.0
 * @category conversions
 */
export const transportFromDuplex = (duplex: Duplex): Transport => new StreamTransport(duplex)

/**
 * The stream over a transport, which from now on belongs to it. `destroy` closes as `net.Socket` does: the
 * peer sees FIN; with an error, or by `resetAndDestroy`, RST.
 *
 * @since 0.1.0
 * @category conversions
 */
export const duplexFromTransport = (transport: Transport, options?: DuplexOptions): TransportSocket =>
  new TransportSocket(transport, options)
