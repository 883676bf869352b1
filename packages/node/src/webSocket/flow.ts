/**
 * Passes the messages of a WebSocket to their handlers, sends messages, and does the closing handshake.
 *
 * Backpressure works in both directions. Its cost per message does not grow with the number of writers:
 * waiting writers are entries of one set, and no operation adds an event listener.
 * docs/timeouts-and-limits.md lists the limits. This file uses neither fibers nor timers; socket.ts runs the
 * fibers and timers.
 */
import type * as Cause from "effect/Cause"
import type * as ws from "ws"
import type { WebSocketDuplex } from "./duplex.js"
import { queueMicrotask, setImmediate } from "../time/realTime.js"

export type Message = string | Uint8Array

/** Callbacks for the messages and the close of a WebSocket. */
export interface Receiver {
  /**
   * Starts the handler of a message. Returns `true` if the handler is still running; `done` is called later,
   * when the handler completes. Returns `false` if the handler has already completed.
   */
  readonly start: (message: Message, done: () => void) => boolean
  readonly closed: (code: number, reason: string) => void
  readonly failed: (cause: unknown) => void
  /**
   * Called when the closing handshake has started or our FIN was sent, to limit the time in which the peer
   * must answer.
   */
  readonly limit: () => void
}

export interface Options {
  /** Number of bytes buffered for sending at which writers must wait. */
  readonly highWaterMark: number
  /**
   * Whether writers that wait for the peer are enough to pause reading. If `false`, reading is paused only
   * while message handlers are running too.
   */
  readonly holdsForWrites: boolean
  /** Called when the first close frame is sent or received. `own` is `true` if our side sent the frame. */
  readonly closing: (closing: Closing) => void
}

export interface Closing {
  readonly code: number
  readonly own: boolean
  /** The peer's violation of the protocol, if a violation caused the close. */
  readonly violation?: string | undefined
  /** The failure of a message handler, if a failure caused the close. */
  readonly cause?: Cause.Cause<unknown> | undefined
}

/**
 * A WebSocket of `ws` with a callback for the start of its close. `ws` itself starts a close when the peer
 * has sent a close frame or has violated the protocol. The callback is called for these closes too.
 */
export interface Framed extends ws.WebSocket {
  closeBegins: ((code: number | undefined) => void) | undefined
}

export const framedClass = (Base: typeof ws.WebSocket): new (...args: Array<never>) => Framed => {
  class Framing extends Base {
    closeBegins: ((code: number | undefined) => void) | undefined = undefined
    override close(code?: number, data?: string | Buffer): void {
      this.closeBegins?.(code)
      super.close(code, data)
    }
  }
  return Framing as unknown as new (...args: Array<never>) => Framed
}

// Maximum numbers of writes in flight and of running handlers. Their bytes are limited too, but each write or
// handler costs some hundred bytes of memory even if its message is small.
const mostWrites = 256
const mostHandlers = 1024
// Up to this many handlers may run even if their messages are large, because one handler may wait for another
// handler.
const leastHandlers = 16
// Maximum number of messages in one turn of the event loop, in which the system may deliver many reads.
const mostInTurn = 256

export class WebSocketFlow {
  /** Whether our side sent the first close frame. */
  closesItself = false
  /** The error of `ws` for a protocol violation by the peer. `undefined` if the peer has violated nothing. */
  violation: Error | undefined = undefined
  /**
   * The code of the close frame; `undefined` until the WebSocket has closed. 1005 means that the close frame
   * had no code. 1006 means that no close frame arrived.
   */
  closeCode: number | undefined = undefined
  closeReason = ""
  private receiver: Receiver | undefined = undefined
  /** Whether the delivery of messages has ended. Later messages are then dropped. */
  private ended = false
  /** Whether reading is paused. Initially `true`, because the receiver is still missing. */
  private held = true
  /** Messages that `ws` still parsed from its current input after reading was paused. */
  private queue: Array<Message> = []
  private handlers = 0
  private handled = 0
  private inTurn = 0
  /** Whether writers must wait, because the peer does not read fast enough. */
  private full = false
  private writes = 0
  private readonly waiting = new Set<() => void>()
  private pong: Buffer | undefined = undefined

  constructor(
    readonly socket: Framed,
    private readonly duplex: WebSocketDuplex,
    private readonly options: Options
  ) {
    socket.closeBegins = (code = 1005) => {
      if (this.closesItself) return
      // Wait for a microtask, because `ws` emits the `error` of a violation only after this call.
      queueMicrotask(() => {
        const violation = this.violation?.message
        options.closing({ code, own: violation !== undefined, violation })
      })
    }
    socket.on("message", (data: Buffer, binary: boolean) => this.arrived(binary ? data : data.toString()))
    socket.on("ping", (data: Buffer) => this.pinged(data))
    socket.on("error", (error) => {
      this.violation = error
    })
    socket.on("close", (code, reason) => this.closed(code, reason.toString()))
    duplex.once("finish", () => this.receiver?.limit())
    socket.pause()
    duplex.hold()
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN
  }
  get isClosed(): boolean {
    return this.closeCode !== undefined
  }

  /** Starts to deliver messages to this receiver. Messages that were received before are delivered first. */
  begin(receiver: Receiver): void {
    this.receiver = receiver
    if (this.isClosed) return this.tellClosed()
    if (!this.isOpen) receiver.limit()
    this.balance()
  }

  /** Ends the delivery of messages. Queued and later messages are dropped. */
  end(): void {
    this.receiver = undefined
    this.ended = true
    this.queue = []
    this.balance()
  }

  /**
   * Sends a message. Returns `false` if the caller must wait with `whenTaken` before the next message. After
   * a close frame nothing is sent and the result is `false`. `whenTaken` then calls back when the socket
   * closes.
   */
  send(message: Message): boolean {
    if (!this.isOpen) return false
    this.socket.send(message, this.sent)
    this.count()
    return !this.full
  }

  /**
   * Calls `tell` once, when the next message may be written or the socket has closed. Returns a function that
   * cancels the call.
   */
  whenTaken(tell: () => void): () => void {
    this.waiting.add(tell)
    return () => void this.waiting.delete(tell)
  }

  get takes(): boolean {
    return this.isOpen && !this.full
  }

  /**
   * Sends a close frame, unless a close frame was already sent or received. Throws if the code or the reason
   * is invalid.
   */
  close(code: number, reason?: string, cause?: Cause.Cause<unknown>): void {
    if (!this.isOpen) return
    this.closesItself = true
    try {
      this.socket.close(code, reason)
    } catch (error) {
      this.closesItself = false
      throw error
    }
    this.options.closing({ code, own: true, cause })
    this.receiver?.limit()
    this.balance()
  }

  terminate(): void {
    this.socket.terminate()
  }

  private arrived(message: Message): void {
    if (this.ended) return
    if (this.held || this.receiver === undefined || this.queue.length > 0) this.queue.push(message)
    else this.deliver(message, this.receiver)
  }

  private deliver(message: Message, receiver: Receiver): void {
    const { length } = message
    this.handlers++
    this.handled += length
    if (++this.inTurn === mostInTurn) setImmediate(this.nextTurn)
    const done = () => {
      if (this.receiver !== receiver) return
      this.handlers--
      this.handled -= length
      this.balance()
    }
    if (!receiver.start(message, done)) done()
    else this.balance()
  }

  private readonly nextTurn = (): void => {
    this.inTurn = 0
    this.balance()
  }

  // A pong for the latest ping also answers all earlier pings (RFC 6455 §5.5.3), so keep only the payload of
  // the latest ping.
  private pinged(data: Buffer): void {
    if (!this.isOpen) return
    if (this.full) this.pong = Buffer.from(data)
    else {
      this.socket.pong(data, undefined, this.sent)
      this.count()
    }
  }

  private count(): void {
    const waiting = this.socket.bufferedAmount
    if (waiting === 0) this.writes = 0
    else if (++this.writes >= mostWrites || waiting >= this.options.highWaterMark) {
      this.full = true
      this.balance()
    }
  }

  private readonly sent = (): void => {
    if (!this.full || this.socket.bufferedAmount > 0 || !this.isOpen) return
    this.full = false
    this.writes = 0
    const { pong } = this
    this.pong = undefined
    if (pong !== undefined) this.pinged(pong)
    this.wake()
    this.balance()
  }

  private wake(): void {
    const tells = [...this.waiting]
    this.waiting.clear()
    for (const tell of tells) tell()
  }

  private get mustHold(): boolean {
    if (this.receiver === undefined) return !this.ended
    if (this.handlers >= mostHandlers || this.inTurn >= mostInTurn) return true
    if (this.handlers >= leastHandlers && this.handled >= this.options.highWaterMark) return true
    // After our close frame, reading goes on, because the peer's close frame must still be read.
    return this.full && this.isOpen && (this.options.holdsForWrites || this.handlers > 0)
  }

  private balance(): void {
    const hold = this.mustHold
    if (hold === this.held) return
    this.held = hold
    if (hold) {
      this.socket.pause()
      this.duplex.hold()
    } else this.deliverQueued()
  }

  private deliverQueued(): void {
    const { receiver } = this
    if (receiver !== undefined) {
      let next = 0
      const { queue } = this
      this.queue = []
      while (next < queue.length && !this.held && this.receiver === receiver)
        this.deliver(queue[next++]!, receiver)
      if (this.receiver === receiver && next < queue.length) this.queue = queue.slice(next).concat(this.queue)
    }
    if (this.held) return
    this.duplex.release()
    this.socket.resume()
  }

  private closed(code: number, reason: string): void {
    this.closeCode = code
    this.closeReason = reason
    this.tellClosed()
    this.wake()
  }

  private tellClosed(): void {
    const { receiver } = this
    if (receiver === undefined) return
    // Deliver the queued messages first, because they arrived before the close frame.
    for (const message of this.queue.splice(0)) receiver.start(message, nothing)
    if (this.violation === undefined) receiver.closed(this.closeCode!, this.closeReason)
    else receiver.failed(this.violation)
  }
}

const nothing = () => {}
