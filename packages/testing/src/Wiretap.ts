/**
 * Records all bytes on a `Network`, in both directions and with their times. Also records how connections
 * ended.
 *
 * A recording can be read as raw bytes, as messages, and as text for people and snapshots.
 * `@httpfx/testing/tools` converts recordings to HAR and pcap. A recording contains the bytes that the tapped
 * end wrote and received, with times of the current `Clock`. A wiretap does not change how connections
 * behave, and costs nothing if it is not installed.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Network from "@httpfx/core/Network"
import * as Timers from "@httpfx/core/Timers"
import { formatAddress, type Address, type Transport } from "@httpfx/core/Transport"
import { parse, type Exchange, type Message, type Parsed, type Piece } from "./tap/parse.js"
import { Placeholders, printRecording } from "./tap/print.js"
import { TapTransport, type Kept, type Recording, type Side, type TapEvent } from "./tap/transport.js"

export { parse }
export type { Exchange, Message, Parsed, Piece, Recording, Side, TapEvent }

/**
 * A failed lookup, attempt to connect, or TLS handshake.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failure {
  /** Time of the failure, in milliseconds since the epoch. */
  readonly at: number
  /** The operation that failed, as a text: `resolve name`, `connect address` or `secure`. */
  readonly what: string
  /** The error with which the operation failed. */
  readonly error: { readonly _tag: string; readonly message: string }
}

/**
 * Options of a wiretap.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The ends to record: `client` for connections made through the network, `server` for accepted connections,
   * or `both`. With `both`, a connection within one network is recorded twice, but the views show only the
   * recording of its client. Default `"both"`.
   */
  readonly ends?: Side | "both" | undefined
  /**
   * Maximum number of bytes stored per connection and direction. Later bytes are counted but not stored
   * (`Skipped`). Default: unlimited, which suits tests. Set a limit in long-running programs.
   */
  readonly limit?: number | undefined
}

/**
 * A wiretap with its recordings.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The network with the wiretap on it. */
  readonly network: Network.Service
  /**
   * All recordings, in the order in which their connections were opened. Both the list and the recordings
   * grow while the network is in use.
   */
  readonly recordings: ReadonlyArray<Recording>
  /** Failed operations. The oldest is the first. */
  readonly failures: ReadonlyArray<Failure>
  /** Discards the recordings of closed connections, and all failures. */
  readonly clear: () => void
}

/**
 * The tag of the wiretap. {@link print} and the other views read the wiretap in the context.
 *
 * @since 0.1.0
 * @category tags
 */
export class Wiretap extends Context.Tag("@httpfx/testing/Wiretap")<Wiretap, Service>() {}

const tap = (network: Network.Service, timers: Timers.Timers, options: Options): Service => {
  const ends = options.ends ?? "both"
  const recordings: Array<Recording> = []
  const { limit = Infinity } = options
  const failures: Array<Failure> = []
  const ids = { client: 0, server: 0 }

  const taps = (side: Side) => ends === "both" || ends === side
  const record = (inner: Transport, side: Side, server?: Address): Transport => {
    const { local, remote } = inner
    const recording: Kept = {
      id: ++ids[side],
      side,
      client: side === "client" ? local : remote,
      server: (side === "client" ? remote : local) ?? server,
      opened: timers.wallTime(),
      ahead: timers.wallTime() - timers.now(),
      events: [],
      room: { client: limit, server: limit }
    }
    recordings.push(recording)
    return new TapTransport(inner, recording, timers)
  }
  const failed = (what: string) => (error: { readonly _tag: string; readonly message: string }) =>
    Effect.sync(() => void failures.push({ at: timers.wallTime(), what, error }))

  return {
    recordings,
    failures,
    clear: () => {
      const open = recordings.filter(({ events }) => events.at(-1)?._tag !== "Close")
      recordings.splice(0, recordings.length, ...open)
      failures.length = 0
    },
    network: {
      ...network,
      resolve: (host, options) => Effect.tapError(network.resolve(host, options), failed(`resolve ${host}`)),
      connect: (address, options) =>
        network.connect(address, options).pipe(
          Effect.tapError(failed(`connect ${formatAddress(address)}`)),
          Effect.map((inner) => (taps("client") ? record(inner, "client", address) : inner))
        ),
      listen: (options, onConnection, onRefused) => {
        if (!taps("server")) return network.listen(options, onConnection, onRefused)
        let address: Address | undefined
        return Effect.tap(
          network.listen(options, (inner) => onConnection(record(inner, "server", address)), onRefused),
          (listener) => Effect.sync(() => (address = listener.address))
        )
      },
      secure: (transport, options) => {
        if (!(transport instanceof TapTransport)) return network.secure(transport, options)
        const { inner, recording } = transport
        return network.secure(inner, options).pipe(
          Effect.tapError(failed("secure")),
          Effect.map((secured) => {
            recording.events.push({ _tag: "Secured", at: Math.round(timers.now() + recording.ahead) })
            return new TapTransport(secured, recording, timers)
          })
        )
      }
    }
  }
}

/**
 * Creates a wiretap on the given network. The current clock provides the times.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (network: Network.Service, options: Options = {}): Effect.Effect<Service> =>
  Effect.map(Timers.timers, (timers) => tap(network, timers, options))

/**
 * Puts a wiretap on the `Network` in the context. Provides the recorded `Network` and the wiretap.
 *
 * @example
 * import { MemoryNetwork, Wiretap } from "@httpfx/testing"
 * import { Effect, Layer } from "effect"
 *
 * const tapped = Layer.provideMerge(Wiretap.layer(), MemoryNetwork.layer())
 *
 * const test = Effect.gen(function* () {
 *   // ... servers and clients ...
 *   console.log(yield* Wiretap.print({ stable: true }))
 * }).pipe(Effect.provide(tapped))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Network.Network | Wiretap, never, Network.Network> =>
  Layer.effectContext(
    Effect.map(
      Effect.flatMap(Network.Network, (network) => make(network, options)),
      (wiretap) => Context.make(Wiretap, wiretap).pipe(Context.add(Network.Network, wiretap.network))
    )
  )

const key = (client: Address | undefined, server: Address | undefined) =>
  client === undefined || server === undefined
    ? undefined
    : `${formatAddress(client)} ${formatAddress(server)}`

/** Leaves out a server's recording if the client of the same connection was recorded too. */
const onceEach = (recordings: ReadonlyArray<Recording>): ReadonlyArray<Recording> => {
  const clients = new Set<string | undefined>()
  for (const { client, server, side } of recordings) if (side === "client") clients.add(key(client, server))
  clients.delete(undefined)
  return recordings.filter(
    ({ client, server, side }) => side === "client" || !clients.has(key(client, server))
  )
}

/**
 * The recordings, in the order in which their connections were opened. Each connection has one recording.
 *
 * @since 0.1.0
 * @category accessors
 */
export const recordings: Effect.Effect<ReadonlyArray<Recording>, never, Wiretap> = Effect.map(
  Wiretap,
  (wiretap) => onceEach(wiretap.recordings)
)

/**
 * The recorded requests with their responses, in the order of their connections.
 *
 * @since 0.1.0
 * @category accessors
 */
export const exchanges: Effect.Effect<ReadonlyArray<Exchange>, never, Wiretap> = Effect.map(
  recordings,
  (all) => all.flatMap((recording) => parse(recording).exchanges)
)

/**
 * Options of the printed text.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrintOptions {
  /**
   * Whether placeholders replace values that differ from run to run. Such values are `Date`, trace and span
   * ids (traceparent, b3), multipart boundaries, and ports that the system assigned. Equal ids get equal
   * placeholders. Default `false`.
   */
  readonly stable?: boolean | undefined
  /** Whether times are printed, in milliseconds since the first connection. Default `true`. */
  readonly times?: boolean | undefined
  /**
   * Maximum number of characters printed for each piece of a body. A longer piece is cut in the middle.
   * Default 200.
   */
  readonly bodyLimit?: number | undefined
  /**
   * Further replacements in the text of recorded bytes (one character per byte). They are applied in order.
   */
  readonly redact?: ReadonlyArray<readonly [pattern: RegExp, replacement: string]> | undefined
}

/**
 * Prints the recorded bytes. `>` marks bytes from clients and `<` marks bytes from servers. Bytes other than
 * printable ASCII are escaped. Failed operations are printed last.
 *
 * @since 0.1.0
 * @category views
 */
export const print = (options: PrintOptions = {}): Effect.Effect<string, never, Wiretap> =>
  Effect.map(Wiretap, (wiretap) => {
    const all = onceEach(wiretap.recordings)
    const starts = [...all.map(({ opened }) => opened), ...wiretap.failures.map(({ at }) => at)]
    const origin = starts.length === 0 ? 0 : Math.min(...starts)
    const times = options.times ?? true
    const names = new Placeholders()
    const stable = options.stable ?? false
    const redact = options.redact ?? []
    const settings = { origin, times, stable, redact, bodyLimit: options.bodyLimit ?? 200 }
    const texts = all.map((recording) => printRecording(recording, names, settings))
    for (const { at, error, what } of wiretap.failures) {
      texts.push(`failed${times ? ` at +${at - origin} ms` : ""}: ${what}: ${error._tag}`)
    }
    return texts.join("\n\n")
  })
