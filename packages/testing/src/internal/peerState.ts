/**
 * What a raw peer has been told by its transport: the bytes, how many of them were consumed, and how it ended.
 *
 * It waits for nothing and expects nothing; it wakes those who do after every callback.
 */
import * as Effect from "effect/Effect"
import type { Transport, TransportHandlers } from "@httpfx/core/Transport"
import { textOf } from "./wireText.js"

export class PeerState implements TransportHandlers {
  ended = false
  closed = false
  fault: string | undefined
  drains = 0
  consumed = 0
  /** Bytes that came. */
  length = 0
  readonly watchers = new Set<() => unknown>()
  private chunks: Array<string> = []
  private text = ""

  constructor(transport: Transport) {
    transport.start(this)
  }

  /** All that came. Joined when asked for, so that a large body costs once. */
  get received(): string {
    if (this.chunks.length > 0) {
      this.text += this.chunks.join("")
      this.chunks = []
    }
    return this.text
  }

  get unread(): string {
    return this.received.slice(this.consumed)
  }

  get summary(): string {
    return this.fault ?? (this.closed ? "closed" : this.ended ? "fin" : "open")
  }

  take(length: number): string {
    const text = this.received.slice(this.consumed, this.consumed + length)
    this.consumed += length
    return text
  }

  /** Waits until `found` gives something. */
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
    this.length += chunk.length
    this.chunks.push(textOf(chunk))
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
