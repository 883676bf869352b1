/**
 * The platform of an explored world: a transport and timers that never act by themselves.
 */
import type { Fault } from "../../../src/model/fault.js"
import type { Timers } from "../../../src/seams/timers.js"
import type { Transport, TransportHandlers } from "../../../src/seams/transport.js"
import { broken, expect } from "./world.js"

export class ExploredTimers implements Timers {
  private time = 0
  private pending: Array<{ readonly deadline: number; readonly f: () => void }> = []

  now(): number {
    return this.time
  }

  wallTime(): number {
    return this.time
  }

  at(deadline: number, f: () => void): () => void {
    const timer = { deadline, f }
    this.pending.push(timer)
    return () => {
      this.pending = this.pending.filter((other) => other !== timer)
    }
  }

  turn(f: () => void): void {
    this.at(this.time, f)
  }

  get armed(): number {
    return this.pending.length
  }

  /** Advances to the earliest deadline, and runs the timers that are due. */
  fire(): void {
    const first = this.pending.reduce((one, other) => (other.deadline < one.deadline ? other : one))
    this.time = Math.max(this.time, first.deadline)
    this.pending = this.pending.filter((other) => other !== first)
    first.f()
  }
}

const latin1 = (data: string | Uint8Array): string =>
  typeof data === "string" ? data : Buffer.from(data.buffer, data.byteOffset, data.length).toString("latin1")

/**
 * Writes are sent at once unless `stalled`; then they wait for `flush`. Never calls back inside a call of the
 * owner.
 */
export class ExploredTransport implements Transport {
  readonly local = undefined
  readonly remote = undefined
  buffered = 0
  writable = true
  stalled = false
  paused = false
  peerEnded = false
  ended = false
  /** `close` is due. */
  closing = false
  closed = false
  wasReset = false
  /** All output. */
  log = ""
  private handlers: TransportHandlers | undefined
  private told: "none" | "stalled" = "none"

  start(handlers: TransportHandlers): void {
    this.handlers = handlers
  }

  get reading(): boolean {
    return !this.paused && !this.peerEnded && !this.closing && !this.closed
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    expect(!this.ended, "bytes are written after FIN")
    expect(!this.closed, "bytes are written after close")
    if (!this.writable) return false
    const text = latin1(data) + (body === undefined ? "" : latin1(body))
    this.log += text
    if (!this.stalled) return true
    this.buffered += text.length
    this.told = "stalled"
    return false
  }

  cork(): void {}
  uncork(): void {}

  end(): void {
    if (!this.writable) return
    this.ended = true
    this.writable = false
    this.told = "none"
    this.over()
  }

  reset(): void {
    if (this.closed) return
    this.wasReset = true
    this.lost()
  }

  abandon(): void {
    this.lost()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  ref(): void {}
  unref(): void {}
  noDelay(): void {}
  keepAlive(): void {}

  // ---- called by the world

  receive(bytes: Uint8Array): void {
    this.handlers!.data(bytes)
  }

  fin(): void {
    this.peerEnded = true
    this.handlers!.end()
    this.over()
  }

  fail(fault: Fault): void {
    this.lost()
    this.handlers!.error(fault)
  }

  /** The peer reads the buffered output. */
  flush(): void {
    this.buffered = 0
    this.stalled = false
    const drains = this.told === "stalled"
    this.told = "none"
    if (drains && !this.ended) this.handlers!.drain()
    this.over()
  }

  close(): void {
    if (this.closed) broken("closed twice")
    this.closed = true
    this.closing = false
    this.handlers!.close()
  }

  private lost(): void {
    if (this.closed) return
    this.closing = true
    this.writable = false
    this.buffered = 0
  }

  private over(): void {
    if (this.ended && this.peerEnded && this.buffered === 0 && !this.closed) this.closing = true
  }
}
