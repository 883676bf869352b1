/**
 * The options of WebSockets, checked and in the terms of `ws`. A value outside its type is refused by name.
 */
import { InvalidOption } from "@httpfx/core/HttpError"
import * as Duration from "effect/Duration"

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
  /**
   * Take text without a look whether it is UTF-8. Default `false`: text that is not ends the connection with
   * 1007.
   */
  readonly skipUTF8Validation?: boolean | undefined
  /**
   * Chooses among the subprotocols that a client offers, in its order; `undefined`: none. Default: the first.
   */
  readonly selectProtocol?: ((offered: ReadonlyArray<string>) => string | undefined) | undefined
  /**
   * Close codes of the peer that a socket fails with instead of ending. Default: all but 1000, 1001, 1005 and
   * 1006; platform's sockets fail with 1001 and 1005 too. A close of one's own never fails.
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

/** The first option of a server that is not what it must be. */
export const refuseServer = (options: Options, prefix: string): InvalidOption | undefined =>
  refuse(options, ofServer, prefix)

/** As `ws` names them. */
export const framing = ({ maxPayload, perMessageDeflate, skipUTF8Validation }: Options) => ({
  perMessageDeflate: deflate(perMessageDeflate),
  // Ours knows which of them wait.
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

// RFC 6455 §7.4.1: how a WebSocket is closed every day, by a browser that leaves a page too; 1006 as platform
// has it.
const everyday: ReadonlySet<number> = new Set([1000, 1001, 1005, 1006])

export const closing = ({ closeCodeIsError, closeTimeout }: Options) => ({
  closeCodeIsError: closeCodeIsError ?? ((code: number) => !everyday.has(code)),
  closeTimeout: Duration.decode(closeTimeout ?? Duration.seconds(5))
})
