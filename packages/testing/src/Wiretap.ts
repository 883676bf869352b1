/**
 * A wiretap: any `Network` with a record of every byte both ways, of when it passed and of how connections
 * ended.
 *
 * The record is read as raw bytes, as messages, as text for people and for snapshots; `@httpfx/testing/tools`
 * makes a HAR and a pcap of it.
 * What is recorded is what the tapped end wrote and was told, at that moment of the current `Clock`. The
 * connections behave as they would without it; without the layer it costs nothing.
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
 * An attempt that gave no connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failure {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What was wanted: `resolve name`, `connect address`, `secure`. */
  readonly what: string
  /** What the caller was failed with. `_tag` is its kind, `message` its text. */
  readonly error: { readonly _tag: string; readonly message: string }
}

/**
 * What a wiretap records.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Which ends are recorded: those of connections made through the network, those that were accepted, or
   * both. With both, a connection within one network is recorded twice; views show it as its client saw it.
   * Default `"both"`.
   */
  readonly ends?: Side | "both" | undefined
  /**
   * Bytes kept of each connection and direction. What comes after them is counted, and not kept (`Skipped`).
   * Default: no limit, which is for tests; a program that runs for long needs one.
   */
  readonly limit?: number | undefined
}

/**
 * A wiretap and what it has recorded.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The tapped network. */
  readonly network: Network.Service
  /**
   * Everything recorded, in the order in which connections were opened. It grows while the network is in use.
   */
  readonly recordings: ReadonlyArray<Recording>
  /** Attempts that gave no connection, oldest first. */
  readonly failures: ReadonlyArray<Failure>
  /** Forgets what was recorded of connections that are closed, and all failures. */
  readonly clear: () => void
}

/**
 * The wiretap in the context: what {@link print} and its like read.
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
      listen: (options, onConnection) => {
        if (!taps("server")) return network.listen(options, onConnection)
        let address: Address | undefined
        return Effect.tap(
          network.listen(options, (inner) => onConnection(record(inner, "server", address))),
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
 * A wiretap on the given network; times are those of the current clock.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (network: Network.Service, options: Options = {}): Effect.Effect<Service> =>
  Effect.map(Timers.timers, (timers) => tap(network, timers, options))

/**
 * Puts a wiretap on the `Network` below and provides the tapped one.
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

/** Each connection once: as its client saw it, where that was recorded. */
const onceEach = (recordings: ReadonlyArray<Recording>): ReadonlyArray<Recording> => {
  const clients = new Set<string | undefined>()
  for (const { client, server, side } of recordings) if (side === "client") clients.add(key(client, server))
  clients.delete(undefined)
  return recordings.filter(
    ({ client, server, side }) => side === "client" || !clients.has(key(client, server))
  )
}

/**
 * What was recorded, each connection once, in the order in which they were opened.
 *
 * @since 0.1.0
 * @category accessors
 */
export const recordings: Effect.Effect<ReadonlyArray<Recording>, never, Wiretap> = Effect.map(
  Wiretap,
  (wiretap) => onceEach(wiretap.recordings)
)

/**
 * Requests with their answers, connection by connection.
 *
 * @since 0.1.0
 * @category accessors
 */
export const exchanges: Effect.Effect<ReadonlyArray<Exchange>, never, Wiretap> = Effect.map(
  recordings,
  (all) => all.flatMap((recording) => parse(recording).exchanges)
)

/**
 * How a recording is printed.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrintOptions {
  /**
   * Replaces what differs from run to run: `Date`, trace and span ids (traceparent, b3), multipart
   * boundaries, ports given by the system. Equal ids have equal placeholders. Default `false`.
   */
  readonly stable?: boolean | undefined
  /** Times in milliseconds since the first connection. Default `true`. */
  readonly times?: boolean | undefined
  /** Characters of a piece of a body that are shown, its two ends. Default 200. */
  readonly bodyLimit?: number | undefined
  /** Further replacements in the wire text (a character per byte), in order. */
  readonly redact?: ReadonlyArray<readonly [pattern: RegExp, replacement: string]> | undefined
}

/**
 * What was recorded as wire text: `>` is what clients sent, `<` what servers did, with escapes for all that
 * is not printable ASCII. Attempts that failed come last.
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
