/**
 * The received bytes of a raw peer, the number of bytes that were consumed, and the way in which the
 * connection ended.
 *
 * After every callback, the watchers of waiting expectations are called, so that they can check the new
 * state.
 */
import * as Effect from "effect/Effect"
import type { Transport, TransportHandlers } from "@httpfx/core/Transport"
import { textOf } from "../tap/wireText.js"

export class PeerState implements TransportHandlers {
  ended = false
  closed = false
  fault: string | undefined
  drains = 0
  consumed = 0
  /** Number of received bytes. */
  length = 0
  readonly watchers = new Set<() => unknown>()
  /** All received text, in order. */
  private all: Array<string> = []
  /**
   * The unconsumed text, in parts. Parts are joined only when they are read, so that a large body is joined
   * only once.
   */
  private ahead: Array<string> = []

  constructor(transport: Transport) {
    transport.start(this)
  }

  get received(): string {
    if (this.all.length > 1) this.all = [this.all.join("")]
    return this.all[0] ?? ""
  }

  get unread(): string {
    if (this.ahead.length > 1) this.ahead = [this.ahead.join("")]
    return this.ahead[0] ?? ""
  }

  get waiting(): number {
    return this.length - this.consumed
  }

  get summary(): string {
    return this.fault ?? (this.closed ? "closed" : this.ended ? "fin" : "open")
  }

  /** Returns the next `length` bytes, or all unconsumed bytes if they are fewer. Consumes nothing. */
  peek(length: number): string {
    let [first = ""] = this.ahead
    for (let parts = 1; first.length < length && this.ahead.length > 1; parts++) {
      // Join twice as many parts each time. Joining many small parts one by one would take quadratic time.
      first = this.ahead.splice(0, 2 ** parts).join("")
      this.ahead.unshift(first)
    }
    return first.length > length ? first.slice(0, length) : first
  }

  /** Returns the offset after the `times`th marker, or -1 if the text has fewer markers. */
  find(marker: string, times: number): number {
    for (let length = 256; ; length *= 4) {
      const text = this.peek(length)
      let end = 0
      for (let found = 0; found < times && end >= 0; found++) {
        const index = text.indexOf(marker, end)
        end = index < 0 ? -1 : index + marker.length
      }
      if (end >= 0 || text.length < length) return end
    }
  }

  take(length: number): string {
    const text = this.peek(length)
    const [first = ""] = this.ahead
    if (first.length > length) this.ahead[0] = first.slice(length)
    else this.ahead.shift()
    this.consumed += text.length
    return text
  }

  /** Waits until `found` returns a value that is not `undefined`. */
  arrival(found: () => unknown): Effect.Effect<void> {
    return Effect.async((resume) => {
      const watch = () => {
        if (found() === undefined) return
        this.watchers.delete(watch)
        resume(Effect.void)
      }
      this.watchers.add(watch)
      watch()
      return Effect.sync(() => void this.watchers.delete(watch))
    })
  }

  data(chunk: Uint8Array): void {
    const text = textOf(chunk)
    this.length += text.length
    this.all.push(text)
    this.ahead.push(text)
    this.wake()
  }
  end(): void {
    this.ended = true
    this.wake()
  }
  drain(): void {
    this.drains++
    this.wake()
  }
  error(fault: { readonly code: string }): void {
    this.fault = fault.code
    this.wake()
  }
  close(): void {
    this.closed = true
    this.wake()
  }

  private wake(): void {
    for (const watch of [...this.watchers]) watch()
  }
}
