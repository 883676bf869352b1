/**
 * One direction of a memory connection: bytes from the sender's buffer over the wire into the receiver's buffer, in
 * order, each buffer bounded by its window; then FIN, or RST in place of what was not sent.
 *
 * The receiver sees nothing of it, FIN and RST included, while it does not read: that is how a socket behaves. A flow
 * never calls an end inside a call of that end's owner.
 */
import { ByteQueue } from "./bytes.js"
import type { Deliveries, Task } from "./deliveries.js"

export interface FlowOptions {
  /** Milliseconds from end to end. */
  readonly latency: number
  /** Bytes the sender's system takes before writes have to wait. */
  readonly sendWindow: number
  /** Bytes that may be under way or unread. */
  readonly receiveWindow: number
  /** Bytes that arrive at once at most. */
  readonly segmentSize: number
}

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
  private travelling = 0
  private scheduled = false
  private fin: "no" | "queued" | "sent" | "arrived" | "read" = "no"
  private rst: "no" | "sent" | "arrived" | "read" = "no"
  /** Nobody reads any more. */
  private deaf = false

  constructor(
    private readonly deliveries: Deliveries,
    private readonly options: FlowOptions
  ) {}

  /** Bytes that the sender's system has not taken. */
  get excess(): number {
    return Math.max(0, this.outgoing.bytes - this.options.sendWindow)
  }

  /** RST is there, read or not. */
  get broken(): boolean {
    return this.rst === "arrived" || this.rst === "read"
  }

  /** Nothing will be delivered any more. */
  get over(): boolean {
    return this.deaf || this.fin === "read" || this.rst === "read"
  }

  send(chunk: Uint8Array): void {
    this.outgoing.push(chunk)
    this.wake()
  }

  finish(): void {
    if (this.fin === "no") this.fin = "queued"
    this.wake()
  }

  /** Drops what was not sent and cuts the connection. */
  reset(): void {
    this.outgoing.clear()
    if (this.rst !== "no" || this.deaf) return
    this.rst = "sent"
    this.after(() => {
      this.rst = "arrived"
      this.receiver.cut()
      this.tellEnd()
    })
  }

  /** The receiver is no more: nothing moves. The sender learns of it by RST. */
  close(): void {
    this.deaf = true
    this.arrived.clear()
  }

  /** Goes on in a turn of its own: there are bytes to send, or the receiver reads again. */
  wake(): void {
    if (this.scheduled) return
    this.scheduled = true
    this.deliveries.schedule(this)
  }

  run(): void {
    this.scheduled = false
    if (this.deaf) return this.sender.sent()
    const { arrived, options, outgoing, receiver } = this
    let left = turn
    while (arrived.bytes > 0 && receiver.reading) {
      const chunk = arrived.take(options.segmentSize)
      left -= chunk.length
      receiver.receive(chunk)
    }
    while (outgoing.bytes > 0 && left > 0) {
      const room = options.receiveWindow - arrived.bytes - this.travelling
      if (room <= 0) break
      const chunk = outgoing.take(Math.min(room, options.segmentSize))
      left -= chunk.length
      if (options.latency > 0) this.travel(chunk)
      else this.arrive(chunk)
    }
    if (left <= 0 && outgoing.bytes > 0) this.wake()
    if (outgoing.bytes === 0 && this.fin === "queued" && this.rst === "no") this.sendFin()
    if (left < turn || this.fin !== "no") this.sender.sent()
    this.tellEnd()
  }

  private after(run: () => void): void {
    this.deliveries.schedule({ run }, this.options.latency)
  }

  private travel(chunk: Uint8Array): void {
    this.travelling += chunk.length
    this.after(() => {
      this.travelling -= chunk.length
      this.arrive(chunk)
    })
  }

  private arrive(chunk: Uint8Array): void {
    if (this.deaf) return
    if (this.receiver.reading && this.arrived.bytes === 0) {
      this.receiver.receive(chunk)
      // Over a wire that takes time the sender waits for this room.
      if (this.options.latency > 0 && this.outgoing.bytes > 0) this.wake()
    } else this.arrived.push(chunk)
  }

  private sendFin(): void {
    this.fin = "sent"
    if (this.options.latency === 0) this.fin = "arrived"
    else {
      this.after(() => {
        this.fin = "arrived"
        this.tellEnd()
      })
    }
  }

  private tellEnd(): void {
    if (this.deaf || this.arrived.bytes > 0 || !this.receiver.reading) return
    if (this.fin === "arrived") {
      this.fin = "read"
      this.receiver.finished()
    }
    if (this.rst === "arrived" && this.receiver.reading) {
      this.rst = "read"
      this.receiver.wasReset()
    }
  }
}
