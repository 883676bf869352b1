/**
 * The `Transport` over a `net.Socket` that we opened or accepted. It reads without the overhead of streams
 * and can reset the connection. It reports a failed write only after the received bytes.
 *
 * Bytes arrive through the option `onread` (Node documentation: net.Socket) and not through the stream;
 * reader.ts explains this. `pause` therefore stops the handle immediately.
 *
 * A peer may respond and close while we still send. Our write then fails although the response is still in
 * the receive queue. A failed write is therefore reported only when reading has ended. If the owner (the user
 * of this transport) has paused reading, the failure is reported immediately. Nothing else would wake a
 * writer that waits for `drain`.
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
  private readonly deliver = (chunk: Buffer): boolean => {
    this.handlers.data(chunk)
    return true
  }
  private looking = false

  constructor(
    readonly socket: net.Socket,
    private readonly reader: Reader | undefined,
    addresses?: Addresses
  ) {
    super(socket, addresses)
    reader?.reads(socket, this.deliver)
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

  // `read` starts reading now. `resume` would start reading in a later tick, even if the owner has paused by
  // then.
  protected override beginReading(): void {
    if (this.reader === undefined && !new Reader().takeOver(this.socket, this.deliver)) super.beginReading()
    else this.socket.read(0)
  }

  override sawError(error: Error): void {
    this.failure ??= this.held ?? faultOf(error, "read")
  }

  override sawEnd(): void {
    if (this.held !== undefined) {
      // The failed write has consumed the error of the socket, so reading ends as if by FIN. On Linux, a
      // write fails with EPIPE if FIN came before RST, otherwise with ECONNRESET.
      this.ended = this.held.code === "EPIPE"
      this.fail()
      return
    }
    // The system forgets the peer's address after RST, and also after FIN in both directions.
    // `writableFinished` excludes the second case.
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

  // Hide the failure from the stream. Otherwise the stream would destroy itself and lose the bytes in the
  // receive queue.
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

/** Opens a connection with `net.connect` and returns its transport, which does not read before `start`. */
export const connecting = (options: net.NetConnectOpts, addresses?: Addresses): TcpTransport => {
  const socket = net.connect({ ...options, allowHalfOpen: true })
  // Pause the socket, because Node would otherwise start to read as soon as the connection is open.
  socket.pause()
  return new TcpTransport(socket, undefined, addresses)
}

const overHandle = (handle: Accepted, addresses: Addresses | undefined): Transport => {
  const reader = new Reader()
  return new TcpTransport(socketOver(handle, reader.options), reader, addresses)
}

/** Makes a server. Its connections deliver no data before their transports are started. */
export const createServer = (
  addresses: () => Addresses | undefined,
  onConnection: (transport: Transport) => void
): net.Server =>
  net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) =>
    onConnection(new StreamTransport(socket, addresses()))
  )

/**
 * Makes a listening server accept later connections as `TcpTransport`s, which read without a stream. Changes
 * nothing if Node's internals are not as expected.
 */
export const acceptTransports = (
  server: net.Server,
  addresses: () => Addresses | undefined,
  onConnection: (transport: Transport) => void
): void => {
  acceptDirectly(server, (handle) => onConnection(overHandle(handle, addresses())))
}
