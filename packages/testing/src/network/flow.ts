/**
 * One direction of a memory connection. Bytes move in order from the sender's buffer over the simulated wire
 * into the receiver's buffer. Windows bound both buffers. The direction ends with FIN after all bytes, or
 * with RST, which discards unsent bytes.
 *
 * As with a socket, a receiver that does not read notices neither bytes nor FIN nor RST. A flow never calls
 * an end while the owner of that end is calling it. gate.ts applies the rules, and transit.ts applies the
 * delays.
 */
import { ByteQueue } from "./bytes.js"
import type { Deliveries, Task } from "./deliveries.js"
import { Gate } from "./gate.js"
import type { Line } from "./line.js"
import { Transit } from "./transit.js"

/** The end that writes into a flow. The flow calls this member. */
export interface Sender {
  /** Called after bytes may have left the send buffer, so that the buffer may have room again. */
  sent(): void
}

/** The end that reads from a flow. The flow uses these members. */
export interface Receiver {
  readonly reading: boolean
  receive(chunk: Uint8Array): void
  /** Called when FIN has arrived and this end is reading. */
  finished(): void
  /** Called when RST has arrived, even if this end is not reading. */
  cut(): void
  /** Called when RST has arrived and this end is reading. */
  wasReset(): void
}

// Maximum number of bytes that one flow delivers per turn, so that other flows can deliver too.
const turn = 256 * 1024

export class Flow implements Task {
  sender!: Sender
  receiver!: Receiver
  /** Bytes that were written and are still unsent. */
  readonly outgoing = new ByteQueue()
  /** Bytes that have arrived and are still unread. */
  readonly arrived = new ByteQueue()
  /** Whether a rule prevents the receiver from reading. */
  stalled = false
  readonly gate: Gate
  private readonly transit: Transit
  private scheduled = false
  private fin: "no" | "queued" | "sent" | "arrived" | "read" = "no"
  private rst: "no" | "sent" | "arrived" | "read" = "no"
  /** Whether the receiver has closed, so that it reads no further bytes. */
  private deaf = false
  /** Called when bytes arrive after the receiver has closed without RST. */
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

  /** Number of written bytes that exceed the send window. */
  get excess(): number {
    return Math.max(0, this.outgoing.bytes - this.line.wire.sendWindow)
  }

  /** Whether RST has arrived, even if the receiver does not read. */
  get broken(): boolean {
    return this.rst === "arrived" || this.rst === "read"
  }

  send(chunk: Uint8Array): void {
    // After a reset, drop written bytes, because the sender may not know of the reset yet.
    if (this.rst === "no") this.outgoing.push(chunk)
    this.wake()
  }

  finish(): void {
    if (this.fin === "no") this.fin = "queued"
    this.wake()
  }

  /** Drops unsent bytes and sends RST. The rules decide on this RST. */
  reset(): void {
    if (this.startReset()) this.gate.rst()
  }

  /**
   * Called when the sender has closed without RST. Unsent bytes may still be sent until `Conditions.linger`
   * expires. After that time RST is sent.
   */
  linger(): void {
    const { linger } = this.line.wire
    if (linger === Infinity || this.outgoing.bytes === 0) return
    if (linger === 0) return this.reset()
    this.cancelLinger = this.line.wait(linger, () => this.reset())
  }

  /** Drops unsent bytes and sends RST. The rules do not decide on this RST. */
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

  /** Called when the receiver has closed. Drops buffered bytes, and discards all later bytes. */
  close(): void {
    this.deaf = true
    this.cancelLinger?.()
    this.arrived.clear()
    this.gate.close()
  }

  /** Called when the receiver has closed without RST. `refuse` is called when further bytes arrive. */
  refuse(refuse: () => void): void {
    this.close()
    this.refusal = refuse
  }

  /**
   * Called when the receiver's host has restarted and does not know the connection. `answer` is then called
   * if the sender has unsent bytes, or sends further bytes or FIN.
   */
  answer(answer: () => void): void {
    this.stranger = answer
    this.wake()
  }

  /**
   * Called when the peer or a rule has reset the opposite direction. Unsent bytes of this direction are lost.
   */
  lost(): void {
    // If this direction was reset too, its RST is in flight and must still arrive, so leave the direction
    // open.
    if (this.rst === "no") this.close()
    else this.outgoing.clear()
  }

  /** Schedules `run`. Called when bytes or FIN must be sent, or when the receiver reads again. */
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
    // Call `sent` even if no bytes moved, because after `uncork` the written bytes may fit into the send
    // window.
    this.sender.sent()
    this.tellEnd()
  }

  // ---- callbacks of the gate

  carry(chunk: Uint8Array): void {
    if (this.transit.instant) return this.arrive(chunk)
    this.transit.carry(chunk.length, () => {
      this.arrive(chunk)
      // The sender may be waiting for the part of the receive window that this segment occupied.
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
