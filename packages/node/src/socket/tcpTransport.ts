/**
 * The `Transport` over a `net.Socket` that we opened or accepted: reading past the stream machinery, resets,
 * and failures in the order in which they matter to the owner.
 *
 * Reading. The socket's bytes come by `onread` (Node documentation: net.Socket), see reader.ts: `pause` stops
 * the handle at once.
 *
 * Write failures. A peer may answer and close while we still send. The write then fails although the answer
 * waits in the receive queue; so a failed write is held back until reading has ended. While the owner has
 * paused reading it is told at once, since nothing else would ever wake a writer that waits for `drain`.
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

  // `resume` would read in a later turn, even if the owner had paused meanwhile.
  protected override beginReading(): void {
    this.socket.read(0)
  }

  override sawError(error: Error): void {
    this.failure ??= this.held ?? faultOf(error, "read")
  }

  override sawEnd(): void {
    if (this.held !== undefined) {
      // The failed write has taken the system's note of what happened, and reading ends as if by FIN. Linux
      // keeps the two apart: EPIPE where FIN had come before RST, ECONNRESET where not.
      this.ended = this.held.code === "EPIPE"
      this.fail()
      return
    }
    // After an RST the system knows no peer any more. (Nor does it after FIN in both directions, but then the
    // socket is about to close itself.)
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

  // The stream never hears of the failure: it would destroy itself, and the receive queue with it.
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

/** The transport over a connection that `net.connect` makes. Nothing is read before `start`. */
export const connecting = (options: net.NetConnectOpts, addresses?: Addresses): TcpTransport => {
  const reader = new Reader()
  const socket = net.connect({ ...options, allowHalfOpen: true, onread: reader.options })
  // Node begins to read at the moment of connecting unless the socket is paused.
  socket.pause()
  return new TcpTransport(socket, reader, addresses)
}

const overHandle = (handle: Accepted, addresses: Addresses | undefined): Transport => {
  const reader = new Reader()
  return new TcpTransport(socketOver(handle, reader.options), reader, addresses)
}

/** A server that hands no data of a connection on before its transport is started. */
export const createServer = (
  addresses: () => Addresses | undefined,
  onConnection: (transport: Transport) => void
): net.Server =>
  net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) =>
    onConnection(new StreamTransport(socket, addresses()))
  )

/** From now on the listening server's connections are read past their streams, where that is possible. */
export const acceptTransports = (
  server: net.Server,
  addresses: () => Addresses | undefined,
  onConnection: (transport: Transport) => void
): void => {
  acceptDirectly(server, (handle) => onConnection(overHandle(handle, addresses())))
}
