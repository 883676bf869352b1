/**
 * A network in memory: connections that behave like TCP, without sockets, under Effect's clock.
 *
 * Ordered bytes, windows and backpressure, half-close, reset, refusal, names and ports. With no latency everything
 * arrives without the clock being moved; with latency a `TestClock` moves it. Nothing depends on chance: the same
 * program sees the same order of events in every run. It encrypts nothing and loses nothing.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as HttpError from "@httpfx/core/HttpError"
import { Network, type Listener, type ListenOptions, type NetworkService } from "@httpfx/core/Network"
import * as Timers from "@httpfx/core/Timers"
import { fault, formatAddress, tcp, type Address } from "@httpfx/core/Transport"
import { Deliveries } from "./internal/deliveries.js"
import { Flow, type FlowOptions } from "./internal/flow.js"
import { Listeners, type MemoryListener } from "./internal/memoryListeners.js"
import { MemoryTransport, type EndState } from "./internal/memoryTransport.js"
import { familyOf, Names, plain } from "./internal/names.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Milliseconds from one end to the other. Default 0: everything arrives without the clock being moved. */
  readonly latency?: number | undefined
  /** Bytes that an end takes before `write` gives `false`. Default 64 KiB. */
  readonly sendWindow?: number | undefined
  /** Bytes that may be under way or unread in each direction. Default 64 KiB. */
  readonly receiveWindow?: number | undefined
  /** Bytes that arrive at once at most. Default 64 KiB, as on a loopback interface. */
  readonly segmentSize?: number | undefined
  /**
   * Addresses of names. Besides these are known: `localhost`, and every name that was listened on, which has a made-up
   * address of its own. Others do not resolve (`ENOTFOUND`).
   */
  readonly hosts?: Readonly<Record<string, string | ReadonlyArray<string>>> | undefined
}

/**
 * One end of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface End {
  readonly address: Address | undefined
  /** `finWait`: it has sent FIN; `closeWait`: it has read the peer's; `closed`: it is over. */
  readonly state: EndState
  /** Bytes written and not yet sent. */
  readonly unsent: number
  /** Bytes that arrived and were not read. */
  readonly unread: number
}

/**
 * A connection of which at least one end is not closed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  readonly id: number
  readonly client: End
  readonly server: End
}

/**
 * @since 0.1.0
 * @category models
 */
export interface MemoryNetworkService {
  readonly network: NetworkService
  /** What is open now, oldest first: empty when nothing was left behind. */
  readonly connections: Effect.Effect<ReadonlyArray<Connection>>
  /** The addresses that are listened on. */
  readonly listeners: Effect.Effect<ReadonlyArray<Address>>
}

/**
 * What a test sees of the network besides using it.
 *
 * @since 0.1.0
 * @category tags
 */
export class MemoryNetwork extends Context.Tag("@httpfx/testing/MemoryNetwork")<
  MemoryNetwork,
  MemoryNetworkService
>() {}

/**
 * The open connections of the network in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const connections: Effect.Effect<ReadonlyArray<Connection>, never, MemoryNetwork> = Effect.flatMap(
  MemoryNetwork,
  (memory) => memory.connections
)

/**
 * The addresses listened on in the network in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const listeners: Effect.Effect<ReadonlyArray<Address>, never, MemoryNetwork> = Effect.flatMap(
  MemoryNetwork,
  (memory) => memory.listeners
)

class Pair {
  readonly client: MemoryTransport
  readonly server: MemoryTransport
  private readonly up: Flow
  private readonly down: Flow

  constructor(
    readonly id: number,
    readonly ends: { readonly client: Address | undefined; readonly server: Address | undefined },
    deliveries: Deliveries,
    options: FlowOptions,
    onClosed: (pair: Pair) => void
  ) {
    const { client, server } = ends
    const up = (this.up = new Flow(deliveries, options))
    const down = (this.down = new Flow(deliveries, options))
    const closed = () => {
      if (this.client.closed && this.server.closed) onClosed(this)
    }
    this.client = new MemoryTransport(client, server, up, down, deliveries, closed)
    this.server = new MemoryTransport(server, client, down, up, deliveries, closed)
  }

  report(): Connection {
    const end = (
      transport: MemoryTransport,
      out: Flow,
      incoming: Flow,
      address: Address | undefined
    ): End => ({
      address,
      state: transport.state,
      unsent: out.outgoing.bytes,
      unread: incoming.arrived.bytes
    })
    return {
      id: this.id,
      client: end(this.client, this.up, this.down, this.ends.client),
      server: end(this.server, this.down, this.up, this.ends.server)
    }
  }
}

// Our own end, as seen from the address that is connected to.
const ownAddress = (remote: string): string =>
  familyOf(remote) === 6
    ? remote === "::1"
      ? "::1"
      : "fd00::1"
    : remote.startsWith("127.")
      ? "127.0.0.1"
      : "10.0.0.1"

class Memory {
  private readonly names: Names
  private readonly bound: Listeners
  private readonly deliveries: Deliveries
  private readonly pairs = new Set<Pair>()
  private readonly options: FlowOptions
  private nextId = 1

  constructor(options: Options, timers: Timers.Timers) {
    const { latency = 0, receiveWindow = 65536, segmentSize = 65536, sendWindow = 65536 } = options
    this.options = { latency, receiveWindow, segmentSize, sendWindow }
    this.names = new Names(options.hosts ?? {})
    this.bound = new Listeners(this.names)
    this.deliveries = new Deliveries(timers)
  }

  readonly resolve: NetworkService["resolve"] = (host, options) =>
    Effect.suspend(() => {
      const [first, ...rest] = this.names
        .lookup(host)
        .filter(({ family }) => options?.family === undefined || options.family === family)
      if (first !== undefined) return Effect.succeed([first, ...rest] as const)
      return Effect.fail(
        new HttpError.NameNotResolved({ code: "ENOTFOUND", host, reason: `getaddrinfo ENOTFOUND ${host}` })
      )
    })

  readonly connect: NetworkService["connect"] = (address, options) =>
    Effect.async((resume) => {
      let wanted = true
      let pair: Pair | undefined
      const arrive = () => {
        if (!wanted) return
        const target = address._tag === "TcpAddress" ? tcp(plain(address.hostname), address.port) : address
        const listener = this.bound.find(target)
        if (listener === undefined) return this.later(() => resume(Effect.fail(this.refused(target))))
        // The system repeats what a full queue has dropped.
        if (listener.waiting >= listener.backlog) return this.later(arrive)
        pair = this.accept(listener, target, options?.localAddress, options?.localPort)
        const { client } = pair
        this.later(() => {
          if (wanted) resume(Effect.succeed(client))
        })
      }
      this.later(arrive)
      return Effect.sync(() => {
        wanted = false
        pair?.client.reset()
      })
    })

  readonly listen: NetworkService["listen"] = (options, onConnection) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        const listener = this.bound.open(options, onConnection)
        return listener === undefined
          ? Effect.fail(this.inUse(options))
          : Effect.succeed(this.handle(listener))
      }),
      (listener) => listener.close
    )

  // Certificates are the business of a network that encrypts.
  readonly secure: NetworkService["secure"] = (transport) =>
    Effect.suspend(() => {
      transport.reset()
      const reason = "a memory network has no TLS"
      return Effect.fail(
        new HttpError.TlsFailure({ code: "ERR_HTTPFX_TLS_UNAVAILABLE", phase: "secure", reason })
      )
    })

  readonly service: MemoryNetworkService = {
    network: { resolve: this.resolve, connect: this.connect, listen: this.listen, secure: this.secure },
    connections: Effect.sync(() => Array.from(this.pairs, (pair) => pair.report())),
    listeners: Effect.sync(() => Array.from(this.bound.all, (listener) => listener.address))
  }

  close(): void {
    this.bound.all.clear()
    for (const pair of this.pairs) {
      pair.client.reset()
      pair.server.reset()
    }
    this.deliveries.forget()
  }

  private later(run: () => void): void {
    this.deliveries.schedule({ run }, this.options.latency)
  }

  private accept(listener: MemoryListener, target: Address, localAddress?: string, localPort?: number): Pair {
    const unix = target._tag === "UnixAddress"
    const client = unix
      ? undefined
      : tcp(localAddress ?? ownAddress(target.hostname), localPort ?? this.bound.ephemeral())
    const onClosed = (closed: Pair) => void this.pairs.delete(closed)
    const pair = new Pair(this.nextId++, { client, server: target }, this.deliveries, this.options, onClosed)
    this.pairs.add(pair)
    listener.waiting++
    this.deliveries.schedule({
      run: () => {
        listener.waiting--
        if (this.bound.all.has(listener)) listener.onConnection(pair.server)
        else pair.server.reset()
      }
    })
    return pair
  }

  private handle(listener: MemoryListener): Listener {
    return {
      address: listener.address,
      close: Effect.sync(() => void this.bound.all.delete(listener)),
      ref: () => {},
      unref: () => {}
    }
  }

  private refused(address: Address): HttpError.ConnectionRefused | HttpError.ConnectionFailed {
    const facts = { phase: "connect" as const, address: formatAddress(address) }
    // A path that nobody listens on does not exist here; a socket file that was left behind would refuse.
    if (address._tag === "UnixAddress") {
      const { code, message: reason } = fault("ENOENT", "connect", { address })
      return new HttpError.ConnectionFailed({ ...facts, code, reason })
    }
    return new HttpError.ConnectionRefused({
      ...facts,
      reason: fault("ECONNREFUSED", "connect", { address }).message
    })
  }

  private inUse(options: ListenOptions): HttpError.AddressInUse {
    const address = "path" in options ? options.path : formatAddress(tcp(options.host ?? "::", options.port))
    return new HttpError.AddressInUse({
      address,
      reason: `listen EADDRINUSE: address already in use ${address}`
    })
  }
}

/**
 * A network of its own, until the scope closes; its timers are those of the current clock.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<MemoryNetworkService, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.map(Timers.timers, (timers) => new Memory(options, timers)),
      (memory) => Effect.sync(() => memory.close())
    ),
    (memory) => memory.service
  )

/**
 * Provides `Network` in memory, and `MemoryNetwork` to look at it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Network | MemoryNetwork> =>
  Layer.scopedContext(
    Effect.map(make(options), (memory) =>
      Context.make(MemoryNetwork, memory).pipe(Context.add(Network, memory.network))
    )
  )
