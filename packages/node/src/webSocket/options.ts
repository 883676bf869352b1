/**
 * Validates the options of WebSockets and converts them to those of `ws`. An invalid value is refused by its
 * name.
 */
import { InvalidOption } from "@httpfx/core/HttpError"
import * as Duration from "effect/Duration"

/**
 * The options of WebSockets. `ws` does the framing; names are those of `ws`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Maximum size of a message, bytes; a larger one closes the connection with 1009. 0: no limit. Default 100
   * MiB.
   */
  readonly maxPayload?: number | undefined
  /** Offer compression of messages (RFC 7692), and how. Default `false`. */
  readonly perMessageDeflate?: boolean | Deflate | undefined
  /**
   * Skip the UTF-8 check of text messages. Default `false`: invalid UTF-8 closes the connection with 1007.
   */
  readonly skipUTF8Validation?: boolean | undefined
  /**
   * Chooses one of the subprotocols that a client offers, in its order; `undefined`: no subprotocol. Default:
   * the first.
   */
  readonly selectProtocol?: ((offered: ReadonlyArray<string>) => string | undefined) | undefined
  /**
   * Whether a close with this code from the peer fails the socket instead of ending it. Default: all codes
   * but 1000, 1001, 1005 and 1006; platform's sockets fail with 1001 and 1005 too. Our own close never fails.
   */
  readonly closeCodeIsError?: ((code: number) => boolean) | undefined
  /** Time for the peer to answer a close frame, before its connection is destroyed. Default 5 seconds. */
  readonly closeTimeout?: Duration.DurationInput | undefined
}

/**
 * Options of message compression (RFC 7692). A compressor keeps about 300 KiB of memory per connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Deflate {
  /** Size below which a message is not compressed, bytes, unless a context is taken over. Default 1024. */
  readonly threshold?: number | undefined
  /** The server starts each message with an empty window. Default `false`. */
  readonly serverNoContextTakeover?: boolean | undefined
  /** Ask the client to start each message with an empty window. Default `false`. */
  readonly clientNoContextTakeover?: boolean | undefined
  /** The server's window size as a power of 2 in bytes, 8 to 15. Default 15. */
  readonly serverMaxWindowBits?: number | undefined
  /** The client's window size, 8 to 15. Default: the client chooses. */
  readonly clientMaxWindowBits?: number | undefined
  /** How many messages are compressed concurrently, over all connections. Default 10. */
  readonly concurrencyLimit?: number | undefined
  /** zlib's level, 0 to 9. Default: zlib's. */
  readonly level?: number | undefined
  /** zlib's `memLevel`, 1 to 9. Default: zlib's. */
  readonly memLevel?: number | undefined
}

interface Check {
  readonly must: string
  readonly is: (value: unknown) => boolean
}

const integer = (least: number, most = Number.MAX_SAFE_INTEGER): Check => ({
  must: most === Number.MAX_SAFE_INTEGER ? `an integer >= ${least}` : `an integer from ${least} to ${most}`,
  is: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
})
const boolean: Check = { must: "a boolean", is: (value) => typeof value === "boolean" }
const callback: Check = { must: "a function", is: (value) => typeof value === "function" }
const isRecord = (value: unknown): value is object => typeof value === "object" && value !== null
const record: Check = { must: "a record of options", is: isRecord }
const either = (one: Check, other: Check): Check => ({
  must: `${one.must} or ${other.must}`,
  is: (value) => one.is(value) || other.is(value)
})
const finiteDuration: Check = {
  must: "a finite duration >= 0",
  is: (value) => {
    if (typeof value === "string" ? value.trimStart().startsWith("-") : Number(value) < 0) return false
    const decoded = Duration.decodeUnknown(value)
    return decoded._tag === "Some" && Duration.isFinite(decoded.value)
  }
}
type Table = Readonly<Record<string, Check>>

const shared = {
  maxPayload: integer(0),
  perMessageDeflate: either(boolean, record),
  skipUTF8Validation: boolean,
  closeTimeout: finiteDuration,
  closeCodeIsError: callback
}
const ofServer: Table = { ...shared, selectProtocol: callback } satisfies Record<keyof Options, Check>
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

const refuse = (given: unknown, table: Table, prefix: string): InvalidOption | undefined => {
  const invalid = (option: string, must: string, received: unknown) =>
    new InvalidOption({
      option,
      code: typeof received === "number" ? "ERR_OUT_OF_RANGE" : "ERR_INVALID_ARG_VALUE",
      reason: `must be ${must}`,
      received: typeof received === "string" ? JSON.stringify(received) : String(received)
    })
  if (!isRecord(given)) return invalid(prefix.slice(0, -1), record.must, given)
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const check = Object.hasOwn(table, name) ? table[name] : undefined
    if (check === undefined) return invalid(prefix + name, `left out: there is no such option`, value)
    if (!check.is(value)) return invalid(prefix + name, check.must, value)
    if (check === shared.perMessageDeflate && isRecord(value)) {
      const refused = refuse(value, ofDeflate, `${prefix}${name}.`)
      if (refused !== undefined) return refused
    }
  }
  return undefined
}

/** The error of the first invalid option of a server. */
export const refuseServer = (options: Options, prefix: string): InvalidOption | undefined =>
  refuse(options, ofServer, prefix)

/** Converts them to the option names of `ws`. */
export const framing = ({ maxPayload, perMessageDeflate, skipUTF8Validation }: Options) => ({
  perMessageDeflate: deflate(perMessageDeflate),
  // Our flow sends pongs: it knows which ones wait.
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

// RFC 6455 §7.4.1: codes of ordinary closes, as of a browser leaving a page; 1006 as in platform.
const everyday: ReadonlySet<number> = new Set([1000, 1001, 1005, 1006])

export const closing = ({ closeCodeIsError, closeTimeout }: Options) => ({
  closeCodeIsError: closeCodeIsError ?? ((code: number) => !everyday.has(code)),
  closeTimeout: Duration.decode(closeTimeout ?? Duration.seconds(5))
})
