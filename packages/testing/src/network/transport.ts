/**
 * One end of a memory connection: the `Transport` over two flows, one in each direction.
 *
 * It behaves like a socket of Node (packages/node/src/socket/tcpTransport.ts; one battery tests both): FIN
 * and RST are only noticed by reading, bytes before an RST are read first, a failed write is reported at once
 * to an end that does not read. Never calls its owner inside one of the owner's calls.
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
 * State of an end in TCP's terms (RFC 9293 §3.3.2): `finWait`: has sent FIN; `closeWait`: has read the peer's
 * FIN; `closed`: both, or failed.
 */
export type EndState = "established" | "finWait" | "closeWait" | "closed"

export class MemoryTransport implements Transport, Sender, Receiver, Task {
  writable = true
  /** Whether arriving bytes are delivered. */
  reading = false
  closed = false
  private handlers = noHandlers
  private started = false
  private paused = false
  private dropped = false
  /** Whether the peer's FIN was read. */
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
    // As TCP does: closing with unread bytes sends RST.
    if (this.buffered > 0 || this.incoming.arrived.bytes > 0) return this.reset()
    this.dropped = true
    this.handlers = onlyClose(this.handlers)
    this.out.finish()
    this.out.linger()
    this.incoming.refuse(() => this.out.reset())
    this.over()
    this.deliveries.schedule(this)
  }

  /** The host has crashed: nothing more is sent, and the owner sees close. */
  vanish(): void {
    if (this.closed) return
    this.dropped = true
    this.handlers = onlyClose(this.handlers)
    this.stop()
    this.deliveries.schedule(this)
  }

  /** The host has restarted: replies RST to old connections. */
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

  // There is no process to keep alive, no Nagle and no keep-alive probe.
  ref(): void {}
  unref(): void {}
  noDelay(_enable: boolean): void {}
  keepAlive(_enable: boolean, _initialDelay: number): void {}

  // ---- callbacks of the flows

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
    // A write that waits in the send buffer fails; one already sent is silently lost.
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

  // Runs in a later turn: reports what was noticed inside a call of the owner.
  run(): void {
    // A failed write is reported after the peer's earlier bytes, unless nothing reads.
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

  // Both directions have ended in order: nothing is left to send, and the peer's FIN was read.
  private settle(): void {
    if (this.closed || !this.ended || this.writable || this.buffered > 0) return
    this.out.linger()
    this.over()
    this.deliveries.schedule(this)
  }

  // Ends this end.
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
    // `end` may have handed the connection over; then the new owner gets close in a turn of its own.
    if (!this.closed || this.toldClose || this.handlers !== handlers) return
    this.toldClose = true
    this.handlers = noHandlers
    if (this.failure !== undefined) handlers.error(this.failure)
    handlers.close()
  }
}
