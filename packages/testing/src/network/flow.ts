/**
 * One direction of a memory connection: bytes from the sender's buffer over the wire into the receiver's
 * buffer, in order, each buffer bounded by its window; then FIN, or RST in place of what was not sent.
 *
 * The receiver sees nothing of it, FIN and RST included, while it does not read: that is how a socket
 * behaves. A flow never calls an end inside a call of that end's owner. What leaves the sender is put to the
 * rules (gate.ts); how long it takes is the wire's business (transit.ts).
 */
import { ByteQueue } from "./bytes.js"
import type { Deliveries, Task } from "./deliveries.js"
import { Gate } from "./gate.js"
import type { Line } from "./line.js"
import { Transit } from "./transit.js"

/** What a flow asks of the end that writes into it. */
export interface Sender {
  /** Some of what was written has left. */
  sent(): void
}

/** What a flow asks of the end that reads from it. */
export interface Receiver {
  readonly reading: boolean
  receive(chunk: Uint8Array): void
  /** FIN was read. */
  finished(): void
  /** RST has arrived, whether or not the receiver reads. */
  cut(): void
  /** RST was read. */
  wasReset(): void
}

// What one turn may deliver of one flow before others have theirs.
const turn = 256 * 1024

export class Flow implements Task {
  sender!: Sender
  receiver!: Receiver
  /** Written, not sent. */
  readonly outgoing = new ByteQueue()
  /** Arrived, not read. */
  readonly arrived = new ByteQueue()
  /** The application does not read, although it would. */
  stalled = false
  readonly gate: Gate
  private readonly transit: Transit
  private scheduled = false
  private fin: "no" | "queued" | "sent" | "arrived" | "read" = "no"
  private rst: "no" | "sent" | "arrived" | "read" = "no"
  /** Nobody reads any more. */
  private deaf = false
  /** What a receiver does that has gone in order, when more bytes come. */
  private refusal: (() => void) | undefined
  /** What a receiver does whose host has come back, when the sender goes on. */
  private stranger: (() => void) | undefined
  private cancelLinger: (() => void) | undefined

  constructor(
    private readonly deliveries: Deliveries,
    private readonly line: Line
  ) {
    this.transit = new Transit(deliveries, line)
    this.gate = new Gate(this, this.transit, line)
  }

  /** Bytes that the sender's system has not taken. */
  get excess(): number {
    return Math.max(0, this.outgoing.bytes - this.line.wire.sendWindow)
  }

  /** RST is there, read or not. */
  get broken(): boolean {
    return this.rst === "arrived" || this.rst === "read"
  }

  send(chunk: Uint8Array): void {
    // The sender may not have heard of a reset by the wire yet: what it writes meanwhile is lost with the
    // rest.
    if (this.rst === "no") this.outgoing.push(chunk)
    this.wake()
  }

  finish(): void {
    if (this.fin === "no") this.fin = "queued"
    this.wake()
  }

  /** Drops what was not sent and cuts the connection. */
  reset(): void {
    if (this.startReset()) this.gate.rst()
  }

  /** The sender has closed in order: what it leaves may go on for a while (`Conditions.linger`). */
  linger(): void {
    const { linger } = this.line.wire
    if (linger === Infinity || this.outgoing.bytes === 0) return
    if (linger === 0) return this.reset()
    this.cancelLinger = this.line.wait(linger, () => this.reset())
  }

  /** As `reset`, by the wire: no rule is asked. */
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

  /** The receiver is no more: nothing moves. The sender learns of it by RST. */
  close(): void {
    this.deaf = true
    this.cancelLinger?.()
    this.arrived.clear()
    this.gate.close()
  }

  /** The receiver has gone in order; `refuse` is called when more comes. */
  refuse(refuse: () => void): void {
    this.close()
    this.refusal = refuse
  }

  /**
   * The receiver's host is there again and does not know the connection: what the sender sends, or has sent
   * in vain, is answered so.
   */
  answer(answer: () => void): void {
    this.stranger = answer
    this.wake()
  }

  /** The peer has reset the connection, or so it seems: what is not sent is lost. */
  lost(): void {
    // An RST that the wire has sent both ways is still to come.
    if (this.rst === "no") this.close()
    else this.outgoing.clear()
  }

  /** Goes on in a turn of its own: there are bytes to send, or the receiver reads again. */
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
    // Also where nothing has moved: what was corked may have fitted into what the sender's system takes.
    this.sender.sent()
    this.tellEnd()
  }

  // The gate's side: what may pass.

  carry(chunk: Uint8Array): void {
    if (this.transit.instant) return this.arrive(chunk)
    this.transit.carry(chunk.length, () => {
      this.arrive(chunk)
      // Over a wire that takes time the sender waits for this room.
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
