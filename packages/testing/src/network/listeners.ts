/**
 * The listeners of a memory network, and the assignment of ports.
 */
import type { ListenOptions } from "@httpfx/core/Network"
import { tcp, unix, type Address, type Transport } from "@httpfx/core/Transport"
import { collide, covers, type Binding, type Names } from "./names.js"

export interface MemoryListener {
  readonly address: Address
  readonly binding: Binding | undefined
  readonly backlog: number
  readonly onConnection: (transport: Transport) => void
  /** Number of connections that have arrived and are waiting to be accepted. */
  waiting: number
}

// The range of dynamic ports (RFC 6335 §6).
const firstEphemeral = 49152
const lastPort = 65535

type Place = Exclude<ListenOptions, { readonly fd: number } | { readonly handle: object }>

export class Listeners {
  readonly all = new Set<MemoryListener>()
  private nextPort = firstEphemeral

  constructor(private readonly names: Names) {}

  /** Returns the next dynamic port. The numbers go round, so a port is assigned again as late as possible. */
  ephemeral(): number {
    const port = this.nextPort
    this.nextPort = port === lastPort ? firstEphemeral : port + 1
    return port
  }

  find(address: Address): MemoryListener | undefined {
    for (const listener of this.all) {
      if (address._tag === "UnixAddress") {
        if (listener.address._tag === "UnixAddress" && listener.address.path === address.path) return listener
      } else if (listener.binding !== undefined && covers(listener.binding, address.hostname, address.port)) {
        // Listeners that share a port accept in turn, so move this listener to the end of the list.
        if (listener.binding.shared) {
          this.all.delete(listener)
          this.all.add(listener)
        }
        return listener
      }
    }
    return undefined
  }

  /** Adds a listener. Returns `undefined` if the address is in use. */
  open(options: Place, onConnection: (transport: Transport) => void): MemoryListener | undefined {
    const backlog = options.backlog ?? 511
    const binding = "path" in options ? undefined : this.bind(options)
    const address = "path" in options ? unix(options.path) : tcp(binding!.host, binding!.port)
    const taken = binding === undefined ? this.find(address) !== undefined : this.taken(binding)
    if (taken) return undefined
    const listener = { address, binding, backlog, onConnection, waiting: 0 }
    this.all.add(listener)
    return listener
  }

  private bind(options: {
    readonly port: number
    readonly host?: string | undefined
    readonly ipv6Only?: boolean | undefined
    readonly reusePort?: boolean | undefined
  }): Binding {
    const host = options.host === undefined ? "::" : this.names.claim(options.host)
    const ipv6Only = options.ipv6Only ?? false
    const shared = options.reusePort ?? false
    if (options.port !== 0) return { host, port: options.port, ipv6Only, shared }
    for (let tries = firstEphemeral; ; tries++) {
      const binding = { host, port: this.ephemeral(), ipv6Only, shared }
      if (!this.taken(binding) || tries === lastPort) return binding
    }
  }

  private taken(binding: Binding): boolean {
    for (const listener of this.all) {
      if (listener.binding === undefined || !collide(listener.binding, binding)) continue
      if (!listener.binding.shared || !binding.shared) return true
    }
    return false
  }
}
