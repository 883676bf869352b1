/**
 * The way from the sender to the receiver: how long what passes is under way.
 *
 * Bytes leave one after the other at the wire's bandwidth, travel for its latency and jitter, and arrive in
 * the order in which they left, whatever the conditions do meanwhile. Moments are whole milliseconds.
 */
import type { Deliveries, Task } from "./deliveries.js"
import type { Line } from "./line.js"

// Sums of fractions must not cost a millisecond.
const tolerance = 1e-6

export class Transit implements Task {
  /** Bytes under way. */
  bytes = 0
  private under: Array<{ readonly size: number; readonly land: () => void }> = []
  /** When the wire has taken what was sent. */
  private free = 0
  /** Nothing arrives before. */
  private floor = 0

  constructor(
    private readonly deliveries: Deliveries,
    private readonly line: Line
  ) {}

  /** What is sent now may arrive now. */
  get instant(): boolean {
    return (
      this.line.wire.instant && this.under.length === 0 && (this.floor === 0 || this.floor <= this.line.now())
    )
  }

  /** The size of the next segment. */
  segment(): number {
    const { maxSegment, minSegment } = this.line.wire
    if (minSegment >= maxSegment) return maxSegment
    return minSegment + Math.floor(this.line.draw() * (maxSegment - minSegment + 1))
  }

  carry(size: number, land: () => void): void {
    const { bandwidth, jitter, latency } = this.line.wire
    const now = this.line.now()
    let at = now
    if (bandwidth < Infinity) at = this.free = Math.max(now, this.free) + size / bandwidth
    at += latency
    if (jitter > 0) at += this.line.draw() * jitter
    this.floor = Math.max(this.floor, Math.ceil(at - tolerance), now)
    this.bytes += size
    this.under.push({ size, land })
    this.deliveries.schedule(this, this.floor - now)
  }

  /** The wire stands still: what is sent from now on arrives that much later. */
  delay(millis: number): void {
    const leave = Math.max(this.line.now(), this.free)
    this.floor = Math.max(this.floor, Math.ceil(leave + this.line.wire.latency + millis))
  }

  // One task for each of those under way, and the first to leave is the first to land: two moments that are
  // the same cannot change their order.
  run(): void {
    const { land, size } = this.under.shift()!
    this.bytes -= size
    land()
  }
}
