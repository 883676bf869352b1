/** Records the events of one end of a connection in their order, and lets a test wait for events. */
import * as Effect from "effect/Effect"
import type { Transport, TransportHandlers } from "@httpfx/core/Transport"

// Decodes each byte to one character. `TextDecoder` cannot do this, because its encoding `latin1` is
// windows-1252.
const latin1 = (bytes: Uint8Array): string => {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

export class Probe implements TransportHandlers {
  /** The events in their order. Consecutive `data` events are merged into one. */
  readonly log: Array<string> = []
  readonly chunks: Array<Uint8Array> = []
  received = 0
  /** Whether the transport has called back inside one of our calls to it. */
  reentered = false
  onData: (chunk: Uint8Array) => void = () => {}
  onEnd: () => void = () => {}
  private inside = false
  private readonly waiting = new Set<() => void>()

  constructor(readonly transport: Transport) {}

  /** The received bytes as text. */
  get text(): string {
    return this.chunks.map(latin1).join("")
  }

  /** Calls the transport. A callback during this call sets `reentered`. */
  call<A>(f: (transport: Transport) => A): A {
    const before = this.inside
    this.inside = true
    try {
      return f(this.transport)
    } finally {
      this.inside = before
    }
  }

  start(): this {
    this.call((transport) => transport.start(this))
    return this
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    return this.call((transport) => transport.write(data, body))
  }

  /** Waits until `ready` returns `true`. `ready` is checked after every callback. */
  until(ready: (self: Probe) => boolean): Effect.Effect<void> {
    return Effect.async((resume) => {
      const look = () => {
        if (!ready(this)) return
        this.waiting.delete(look)
        resume(Effect.void)
      }
      this.waiting.add(look)
      look()
      return Effect.sync(() => void this.waiting.delete(look))
    })
  }

  /** Waits until the event with this name has been recorded. */
  saw(event: string): Effect.Effect<void> {
    return this.until(() => this.log.includes(event))
  }

  data(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.received += chunk.length
    this.told("data", () => this.onData(chunk))
  }
  end(): void {
    this.told("end", this.onEnd)
  }
  drain(): void {
    this.told("drain")
  }
  error(fault: { readonly code: string }): void {
    this.told(`error ${fault.code}`)
  }
  close(): void {
    this.told("close")
  }

  private told(event: string, then?: () => void): void {
    if (this.inside) this.reentered = true
    if (event !== "data" || this.log[this.log.length - 1] !== "data") this.log.push(event)
    then?.()
    for (const look of [...this.waiting]) look()
  }
}
