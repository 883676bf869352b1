/**
 * WebSocket framing for our servers by the `ws` package, which is loaded when the layer is built.
 *
 * `NodeHttpServer.layer` provides it already, with its option `webSocket`; provide `layer` for a server on another network (in memory).
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { InvalidOption } from "@httpfx/core/HttpError"
import { WebSocketUpgrader } from "@httpfx/core/WebSocketUpgrader"
import { load } from "./internal/webSocketServer.js"

/**
 * How WebSockets are spoken. Framing is that of `ws`, whose names these are.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Bytes of a message; a larger one ends the connection with 1009. 0: no limit. Default 100 MiB. */
  readonly maxPayload?: number | undefined
  /** Offer compression of messages (RFC 7692), and how. Default `false`. */
  readonly perMessageDeflate?: boolean | Deflate | undefined
  /** Take text without a look whether it is UTF-8. Default `false`: text that is not ends the connection with 1007. */
  readonly skipUTF8Validation?: boolean | undefined
  /** Chooses among the subprotocols that a client offers, in its order; `undefined`: none. Default: the first. */
  readonly selectProtocol?: ((offered: ReadonlyArray<string>) => string | undefined) | undefined
  /**
   * Close codes of the peer that a socket fails with instead of ending. Default: all but 1000, 1001, 1005 and 1006; platform's sockets fail
   * with 1001 and 1005 too. A close of one's own never fails.
   */
  readonly closeCodeIsError?: ((code: number) => boolean) | undefined
  /** How long the peer has to answer a close frame before its connection is cut. Default 5 seconds. */
  readonly closeTimeout?: Duration.DurationInput | undefined
}

/**
 * How messages are compressed (RFC 7692). A compressor keeps about 300 KiB of memory for each connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Deflate {
  /** Bytes below which a message is not compressed, where no context is taken over. Default 1024. */
  readonly threshold?: number | undefined
  /** The server begins each message with an empty window. Default `false`. */
  readonly serverNoContextTakeover?: boolean | undefined
  /** The client is asked to begin each message with an empty window. Default `false`. */
  readonly clientNoContextTakeover?: boolean | undefined
  /** The server's window, 8 to 15: 2 to this power is its size in bytes. Default 15. */
  readonly serverMaxWindowBits?: number | undefined
  /** The client's window, 8 to 15. Default: the client chooses. */
  readonly clientMaxWindowBits?: number | undefined
  /** Messages that are compressed at a time, of all connections. Default 10. */
  readonly concurrencyLimit?: number | undefined
  /** zlib's level, 0 to 9. Default: zlib's. */
  readonly level?: number | undefined
  /** zlib's `memLevel`, 1 to 9. Default: zlib's. */
  readonly memLevel?: number | undefined
}

/**
 * An upgrader of one's own options. Loads `ws`. Fails with `InvalidOption` where a value is not what its option can be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<typeof WebSocketUpgrader.Service, InvalidOption> =>
  load(options, "")

/**
 * An upgrader of one's own options, for a server of `@httpfx/core`. `NodeHttpServer` takes them as its option `webSocket`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<WebSocketUpgrader, InvalidOption> =>
  Layer.effect(WebSocketUpgrader, make(options))

/**
 * An upgrader with the defaults.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<WebSocketUpgrader> = Layer.orDie(layerWith({}))
