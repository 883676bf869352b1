/**
 * The implementation of a memory network, with its connections, listeners, names, conditions and rules.
 * flow.ts transfers bytes, attempt.ts runs attempts to connect, and tls/handshake.ts implements TLS.
 */
import * as Effect from "effect/Effect"
import * as HttpError from "@httpfx/core/HttpError"
import * as Network from "@httpfx/core/Network"
import type { Timers } from "@httpfx/core/Timers"
import { tcp, type Address, type Transport } from "@httpfx/core/Transport"
import type { Service, Options } from "./model.js"
import type { Link, Side } from "../Verdict.js"
import { attempt, type Attempts } from "./attempt.js"
import { chance } from "../time/chance.js"
import { Closings } from "../time/closings.js"
import { Deliveries } from "./deliveries.js"
import { checkTls, secureWith } from "./tls/handshake.js"
import { Listeners, type MemoryListener } from "./listeners.js"
import { familyOf, Names, plain } from "./names.js"
import { Pair, type Surroundings } from "./pair.js"
import { compile } from "../fault/patterns.js"
import { Rules } from "../fault/rules.js"
import { AllConditions } from "./conditions.js"

// Returns the local address of a client that connects to this remote address.
const ownAddress = (remote: string): string =>
  familyOf(remote) === 6
    ? remote === "::1"
      ? "::1"
      : "fd00::1"
    : remote.startsWith("127.")
      ? "127.0.0.1"
      : "10.0.0.1"

const memories = new WeakMap<Service, Memory>()

/** Returns the implementation behind a service of `MemoryNetwork`. */
export const memoryOf = (service: Service): Memory => {
  const memory = memories.get(service)
  if (memory === undefined) throw new Error("a host needs the original service of MemoryNetwork")
  return memory
}

export class Memory implements Surroundings, Attempts {
  readonly deliveries: Deliveries
  readonly conditions: AllConditions
  readonly rules = new Rules()
  readonly draw: () => number
  private readonly names: Names
  private readonly bound: Listeners
  private readonly pairs = new Set<Pair>()
  private nextId = 1
  private readonly closing: NonNullable<Network.Service["closing"]>

  /** `simulated` is `true` if a simulation advances the clock. */
  constructor(
    options: Options,
    readonly seed: number | string,
    readonly timers: Timers,
    simulated: boolean
  ) {
    this.conditions = new AllConditions(options)
    this.names = new Names(options.hosts ?? {})
    this.bound = new Listeners(this.names)
    this.deliveries = new Deliveries(timers)
    this.draw = chance(seed, "connect")
    this.closing = simulated ? () => () => {} : new Closings(this.deliveries).add
  }

  get service(): Service {
    const service = this.makeService()
    memories.set(service, this)
    return service
  }

  private makeService(): Service {
    return {
      network: this.network(undefined),
      connections: Effect.sync(() => Array.from(this.pairs, (pair) => pair.report())),
      listeners: Effect.sync(() => Array.from(this.bound.all, (listener) => listener.address)),
      seed: this.seed,
      condition: (where, conditions) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => this.changed(this.conditions.add(where, conditions))),
            (item) => Effect.sync(() => this.changed(this.conditions.remove(item)))
          )
        ),
      rule: (rule, observe) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => this.rules.install(rule, observe)),
            (installed) => Effect.sync(() => this.rules.remove(installed))
          )
        ),
      reset: (where) =>
        Effect.sync(() => {
          const matches = compile(where)
          const meant = [...this.pairs].filter(({ link }) => matches(link))
          for (const pair of meant) pair.cut(where.sender ?? "client")
          return meant.length
        }),
      setHost: (name, addresses) =>
        Effect.sync(() => this.names.set(name, typeof addresses === "string" ? [addresses] : addresses)),
      from: (host) => this.network(host)
    }
  }

  close(): void {
    this.bound.all.clear()
    for (const pair of this.pairs) {
      pair.client.reset()
      pair.server.reset()
    }
    this.deliveries.forget()
  }

  /**
   * Creates the network service for the host with this name and wall time. If `host` is `undefined`, the
   * service is for clients without a host.
   */
  network(host: string | undefined, wallTime = () => this.timers.wallTime()): Network.Service {
    return {
      resolve: (name, options) =>
        attempt.resolve(this, this.resolving(host, name), name, () =>
          this.names
            .lookup(name)
            .filter(({ family }) => options?.family === undefined || options.family === family)
        ),
      connect: (address, options) => {
        const target = address._tag === "TcpAddress" ? tcp(plain(address.hostname), address.port) : address
        return attempt.connect(this, this.linkTo(target, host, options), target, (link) => {
          const listener = this.bound.find(target)
          if (listener === undefined) return undefined
          // A full backlog drops the SYN, so the client's system sends the SYN again later.
          if (listener.waiting >= listener.backlog) return "full"
          return this.accept(listener, link)
        })
      },
      listen: (options, onConnection) => this.listen(options, onConnection),
      secure: secureWith(wallTime),
      checkTls,
      closing: this.closing
    }
  }

  delay(link: Link, from: Side): number {
    const { jitter, latency } = this.conditions.of(link, from)
    return jitter > 0 ? Math.ceil(latency + this.draw() * jitter) : latency
  }

  private changed<A>(value: A): A {
    for (const pair of this.pairs) pair.refresh()
    return value
  }

  private resolving(host: string | undefined, name: string): Link {
    const address = host === undefined ? undefined : tcp(this.names.claim(host), 0)
    const names = host === undefined ? [] : [plain(host)]
    return {
      id: 0,
      client: { address, names },
      server: { address: undefined, names: [plain(name)] }
    }
  }

  private linkTo(
    target: Address,
    host: string | undefined,
    options: Network.ConnectOptions | undefined
  ): Link {
    if (target._tag === "UnixAddress") {
      const names = host === undefined ? [] : [plain(host)]
      return { id: 0, client: { address: undefined, names }, server: { address: target, names: [] } }
    }
    const own =
      options?.localAddress ?? (host === undefined ? ownAddress(target.hostname) : this.names.claim(host))
    return {
      id: 0,
      client: { address: tcp(own, options?.localPort ?? 0), names: this.names.of(own) },
      server: { address: target, names: this.names.of(target.hostname) }
    }
  }

  private accept(listener: MemoryListener, planned: Link): Pair {
    const { address, names } = planned.client
    const client =
      address?._tag === "TcpAddress" && address.port === 0
        ? { address: tcp(address.hostname, this.bound.ephemeral()), names }
        : planned.client
    const link = { id: this.nextId++, client, server: planned.server }
    const pair = new Pair(link, this, (closed) => void this.pairs.delete(closed))
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

  private listen(options: Network.ListenOptions, onConnection: (transport: Transport) => void) {
    return Effect.acquireRelease(
      Effect.suspend((): Effect.Effect<Network.Listener, Network.ListenError> => {
        if ("fd" in options || "handle" in options) {
          const reason = "a network in memory has no file descriptors"
          return Effect.fail(
            new HttpError.ListenFailed({ code: "EBADF", address: Network.formatListen(options), reason })
          )
        }
        const listener = this.bound.open(options, onConnection)
        return listener === undefined ? Effect.fail(inUse(options)) : Effect.succeed(this.handle(listener))
      }),
      (listener) => listener.close
    )
  }

  private handle(listener: MemoryListener): Network.Listener {
    return {
      address: listener.address,
      close: Effect.sync(() => void this.bound.all.delete(listener)),
      ref: () => {},
      unref: () => {}
    }
  }
}

const inUse = (options: Network.ListenOptions): HttpError.AddressInUse => {
  const address = Network.formatListen(options)
  return new HttpError.AddressInUse({
    address,
    reason: `listen EADDRINUSE: address already in use ${address}`
  })
}
