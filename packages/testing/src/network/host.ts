/**
 * The network of a host between its start and its next crash. A crash ends everything that the host has
 * opened, without FIN.
 *
 * Code of the crashed host that still runs gets the errors of a network that is down.
 */
import * as Effect from "effect/Effect"
import * as HttpError from "@httpfx/core/HttpError"
import * as Network from "@httpfx/core/Network"
import { fault, type Address, type Transport } from "@httpfx/core/Transport"
import { connectError, notResolved } from "./attempt.js"
import type { Memory } from "./memory.js"
import { MemoryTransport } from "./transport.js"
import { plain } from "./names.js"

const everywhere = new Set<string | undefined>([undefined, "::", "0.0.0.0"])

// A host has only one address. A listener on all addresses therefore listens on the address of the host.
const onHost = (options: Network.ListenOptions, host: string): Network.ListenOptions =>
  "port" in options && everywhere.has(options.host) ? { ...options, host } : options

export class HostNetwork {
  readonly service: Network.Service
  private readonly ends = new Set<MemoryTransport>()
  private readonly listeners = new Set<Network.Listener>()
  private gone = false

  constructor(
    private readonly memory: Memory,
    private readonly host: string,
    wallTime: () => number
  ) {
    const inner = memory.network(host, wallTime)
    this.service = {
      ...inner,
      resolve: (name, options) =>
        Effect.suspend(() =>
          this.gone ? Effect.fail(notResolved(name, "EAI_AGAIN")) : inner.resolve(name, options)
        ),
      connect: (address, options) =>
        Effect.suspend(() =>
          this.gone ? this.down(address) : this.connecting(inner.connect(address, options), address)
        ),
      listen: (options, onConnection, onRefused) =>
        Effect.suspend(() => {
          if (this.gone) return Effect.fail(cannotListen(options))
          const listening = inner.listen(
            onHost(options, host),
            (transport) => {
              this.opened(transport)
              onConnection(transport)
            },
            onRefused
          )
          return Effect.tap(listening, (listener) => Effect.sync(() => this.listeners.add(listener)))
        })
    }
  }

  /**
   * Ends all connections and listeners of the host. With `reset`, peers see RST. With `silence`, the host
   * sends nothing while it is down. Returns the function to call when the host restarts.
   */
  end(as: "reset" | "silence"): () => void {
    this.gone = true
    const silence = as === "silence" ? this.silence() : undefined
    for (const listener of this.listeners) Effect.runSync(listener.close)
    const left = [...this.ends].filter(({ closed }) => !closed)
    for (const end of left) {
      if (as === "reset") end.reset()
      else end.vanish()
    }
    this.ends.clear()
    this.listeners.clear()
    return () => {
      silence?.()
      if (as === "silence") for (const end of left) end.answerStranger()
    }
  }

  /**
   * Withholds all events that the host sends, and all attempts to connect from or to the host. Returns the
   * function that ends the silence.
   */
  private silence(): () => void {
    const name = plain(this.host)
    const { rules } = this.memory
    const installed = rules.installFirst(({ from, kind, link }) => {
      if (kind === "Dns") return { _tag: "Pass" }
      const sender = from === "client" ? link.client : link.server
      const concerned = kind === "Connect" ? [link.client, link.server] : [sender]
      return concerned.some(({ names }) => names.includes(name))
        ? { _tag: "Silence", after: 0, both: false }
        : { _tag: "Pass" }
    })
    return () => rules.remove(installed)
  }

  private connecting(
    attempt: Effect.Effect<Transport, Network.ConnectError>,
    address: Address
  ): Effect.Effect<Transport, Network.ConnectError> {
    return Effect.flatMap(attempt, (transport) => {
      this.opened(transport)
      return this.gone ? this.down(address) : Effect.succeed(transport)
    })
  }

  private opened(transport: Transport): void {
    if (!(transport instanceof MemoryTransport)) return
    if (this.gone) transport.reset()
    else this.ends.add(transport)
  }

  private down(address: Address): Effect.Effect<never, Network.ConnectError> {
    return Effect.fail(connectError(address, "ENETDOWN"))
  }
}

const cannotListen = (options: Network.ListenOptions): Network.ListenError =>
  new HttpError.ListenFailed({
    code: "ENETDOWN",
    address: Network.formatListen(options),
    reason: fault("ENETDOWN", "listen").message ?? "listen ENETDOWN"
  })
