/**
 * The wire from sender to receiver: delays segments.
 *
 * Segments leave one after the other at the bandwidth, take latency and jitter, and arrive in order, even if
 * the conditions change meanwhile. Times are whole milliseconds.
 */
import type { Deliveries, Task } from "./deliveries.js"
import type { Line } from "./line.js"

// Rounding errors of sums must not cost a millisecond.
const tolerance = 1e-6

export class Transit implements Task {
  /** Bytes in flight. */
  bytes = 0
  private under: Array<{ readonly size: number; readonly land: () => void }> = []
  /** Time at which the wire has taken all sent bytes. */
  private free = 0
  /** Earliest arrival of the next segment, which keeps the order. */
  private floor = 0

  constructor(
    private readonly deliveries: Deliveries,
    private readonly line: Line
  ) {}

  /** Whether bytes sent now may arrive now. */
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

  /** The wire pauses: everything sent from now on arrives that much later. */
  delay(millis: number): void {
    const leave = Math.max(this.line.now(), this.free)
    this.floor = Math.max(this.floor, Math.ceil(leave + this.line.wire.latency + millis))
  }

  // One task per segment in flight, and each run delivers the oldest: equal times cannot reorder them.
  run(): void {
    const { land, size } = this.under.shift()!
    this.bytes -= size
    land()
  }
}
