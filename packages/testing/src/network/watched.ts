/** A network that tracks its open connections and listeners. Their behaviour stays the same. */
import * as Effect from "effect/Effect"
import type * as Network from "@httpfx/core/Network"
import {
  formatAddress,
  ForwardingTransport,
  type Transport,
  type TransportHandlers
} from "@httpfx/core/Transport"

const name = (transport: Transport, role: string) => {
  const end = (address: Transport["local"]) => (address === undefined ? "?" : formatAddress(address))
  return `${role} ${end(transport.local)} to ${end(transport.remote)}`
}

export class WatchedNetwork {
  private readonly open = new Map<Transport, string>()
  private readonly bound = new Map<object, string>()
  private readonly inner = new WeakMap<Transport, Transport>()

  get connections(): Iterable<string> {
    return this.open.values()
  }

  get listeners(): Iterable<string> {
    return this.bound.values()
  }

  watch(network: Network.Service): Network.Service {
    return {
      ...network,
      connect: (address, options) =>
        Effect.map(network.connect(address, options), (transport) => this.transport(transport, "client")),
      listen: (options, onConnection, onRefused) =>
        Effect.acquireRelease(
          Effect.map(
            network.listen(
              options,
              (transport) => onConnection(this.transport(transport, "server")),
              onRefused
            ),
            (listener) => {
              const key = {}
              this.bound.set(key, formatAddress(listener.address))
              const close = Effect.zipRight(
                listener.close,
                Effect.sync(() => this.bound.delete(key))
              )
              return {
                address: listener.address,
                close,
                ref: () => listener.ref(),
                unref: () => listener.unref()
              }
            }
          ),
          (listener) => listener.close
        ),
      secure: (transport, options) => {
        // `secure` needs the network's own transport. Closing the secured transport also closes that inner
        // transport, so track only the secured transport.
        this.open.delete(transport)
        return Effect.map(network.secure(this.inner.get(transport) ?? transport, options), (secured) =>
          this.transport(secured, `TLS ${options.role}`)
        )
      }
    }
  }

  private transport(inner: Transport, role: string): Transport {
    const watched = new WatchedTransport(inner, () => this.open.delete(watched))
    this.inner.set(watched, inner)
    this.open.set(watched, name(inner, role))
    return watched
  }
}

class WatchedTransport extends ForwardingTransport {
  private started = false

  constructor(
    inner: Transport,
    private readonly onClose: () => void
  ) {
    super(inner)
  }

  override start(handlers: TransportHandlers): void {
    this.started = true
    super.start({
      data: (chunk) => handlers.data(chunk),
      end: () => handlers.end(),
      drain: () => handlers.drain(),
      error: (fault) => handlers.error(fault),
      close: () => {
        this.onClose()
        handlers.close()
      }
    })
  }

  // A transport that was never started gets no `close` callback, so stop tracking it here.
  override reset(): void {
    if (!this.started) this.onClose()
    super.reset()
  }
  override abandon(): void {
    if (!this.started) this.onClose()
    super.abandon()
  }
}
