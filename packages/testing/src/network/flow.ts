/**
 * One direction of a memory connection: bytes move in order from the sender's buffer over the wire into the
 * receiver's buffer, both bounded by windows; then FIN, or RST instead of unsent bytes.
 *
 * As with a socket, the receiver notices nothing, FIN and RST included, unless it reads. Never calls an end
 * inside a call of that end's owner. Rules decide in gate.ts; delays are in transit.ts.
 */
import { ByteQueue } from "./bytes.js"
import type { Deliveries, Task } from "./deliveries.js"
import { Gate } from "./gate.js"
import type { Line } from "./line.js"
import { Transit } from "./transit.js"

/** Callbacks of a flow to the end that writes into it. */
export interface Sender {
  /** Some written bytes have been sent. */
  sent(): void
}

/** Callbacks of a flow to the end that reads from it. */
export interface Receiver {
  readonly reading: boolean
  receive(chunk: Uint8Array): void
  /** FIN was read. */
  finished(): void
  /** RST has arrived, read or not. */
  cut(): void
  /** RST was read. */
  wasReset(): void
}

// The most that one flow delivers per turn, so that others get theirs.
const turn = 256 * 1024

export class Flow implements Task {
  sender!: Sender
  receiver!: Receiver
  /** Written, not sent. */
  readonly outgoing = new ByteQueue()
  /** Arrived, not read. */
  readonly arrived = new ByteQueue()
  /** A rule stops the application from reading. */
  stalled = false
  readonly gate: Gate
  private readonly transit: Transit
  private scheduled = false
  private fin: "no" | "queued" | "sent" | "arrived" | "read" = "no"
  private rst: "no" | "sent" | "arrived" | "read" = "no"
  /** The receiver is closed and reads no more. */
  private deaf = false
  /** Called when bytes arrive after the receiver has closed in order. */
  private refusal: (() => void) | undefined
  /** Called when bytes arrive after the receiver's host has restarted. */
  private stranger: (() => void) | undefined
  private cancelLinger: (() => void) | undefined

  constructor(
    private readonly deliveries: Deliveries,
    private readonly line: Line
  ) {
    this.transit = new Transit(deliveries, line)
    this.gate = new Gate(this, this.transit, line)
  }

  /** Bytes beyond the send window. */
  get excess(): number {
    return Math.max(0, this.outgoing.bytes - this.line.wire.sendWindow)
  }

  /** Whether RST has arrived, read or not. */
  get broken(): boolean {
    return this.rst === "arrived" || this.rst === "read"
  }

  send(chunk: Uint8Array): void {
    // The sender may not know yet that the wire was reset; bytes written meanwhile are lost with the rest.
    if (this.rst === "no") this.outgoing.push(chunk)
    this.wake()
  }

  finish(): void {
    if (this.fin === "no") this.fin = "queued"
    this.wake()
  }

  /** Drops unsent bytes and sends RST. */
  reset(): void {
    if (this.startReset()) this.gate.rst()
  }

  /** The sender has closed in order; unsent bytes may go out for a while (`Conditions.linger`). */
  linger(): void {
    const { linger } = this.line.wire
    if (linger === Infinity || this.outgoing.bytes === 0) return
    if (linger === 0) return this.reset()
    this.cancelLinger = this.line.wait(linger, () => this.reset())
  }

  /** As `reset`, without asking the rules. */
  cut(): void {
    if (this.startReset()) this.carryRst()
  }

  private startReset(): boolean {
    this.cancelLinger?.()
    this.outgoing.clear()
    if (this.rst !== "no" || this.deaf) return false
    this.gate.forget()
    this.rst = "sent"
    return true
  }

  /** The receiver closes: nothing moves any more, and bytes of the sender get RST. */
  close(): void {
    this.deaf = true
    this.cancelLinger?.()
    this.arrived.clear()
    this.gate.close()
  }

  /** The receiver has closed in order; `refuse` is called if more bytes arrive. */
  refuse(refuse: () => void): void {
    this.close()
    this.refusal = refuse
  }

  /**
   * The receiver's host has restarted and does not know the connection; `answer` is called for bytes sent now
   * or lost before.
   */
  answer(answer: () => void): void {
    this.stranger = answer
    this.wake()
  }

  /** The peer has reset the connection, or seems to have: unsent bytes are lost. */
  lost(): void {
    // If the wire was reset both ways, its RST is still to arrive.
    if (this.rst === "no") this.close()
    else this.outgoing.clear()
  }

  /** Continues in a later turn: there are bytes to send, or the receiver reads again. */
  wake(): void {
    if (this.scheduled) return
    this.scheduled = true
    this.deliveries.schedule(this)
  }

  run(): void {
    this.scheduled = false
    if (this.deaf) {
      if (this.outgoing.bytes > 0) this.refused()
      if (this.outgoing.bytes > 0 || this.fin === "queued") this.stranger?.()
      return this.sender.sent()
    }
    const { arrived, line, outgoing, receiver } = this
    let left = turn
    while (arrived.bytes > 0 && this.reads) {
      const chunk = arrived.take(line.wire.maxSegment)
      left -= chunk.length
      receiver.receive(chunk)
    }
    while (outgoing.bytes > 0 && left > 0) {
      const room = line.wire.receiveWindow - arrived.bytes - this.gate.kept - this.transit.bytes
      if (room <= 0) break
      const limit = Math.min(room, this.transit.segment())
      const chunk = line.wire.coalesce ? outgoing.gather(limit) : outgoing.take(limit)
      left -= chunk.length
      this.gate.segment(chunk)
    }
    if (left <= 0 && outgoing.bytes > 0) this.wake()
    if (outgoing.bytes === 0 && this.fin === "queued" && this.rst === "no") {
      this.cancelLinger?.()
      this.fin = "sent"
      this.gate.fin()
    }
    // Also if nothing has moved: after uncork the bytes may fit into the send window.
    this.sender.sent()
    this.tellEnd()
  }

  // ---- callbacks of the gate

  carry(chunk: Uint8Array): void {
    if (this.transit.instant) return this.arrive(chunk)
    this.transit.carry(chunk.length, () => {
      this.arrive(chunk)
      // Over a wire with latency the sender waits for this room.
      if (this.outgoing.bytes > 0) this.wake()
    })
  }

  carryFin(): void {
    this.fin = "sent"
    if (this.transit.instant) {
      this.fin = "arrived"
      return
    }
    this.transit.carry(0, () => {
      this.fin = "arrived"
      this.tellEnd()
    })
  }

  carryRst(): void {
    this.transit.carry(0, () => {
      this.rst = "arrived"
      this.receiver.cut()
      this.tellEnd()
    })
  }

  private refused(): void {
    const { refusal } = this
    this.refusal = undefined
    refusal?.()
  }

  private get reads(): boolean {
    return this.receiver.reading && !this.stalled
  }

  private arrive(chunk: Uint8Array): void {
    if (this.deaf) return this.refused()
    if (this.reads && this.arrived.bytes === 0) this.receiver.receive(chunk)
    else this.arrived.push(chunk)
  }

  private tellEnd(): void {
    if (this.deaf || this.arrived.bytes > 0 || !this.reads) return
    if (this.fin === "arrived") {
      this.fin = "read"
      this.receiver.finished()
    }
    if (this.rst === "arrived" && this.reads) {
      this.rst = "read"
      this.receiver.wasReset()
    }
  }
}
