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
import { faultOf } from "./fault.js"
import { Reader } from "./reader.js"
import { StreamTransport } from "./streamTransport.js"
import { nextTick, setImmediate } from "../time/realTime.js"

export interface Addresses {
  readonly local?: Address | undefined
  readonly remote?: Address | undefined
}

/** What we use of the handle below a socket; absent on what is not a plain TCP connection or pipe. */
interface Handle {
  reading: boolean
  readStart(): number
  /** TCP only. */
  readonly getpeername?: (out: object) => number
  /** TCP only. */
  readonly setNoDelay?: (enable: boolean) => number
}
interface WithHandle {
  _handle?: Handle | null
}
const handleOf = (socket: net.Socket): Handle | null | undefined => (socket as WithHandle)._handle

/** The system knows no peer of the connection any more: after an RST, or probes without an answer. */
export const knowsNoPeer = (socket: net.Socket): boolean => {
  const handle = handleOf(socket)
  return handle?.getpeername !== undefined && handle.getpeername({}) !== 0
}

/** The methods of a socket that its stream writes with. */
export interface Streams {
  _write(data: unknown, encoding: string, done: WriteDone): void
  _writev(chunks: unknown, done: WriteDone): void
}
export type WriteDone = (error?: Error | null) => void
export const streams = net.Socket.prototype as unknown as Streams

const self = Symbol("httpfx.tcp")
interface OwnSocket extends Streams {
  [self]: TcpTransport
}

// A stream has one write under way, so its callback can wait in a field.
function write(this: OwnSocket, data: unknown, encoding: string, done: WriteDone) {
  const transport = this[self]
  transport.done = done
  transport.underWay = (data as string | Uint8Array).length
  streams._write.call(this, data, encoding, transport.written)
}
function writev(this: OwnSocket, chunks: unknown, done: WriteDone) {
  const transport = this[self]
  transport.done = done
  // All that waits.
  transport.underWay = transport.socket.writableLength
  streams._writev.call(this, chunks, transport.written)
}

export class TcpTransport extends StreamTransport implements Transport {
  /** The stream's own callback of the write under way. */
  done: WriteDone | undefined
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
    const own = socket as unknown as OwnSocket
    own[self] = this
    own._write = write
    own._writev = writev
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
    // libuv reports the end when the last bytes and a hang-up arrive in one turn, be it FIN or RST. After an
    // RST the system knows no peer any more; then one more read tells them apart. (Nor does it after FIN in
    // both directions, but then the socket is about to close itself.)
    const handle = handleOf(this.socket)
    if (!handle || this.socket.writableFinished || !knowsNoPeer(this.socket)) return super.sawEnd()
    this.looking = true
    handle.reading = true
    handle.readStart()
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

const overHandle = (handle: Handle, addresses: Addresses | undefined): Transport => {
  const reader = new Reader()
  const options: net.SocketConstructorOpts & {
    handle: Handle
    manualStart: boolean
    onread: net.OnReadOpts
  } = {
    handle,
    manualStart: true,
    allowHalfOpen: true,
    onread: reader.options
  }
  return new TcpTransport(new net.Socket(options), reader, addresses)
}

/** A server that hands no data of a connection on before its transport is started. */
export const createServer = (
  addresses: () => Addresses | undefined,
  onConnection: (transport: Transport) => void
): net.Server =>
  net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) =>
    onConnection(new StreamTransport(socket, addresses()))
  )

/**
 * `onread` cannot be asked of a `net.Server`, and moving each connection into a second socket costs a fifth
 * of a short connection. So a listening server of ours makes its sockets itself; where Node's server has
 * another shape than the one expected, its own sockets are used as they are.
 */
export const acceptDirectly = (
  server: net.Server,
  addresses: () => Addresses | undefined,
  onConnection: (transport: Transport) => void
): void => {
  const handle = (server as { _handle?: { onconnection?: unknown } | null })._handle
  if (typeof handle?.onconnection !== "function") return
  handle.onconnection = (status: number, connection: Handle | undefined) => {
    // A failing accept (EMFILE) concerns one connection that never was; the server goes on listening.
    if (status !== 0 || connection === undefined) return
    connection.setNoDelay?.(true)
    onConnection(overHandle(connection, addresses()))
  }
}
