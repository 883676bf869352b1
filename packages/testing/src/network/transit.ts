/**
 * Delays the segments of one direction.
 *
 * Segments leave one after another at the rate of the bandwidth, and arrive after latency and jitter. They
 * arrive in order, even if the conditions change while they are in flight. Arrival times are whole
 * milliseconds.
 */
import type { Deliveries, Task } from "./deliveries.js"
import type { Line } from "./line.js"

// Subtracted before a time is rounded up, so that the rounding error of a sum does not add a millisecond.
const tolerance = 1e-6

export class Transit implements Task {
  /** Number of bytes in flight. */
  bytes = 0
  private under: Array<{ readonly size: number; readonly land: () => void }> = []
  /** Time until which the bytes that were already sent use up the bandwidth. */
  private free = 0
  /**
   * Earliest arrival of the next segment. This is the arrival of the previous segment, so segments stay in
   * order.
   */
  private floor = 0

  constructor(
    private readonly deliveries: Deliveries,
    private readonly line: Line
  ) {}

  /** Whether a segment that is sent now arrives without a delay. */
  get instant(): boolean {
    return (
      this.line.wire.instant && this.under.length === 0 && (this.floor === 0 || this.floor <= this.line.now())
    )
  }

  /** Returns the maximum size of the next segment. */
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

  /**
   * Delays the next segment by this many milliseconds. Later segments cannot overtake the delayed segment.
   */
  delay(millis: number): void {
    const leave = Math.max(this.line.now(), this.free)
    this.floor = Math.max(this.floor, Math.ceil(leave + this.line.wire.latency + millis))
  }

  // Each segment in flight has scheduled one run. Each run delivers the oldest segment, so segments arrive in
  // order.
  run(): void {
    const { land, size } = this.under.shift()!
    this.bytes -= size
    land()
  }
}
