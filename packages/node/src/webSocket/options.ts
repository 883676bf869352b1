/**
 * Validates the options of WebSockets and converts them to the options of `ws`. If a value is invalid, the
 * error names its option.
 */
import type { InvalidOption } from "@httpfx/core/HttpError"
import {
  boolean,
  callback,
  either,
  finiteDuration,
  integer,
  record,
  refuseUnknown,
  type Check,
  type Table
} from "@httpfx/core/OptionCheck"
import * as Duration from "effect/Duration"

/**
 * Options of WebSockets. Options that `ws` has too have the same names as in `ws`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Maximum size of a message, bytes. A larger message closes the connection with code 1009. 0 removes the
   * limit. Default 100 MiB.
   */
  readonly maxPayload?: number | undefined
  /**
   * Whether compression of messages (RFC 7692) is offered, or the options of that compression. Default
   * `false`.
   */
  readonly perMessageDeflate?: boolean | Deflate | undefined
  /**
   * Whether text messages are accepted without a check of their UTF-8. If `false`, invalid UTF-8 closes the
   * connection with code 1007. Default `false`.
   */
  readonly skipUTF8Validation?: boolean | undefined
  /**
   * Chooses one of the subprotocols that a client offers. `offered` is in the client's order. If the function
   * returns `undefined`, no subprotocol is used. Default: the first subprotocol.
   */
  readonly selectProtocol?: ((offered: ReadonlyArray<string>) => string | undefined) | undefined
  /**
   * Returns whether the socket fails when the peer closes with this code. With `false`, the socket ends
   * without an error. Default: `true` for all codes except 1000, 1001, 1005 and 1006. (Platform's own sockets
   * also fail for 1001 and 1005.) A close that our side has started never fails the socket.
   */
  readonly closeCodeIsError?: ((code: number) => boolean) | undefined
  /**
   * Maximum time that the peer may take to answer a close frame. After this time the connection is destroyed.
   * Default 5 seconds.
   */
  readonly closeTimeout?: Duration.DurationInput | undefined
}

/**
 * Options of message compression (RFC 7692). A compressor keeps about 300 KiB of memory per connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Deflate {
  /**
   * Minimum size of a message that is compressed, bytes. A smaller message is compressed only if messages
   * share one compression context. Default 1024.
   */
  readonly threshold?: number | undefined
  /** Whether the server starts each message with an empty window. Default `false`. */
  readonly serverNoContextTakeover?: boolean | undefined
  /** Whether the server asks the client to start each message with an empty window. Default `false`. */
  readonly clientNoContextTakeover?: boolean | undefined
  /** The base-2 logarithm of the server's window size in bytes, 8 to 15. Default 15. */
  readonly serverMaxWindowBits?: number | undefined
  /**
   * The base-2 logarithm of the client's window size in bytes, 8 to 15. Default: the client chooses the size.
   */
  readonly clientMaxWindowBits?: number | undefined
  /** Maximum number of messages that are compressed at the same time, over all connections. Default 10. */
  readonly concurrencyLimit?: number | undefined
  /** zlib's `level`, 0 to 9. Default: the default of zlib. */
  readonly level?: number | undefined
  /** zlib's `memLevel`, 1 to 9. Default: the default of zlib. */
  readonly memLevel?: number | undefined
}

const ofDeflate: Table = {
  threshold: integer(0),
  serverNoContextTakeover: boolean,
  clientNoContextTakeover: boolean,
  serverMaxWindowBits: integer(8, 15),
  clientMaxWindowBits: integer(8, 15),
  concurrencyLimit: integer(1),
  level: integer(0, 9),
  memLevel: integer(1, 9)
}
const ofServer: Table = {
  maxPayload: integer(0),
  perMessageDeflate: either(boolean, record(ofDeflate)),
  skipUTF8Validation: boolean,
  closeTimeout: finiteDuration,
  closeCodeIsError: callback,
  selectProtocol: callback
} satisfies Record<keyof Options, Check>

/**
 * Returns the error for the first invalid option of a server. Returns `undefined` if all options are valid.
 */
export const refuseServer = (options: Options, prefix: string): InvalidOption | undefined =>
  refuseUnknown(options, ofServer, prefix)

/** Converts the options of the framing to the options of `ws`. */
export const framing = ({ maxPayload, perMessageDeflate, skipUTF8Validation }: Options) => ({
  perMessageDeflate: deflate(perMessageDeflate),
  // `WebSocketFlow` sends the pongs itself, so that it can delay them under backpressure.
  autoPong: false,
  ...(maxPayload === undefined ? {} : { maxPayload }),
  ...(skipUTF8Validation === undefined ? {} : { skipUTF8Validation })
})

const deflate = (given: Options["perMessageDeflate"]) => {
  if (given === undefined || typeof given === "boolean") return given ?? false
  const { level, memLevel, ...rest } = given
  const zlib = { ...(level === undefined ? {} : { level }), ...(memLevel === undefined ? {} : { memLevel }) }
  return { ...defined(rest), zlibDeflateOptions: zlib }
}

const defined = <A extends object>(options: A): A =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as A

// Codes of ordinary closes (RFC 6455 §7.4.1), for example of a browser that leaves a page. 1006 is included,
// because platform's sockets treat it as ordinary too.
const everyday: ReadonlySet<number> = new Set([1000, 1001, 1005, 1006])

export const closing = ({ closeCodeIsError, closeTimeout }: Options) => ({
  closeCodeIsError: closeCodeIsError ?? ((code: number) => !everyday.has(code)),
  closeTimeout: Duration.decode(closeTimeout ?? Duration.seconds(5))
})
