/**
 * Records every byte of a `Network` in both directions, its time, and how connections ended.
 *
 * A record can be read as raw bytes, as messages, and as text for people and snapshots;
 * `@httpfx/testing/tools` converts it to HAR and pcap.
 * It holds the bytes that the tapped end wrote and received, with times of the current `Clock`. Connections
 * behave as without it; without the layer it costs nothing.
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
 * A failed attempt to get a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failure {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The operation: `resolve name`, `connect address`, `secure`. */
  readonly what: string
  /** The error of the caller: `_tag` is its kind, `message` its text. */
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
   * The ends to record: connections made through the network (client), accepted ones (server), or both. With
   * both, a connection within one network is recorded twice; views show it as its client saw it. Default
   * `"both"`.
   */
  readonly ends?: Side | "both" | undefined
  /**
   * Bytes kept per connection and direction. Later bytes are counted but not kept (`Skipped`). Default: no
   * limit, which suits tests; set one in long-running programs.
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
  /** The tapped network. */
  readonly network: Network.Service
  /**
   * Everything recorded, in the order in which connections were opened. Grows while the network is in use.
   */
  readonly recordings: ReadonlyArray<Recording>
  /** Failed attempts, oldest first. */
  readonly failures: ReadonlyArray<Failure>
  /** Discards the recordings of closed connections, and all failures. */
  readonly clear: () => void
}

/**
 * The wiretap in the context, which {@link print} and the other views read.
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

/** Each connection once: as its client saw it, if that was recorded. */
const onceEach = (recordings: ReadonlyArray<Recording>): ReadonlyArray<Recording> => {
  const clients = new Set<string | undefined>()
  for (const { client, server, side } of recordings) if (side === "client") clients.add(key(client, server))
  clients.delete(undefined)
  return recordings.filter(
    ({ client, server, side }) => side === "client" || !clients.has(key(client, server))
  )
}

/**
 * The recordings, each connection once, in the order in which they were opened.
 *
 * @since 0.1.0
 * @category accessors
 */
export const recordings: Effect.Effect<ReadonlyArray<Recording>, never, Wiretap> = Effect.map(
  Wiretap,
  (wiretap) => onceEach(wiretap.recordings)
)

/**
 * Requests with their responses, connection by connection.
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
   * Replaces values that differ from run to run: `Date`, trace and span ids (traceparent, b3), multipart
   * boundaries, system-assigned ports. Equal ids get equal placeholders. Default `false`.
   */
  readonly stable?: boolean | undefined
  /** Print times, in milliseconds since the first connection. Default `true`. */
  readonly times?: boolean | undefined
  /** Maximum characters shown of a piece of a body, taken from its two ends. Default 200. */
  readonly bodyLimit?: number | undefined
  /** Further replacements in the wire text (one character per byte), in order. */
  readonly redact?: ReadonlyArray<readonly [pattern: RegExp, replacement: string]> | undefined
}

/**
 * The recordings as wire text: `>` is sent by clients, `<` by servers, with escapes for anything but
 * printable ASCII. Failed attempts come last.
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
