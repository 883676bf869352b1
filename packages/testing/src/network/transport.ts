/**
 * One end of a memory connection. It is a `Transport` that writes into one flow and reads from another.
 *
 * The end behaves like a socket of Node (packages/node/src/socket/tcpTransport.ts; `NetworkBattery` tests
 * both). FIN and RST are noticed only while the end reads, and the bytes before an RST are delivered first. A
 * failed write is reported immediately if the end is not reading. Never calls its owner inside one of the
 * owner's calls.
 */
import {
  fault,
  noHandlers,
  onlyClose,
  type Address,
  type Fault,
  type Transport,
  type TransportHandlers
} from "@httpfx/core/Transport"
import { concat, copyOf } from "./bytes.js"
import type { Deliveries, Task } from "./deliveries.js"
import type { Flow, Receiver, Sender } from "./flow.js"

/**
 * The state of an end in terms of TCP (RFC 9293 §3.3.2). In `finWait` the end has sent FIN. In `closeWait`
 * the end has read the peer's FIN. In `closed` the end has done both, or has failed.
 */
export type EndState = "established" | "finWait" | "closeWait" | "closed"

export class MemoryTransport implements Transport, Sender, Receiver, Task {
  writable = true
  /** Whether arriving bytes are now delivered to the owner. */
  reading = false
  closed = false
  private handlers = noHandlers
  private started = false
  private paused = false
  private dropped = false
  /** Whether the peer's FIN has been read. */
  private ended = false
  private toldEnd = true
  private toldClose = true
  private needDrain = false
  private failure: Fault | undefined
  private corks = 0
  private held: Array<Uint8Array> = []
  private heldBytes = 0

  constructor(
    readonly local: Address | undefined,
    readonly remote: Address | undefined,
    private readonly out: Flow,
    private readonly incoming: Flow,
    private readonly deliveries: Deliveries,
    private readonly onClosed: () => void
  ) {
    out.sender = this
    incoming.receiver = this
  }

  get buffered(): number {
    return this.closed ? 0 : this.out.excess + this.heldBytes
  }

  get truncated(): boolean {
    return this.incoming.gate.truncated
  }

  get state(): EndState {
    if (this.closed) return "closed"
    if (!this.writable) return "finWait"
    return this.ended ? "closeWait" : "established"
  }

  start(handlers: TransportHandlers): void {
    this.handlers = this.dropped ? onlyClose(handlers) : handlers
    this.toldEnd = this.toldClose = false
    this.started = true
    this.readOn()
    if (this.ended || this.closed) this.deliveries.schedule(this)
    else if (this.failure !== undefined && this.paused) this.deliveries.schedule(this)
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    if (!this.writable) return false
    if (this.incoming.broken) {
      this.fail(fault("ECONNRESET", "write"))
      return false
    }
    if (data.length > 0 || (body !== undefined && body.length > 0)) this.put(copyOf(data, body))
    if (this.buffered === 0) return true
    this.needDrain = true
    return false
  }

  cork(): void {
    this.corks++
  }

  uncork(): void {
    if (this.corks === 0) return
    this.corks--
    if (this.corks > 0 || this.held.length === 0) return
    const chunk = this.held.length === 1 ? this.held[0]! : concat(this.held)
    this.held = []
    this.heldBytes = 0
    this.out.send(chunk)
  }

  end(): void {
    if (!this.writable) return
    this.writable = false
    if (this.corks > 0) {
      this.corks = 1
      this.uncork()
    }
    this.out.finish()
  }

  reset(): void {
    if (this.closed || this.dropped) return
    this.dropped = true
    this.handlers = onlyClose(this.handlers)
    this.out.reset()
    this.stop()
    this.deliveries.schedule(this)
  }

  abandon(): void {
    if (this.closed || this.dropped) return
    // As in TCP, closing an end with unread bytes sends RST.
    if (this.buffered > 0 || this.incoming.arrived.bytes > 0) return this.reset()
    this.dropped = true
    this.handlers = onlyClose(this.handlers)
    this.out.finish()
    this.out.linger()
    this.incoming.refuse(() => this.out.reset())
    this.over()
    this.deliveries.schedule(this)
  }

  /** Called when the host has crashed. Closes this end for its owner, and sends neither FIN nor RST. */
  vanish(): void {
    if (this.closed) return
    this.dropped = true
    this.handlers = onlyClose(this.handlers)
    this.stop()
    this.deliveries.schedule(this)
  }

  /** Called when the host has restarted. Replies with RST to bytes on this old connection. */
  answerStranger(): void {
    this.incoming.answer(() => this.out.reset())
  }

  isLost(): boolean {
    return !this.closed && this.incoming.broken
  }

  pause(): void {
    this.paused = true
    this.reading = false
    if (this.failure !== undefined) this.deliveries.schedule(this)
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.readOn()
    if (this.ended) this.deliveries.schedule(this)
  }

  // These methods do nothing. A memory connection never keeps the process alive, and lacks Nagle's algorithm
  // and keep-alive probes.
  ref(): void {}
  unref(): void {}
  noDelay(_enable: boolean): void {}
  keepAlive(_enable: boolean, _initialDelay: number): void {}

  // ---- methods that the flows call

  receive(chunk: Uint8Array): void {
    this.handlers.data(chunk)
  }

  finished(): void {
    this.ended = true
    this.reading = false
    if (this.failure !== undefined) this.stop()
    this.tell()
    this.settle()
  }

  cut(): void {
    // A write that is still in the send buffer fails. Bytes that were already sent are lost without an error.
    const waiting = this.buffered > 0
    this.out.lost()
    if (waiting) this.fail(fault("ECONNRESET", "write"))
  }

  wasReset(): void {
    this.failure ??= fault("ECONNRESET", "read")
    this.stop()
    this.tell()
  }

  sent(): void {
    if (this.needDrain && this.writable && this.buffered === 0) {
      this.needDrain = false
      this.handlers.drain()
    }
    this.settle()
  }

  // Reports events in a later turn, because they may occur inside a call of the owner, where reports are not
  // allowed.
  run(): void {
    // A failed write is reported after the peer's earlier bytes. If this end is not reading, the failure is
    // reported now.
    if (this.failure !== undefined && this.started && (this.paused || this.ended)) this.stop()
    this.tell()
  }

  private put(chunk: Uint8Array): void {
    if (this.corks === 0) return this.out.send(chunk)
    this.held.push(chunk)
    this.heldBytes += chunk.length
  }

  private readOn(): void {
    if (this.reading || !this.started || this.paused || this.ended || this.closed) return
    this.reading = true
    this.incoming.wake()
  }

  private fail(failure: Fault): void {
    this.writable = false
    this.failure ??= failure
    this.deliveries.schedule(this)
  }

  // Closes this end when both directions have ended with FIN: all bytes are sent, and the peer's FIN was
  // read.
  private settle(): void {
    if (this.closed || !this.ended || this.writable || this.buffered > 0) return
    this.out.linger()
    this.over()
    this.deliveries.schedule(this)
  }

  // Closes this end and drops its buffered bytes.
  private stop(): void {
    if (this.closed) return
    this.incoming.close()
    this.out.outgoing.clear()
    this.over()
  }

  private over(): void {
    this.closed = true
    this.writable = false
    this.reading = false
    this.held = []
    this.heldBytes = 0
    this.onClosed()
  }

  private tell(): void {
    const { handlers } = this
    if (this.ended && !this.toldEnd && !this.paused) {
      this.toldEnd = true
      handlers.end()
    }
    // The `end` handler may have handed the connection over. The new owner then sees `close` in a later turn.
    if (!this.closed || this.toldClose || this.handlers !== handlers) return
    this.toldClose = true
    this.handlers = noHandlers
    if (this.failure !== undefined) handlers.error(this.failure)
    handlers.close()
  }
}
