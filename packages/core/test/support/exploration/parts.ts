/** The timers and the transport of an explored world. Neither acts by itself. */
import type { Timers } from "../../../src/seams/timers.js"
import { ScriptedTransport } from "../connection/scriptedTransport.js"
import { expect } from "./world.js"

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

  /** Advances to the earliest deadline, and runs its timer. */
  fire(): void {
    const first = this.pending.reduce((one, other) => (other.deadline < one.deadline ? other : one))
    this.time = Math.max(this.time, first.deadline)
    this.pending = this.pending.filter((other) => other !== first)
    first.f()
  }
}

/** A transport that checks that no bytes are written after the end of the connection. */
export class ExploredTransport extends ScriptedTransport {
  override write(data: string | Uint8Array, body?: Uint8Array): boolean {
    expect(!this.ended, "bytes are written after FIN")
    expect(!this.closed, "bytes are written after close")
    return super.write(data, body)
  }

  /** Whether the owner reads and the peer can still send. */
  get reading(): boolean {
    return !this.isPaused && !this.peerEnded && !this.over && !this.closed && !this.isLost()
  }

  receive(bytes: Uint8Array): void {
    this.sends(bytes)
    this.step()
  }

  /** Sends FIN from the peer, and delivers it. */
  fin(): void {
    this.ends()
    this.step()
    this.step()
  }

  /** Sends RST from the peer. Delivers it at once, unless reading is paused. */
  rst(): void {
    this.fails()
    if (!this.isPaused) this.step()
  }

  /** Makes the peer read the buffered bytes. */
  drain(): void {
    const waited = this.buffered > 0
    this.takes()
    if (waited && this.writable) this.step()
  }
}
