/**
 * The `Transport` over a `net.Socket` that we opened or accepted: reads past the stream machinery, resets,
 * and reports failures in the right order.
 *
 * Reading. Bytes arrive by `onread` (Node documentation: net.Socket), see reader.ts: `pause` stops the handle
 * at once.
 *
 * Write failures. A peer may respond and close while we still send. The write then fails although the
 * response waits in the receive queue; so a failed write is held back until reading has ended. While the
 * owner has paused reading it is reported at once, because nothing else would wake a writer that waits for
 * `drain`.
 *
 * Never reads before `start`, and never keeps a listener after `close`.
 */
import * as net from "node:net"
import type { Address, Fault, Transport, TransportHandlers } from "@httpfx/core/Transport"
import { acceptDirectly, socketOver, type Accepted } from "./fast/accept.js"
import { knowsNoPeer } from "./fast/peer.js"
import { readAgain } from "./fast/readAgain.js"
import { watchWrites, type WriteDone, type Writing } from "./fast/writes.js"
import { faultOf } from "./fault.js"
import { Reader } from "./reader.js"
import { StreamTransport } from "./streamTransport.js"
import { nextTick, setImmediate } from "../time/realTime.js"

export interface Addresses {
  readonly local?: Address | undefined
  readonly remote?: Address | undefined
}

export class TcpTransport extends StreamTransport implements Transport, Writing {
  done: WriteDone | undefined = undefined
  readonly written: WriteDone
  private held: Fault | undefined
  private looking = false

  constructor(
    readonly socket: net.Socket,
    reader: Reader,
    addresses?: Addresses
  ) {
    super(socket, addresses)
    reader.reads(socket, (chunk) => {
      this.handlers.data(chunk)
      return true
    })
    this.written = (error) => {
      this.underWay = 0
      if (error) this.writeFailed(error)
      else this.done?.()
    }
    watchWrites(socket, this)
  }

  override get buffered(): number {
    return this.held === undefined ? super.buffered : 0
  }

  override start(handlers: TransportHandlers): void {
    super.start(handlers)
    if (this.held !== undefined && this.paused) this.fail()
  }

  override pause(): void {
    super.pause()
    if (this.held !== undefined && this.started) this.fail()
  }

  isLost(): boolean {
    return knowsNoPeer(this.socket)
  }

  // `resume` would start reading in a later turn, even if the owner paused meanwhile.
  protected override beginReading(): void {
    this.socket.read(0)
  }

  override sawError(error: Error): void {
    this.failure ??= this.held ?? faultOf(error, "read")
  }

  override sawEnd(): void {
    if (this.held !== undefined) {
      // The failed write consumed the socket's error, so reading ends as if by FIN. Linux distinguishes the
      // two: EPIPE if FIN came before RST, otherwise ECONNRESET.
      this.ended = this.held.code === "EPIPE"
      this.fail()
      return
    }
    // After an RST the system has dropped the peer. (Also after FIN in both directions, but then the socket
    // is about to close.)
    const mayBeReset = !this.socket.writableFinished && knowsNoPeer(this.socket)
    if (!mayBeReset || !readAgain(this.socket)) return super.sawEnd()
    this.looking = true
    setImmediate(() => setImmediate(() => this.looked()))
  }

  override sawClose(): void {
    if (this.looking) this.ended ||= this.failure === undefined
    super.sawClose()
  }

  private looked(): void {
    this.looking = false
    if (this.failure === undefined && !this.ended) super.sawEnd()
  }

  // The stream must not see the failure: it would destroy itself and the receive queue with it.
  private writeFailed(error: Error): void {
    this.writable = false
    this.held = faultOf(error, "write")
    if (this.ended || this.paused) this.fail()
  }

  private fail(): void {
    this.failure ??= this.held
    nextTick(() => this.socket.destroy())
  }
}

/** The transport over a connection that `net.connect` opens. Does not read before `start`. */
export const connecting = (options: net.NetConnectOpts, addresses?: Addresses): TcpTransport => {
  const reader = new Reader()
  const socket = net.connect({ ...options, allowHalfOpen: true, onread: reader.options })
  // Node starts reading on connect unless the socket is paused.
  socket.pause()
  return new TcpTransport(socket, reader, addresses)
}

const overHandle = (handle: Accepted, addresses: Addresses | undefined): Transport => {
  const reader = new Reader()
  return new TcpTransport(socketOver(handle, reader.options), reader, addresses)
}

/** A server whose connections deliver no data before their transport is started. */
export const createServer = (
  addresses: () => Addresses | undefined,
  onConnection: (transport: Transport) => void
): net.Server =>
  net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) =>
    onConnection(new StreamTransport(socket, addresses()))
  )

/** Reads later connections of a listening server past their streams, if possible. */
export const acceptTransports = (
  server: net.Server,
  addresses: () => Addresses | undefined,
  onConnection: (transport: Transport) => void
): void => {
  acceptDirectly(server, (handle) => onConnection(overHandle(handle, addresses())))
}
