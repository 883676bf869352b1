/** A network that tracks its open connections and listeners. Their behaviour stays the same. */
import * as Effect from "effect/Effect"
import type * as Network from "@httpfx/core/Network"
import {
  abandon,
  formatAddress,
  isLost,
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

class WatchedTransport implements Transport {
  private started = false
  readonly local: Transport["local"]
  readonly remote: Transport["remote"]

  constructor(
    private readonly inner: Transport,
    private readonly onClose: () => void
  ) {
    this.local = inner.local
    this.remote = inner.remote
  }

  get tls() {
    return this.inner.tls
  }
  get truncated() {
    return this.inner.truncated ?? false
  }
  get buffered() {
    return this.inner.buffered
  }
  get writable() {
    return this.inner.writable
  }
  start(handlers: TransportHandlers) {
    this.started = true
    this.inner.start({
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
  write(data: string | Uint8Array, body?: Uint8Array) {
    return body === undefined ? this.inner.write(data) : this.inner.write(data, body)
  }
  cork() {
    this.inner.cork()
  }
  uncork() {
    this.inner.uncork()
  }
  end() {
    this.inner.end()
  }
  reset() {
    // A transport that was never started gets no `close` callback, so stop tracking it here.
    if (!this.started) this.onClose()
    this.inner.reset()
  }
  abandon() {
    if (!this.started) this.onClose()
    abandon(this.inner)
  }
  isLost() {
    return isLost(this.inner)
  }
  pause() {
    this.inner.pause()
  }
  resume() {
    this.inner.resume()
  }
  ref() {
    this.inner.ref()
  }
  unref() {
    this.inner.unref()
  }
  noDelay(enable: boolean) {
    this.inner.noDelay(enable)
  }
  keepAlive(enable: boolean, initialDelay: number) {
    this.inner.keepAlive(enable, initialDelay)
  }
}
