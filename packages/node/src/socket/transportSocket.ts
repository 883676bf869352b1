/**
 * A `stream.Duplex` over a `Transport`. It has the members of `net.Socket` that libraries use (Node
 * documentation: Class: net.Socket).
 *
 * Unlike a `net.Socket`, this stream has no handle. It can neither open a connection nor be sent to another
 * process.
 */
import * as net from "node:net"
import { Duplex } from "node:stream"
import { turn } from "@httpfx/core/PlatformTimers"
import type { Timers } from "@httpfx/core/Timers"
import { fault, type Address, type Transport } from "@httpfx/core/Transport"
import { Pace } from "@httpfx/core/wire"
import { errorOf } from "./fault.js"
import { nodeTimers } from "../time/nodeTimers.js"
import { StreamTransport } from "./streamTransport.js"
import { nextTick } from "../time/realTime.js"

type Done = (error?: Error | null) => void

/**
 * Options of a stream over a transport.
 *
 * @since 0.1.0
 * @category models
 */
export interface DuplexOptions {
  /** Received bytes that were already read from the transport. The stream delivers these bytes first. */
  readonly initial?: Uint8Array | undefined
  /**
   * Whether the writable side stays open after the peer has sent FIN. Default `false`, as for `net.Socket`.
   */
  readonly allowHalfOpen?: boolean | undefined
  /**
   * Whether `destroy` with an error sends RST. If `true`, the peer does not treat a truncated message as
   * complete. If `false`, FIN follows the written bytes, as with `net.Socket`. Default `true`.
   */
  readonly resetOnError?: boolean | undefined
  /** The timers that `setTimeout` uses. Default: Node's timers, which do not keep the process alive. */
  readonly timers?: Timers | undefined
}

// Maximum number of buffered bytes. A system socket delivers at most this many bytes in one read.
const highWaterMark = 64 * 1024
// Maximum linger after `destroy`, ms. During the linger the peer can read the last bytes before the reset.
// Transports with a `destroy` method do not linger here.
const lingerMillis = 1000

const family = (address: string | undefined): string | undefined =>
  address === undefined ? undefined : net.isIPv6(address) ? "IPv6" : "IPv4"
const hostOf = (address: Address | undefined) =>
  address?._tag === "TcpAddress" ? address.hostname : undefined
const portOf = (address: Address | undefined) => (address?._tag === "TcpAddress" ? address.port : undefined)

const nothing = () => {}

const destroyedError = () =>
  Object.assign(new Error("Cannot call write after a stream was destroyed"), {
    code: "ERR_STREAM_DESTROYED"
  })

/**
 * @since 0.1.0
 * @category models
 */
export class TransportSocket extends Duplex {
  /** Whether the connection is still being opened. Initially `false`, because a transport is connected. */
  connecting: boolean = false
  /** Has the same value as `connecting`. */
  pending: boolean = false
  /** Number of received bytes, without the bytes of `initial`. */
  bytesRead = 0
  /** Time without traffic after which `timeout` is emitted, ms. 0 disables `timeout`. */
  timeout = 0
  private accepted = 0
  private over = false
  private waiting: Done | undefined
  private readonly timers: Timers
  private readonly resetOnError: boolean
  /** Time of the last traffic, by the clock of `timers`, ms. */
  private activeAt = 0
  private cancel: (() => void) | undefined

  constructor(
    readonly transport: Transport,
    options: DuplexOptions = {}
  ) {
    super({ allowHalfOpen: options.allowHalfOpen ?? false, decodeStrings: false, highWaterMark })
    this.timers = options.timers ?? nodeTimers
    this.resetOnError = options.resetOnError ?? true
    if (options.initial !== undefined && options.initial.length > 0) this.push(Buffer.from(options.initial))
    transport.start({
      data: (chunk) => {
        this.bytesRead += chunk.length
        this.active()
        // Convert the chunk to a Buffer, because consumers of a socket expect Buffers.
        if (
          !this.push(
            Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
          )
        ) {
          transport.pause()
        }
      },
      end: () => void this.push(null),
      drain: () => this.settle(),
      error: (fault) => void this.destroy(errorOf(fault)),
      close: () => this.gone()
    })
  }

  /** The peer's IP address, or `undefined` if the peer has no IP address. */
  get remoteAddress(): string | undefined {
    return hostOf(this.transport.remote)
  }
  /** The peer's port. */
  get remotePort(): number | undefined {
    return portOf(this.transport.remote)
  }
  /** The family of the peer's address: `IPv4` or `IPv6`. */
  get remoteFamily(): string | undefined {
    return family(this.remoteAddress)
  }
  /** Our IP address, or `undefined` if our side has no IP address. */
  get localAddress(): string | undefined {
    return hostOf(this.transport.local)
  }
  /** Our port. */
  get localPort(): number | undefined {
    return portOf(this.transport.local)
  }
  /** The family of our address: `IPv4` or `IPv6`. */
  get localFamily(): string | undefined {
    return family(this.localAddress)
  }
  /** `true` for TLS, as on a `tls.TLSSocket`; otherwise `undefined`. */
  get encrypted(): true | undefined {
    return this.transport.tls === undefined ? undefined : true
  }
  /** Whether the peer's certificate was verified (TLS only). */
  get authorized(): boolean | undefined {
    return this.transport.tls?.authorized
  }
  /** The reason why the peer's certificate was not verified (TLS only). */
  get authorizationError(): string | undefined {
    return this.transport.tls?.authorizationError
  }
  /** The protocol that ALPN selected (TLS only). `false` if ALPN selected no protocol. */
  get alpnProtocol(): string | false | undefined {
    const { tls } = this.transport
    return tls === undefined ? undefined : (tls.alpnProtocol ?? false)
  }
  /** The SNI name that the client sent (TLS only). `false` if the client sent no name. */
  get servername(): string | false | undefined {
    const { tls } = this.transport
    return tls === undefined ? undefined : (tls.serverName ?? false)
  }
  /** Returns the TLS version, such as `TLSv1.3`. Returns `null` without TLS. */
  getProtocol(): string | null {
    return this.transport.tls?.protocol ?? null
  }
  /** Returns the cipher suite, by its OpenSSL name (TLS only). */
  getCipher(): { readonly name: string | undefined } {
    return { name: this.transport.tls?.cipher }
  }
  /** Returns whether the TLS session was resumed. */
  isSessionReused(): boolean {
    return this.transport.tls?.sessionReused ?? false
  }
  /** Returns the certificate of the peer (TLS only), or an empty object if the peer sent no certificate. */
  getPeerCertificate(): object {
    const found = this.transport.tls?.peerCertificate
    if (found === undefined) return {}
    const { fingerprint256, issuer, raw, serialNumber, subject, subjectAltName, validFrom, validTo } = found
    const time = (millis: number | undefined) =>
      millis === undefined ? undefined : new Date(millis).toUTCString()
    return {
      ...{ subject, issuer, fingerprint256, serialNumber, raw },
      subjectaltname: subjectAltName,
      valid_from: time(validFrom),
      valid_to: time(validTo)
    }
  }
  /** Number of bytes passed to `write`, including bytes that are still unsent. */
  get bytesWritten(): number {
    return this.accepted + this.writableLength
  }
  /** The state of the stream: `open`, `readOnly`, `writeOnly` or `closed`. */
  get readyState(): net.SocketReadyState {
    if (this.readable && this.writable) return "open"
    return this.readable ? "readOnly" : this.writable ? "writeOnly" : "closed"
  }

  /** Returns our address, or an empty object if our side has no port. */
  address(): net.AddressInfo | {} {
    const { localAddress: address, localFamily: family, localPort: port } = this
    return address === undefined || port === undefined || family === undefined
      ? {}
      : { address, family, port }
  }

  /** Sets `TCP_NODELAY`. The argument defaults to `true`. */
  setNoDelay(enable = true): this {
    this.transport.noDelay(enable)
    return this
  }

  /**
   * Turns TCP keep-alive probes on or off. The first probe is sent after `initialDelay` milliseconds of idle
   * time. If `initialDelay` is 0, the system's default applies.
   */
  setKeepAlive(enable = false, initialDelay = 0): this {
    this.transport.keepAlive(enable, initialDelay)
    return this
  }

  /** Makes the socket keep the process alive while it is open. */
  ref(): this {
    this.transport.ref()
    return this
  }

  /** Lets the process exit even while the socket is open. */
  unref(): this {
    this.transport.unref()
    return this
  }

  /**
   * Makes the socket emit `timeout` after this many milliseconds without traffic. The socket stays open. 0
   * disables `timeout`.
   */
  setTimeout(millis: number, callback?: () => void): this {
    this.timeout = millis
    this.cancel?.()
    this.cancel = undefined
    this.active()
    if (callback !== undefined) {
      if (millis > 0) this.once("timeout", callback)
      else this.off("timeout", callback)
    }
    return this
  }

  /** Ends the stream, and destroys it when all written bytes have been passed to the transport. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once("finish", () => this.destroy())
  }

  /** Resets the connection. The peer receives RST. */
  resetAndDestroy(): this {
    this.transport.reset()
    this.destroy()
    return this
  }

  override _read(): void {
    this.transport.resume()
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, done: Done): void {
    this.send(chunk, encoding)
    this.await(done)
  }

  override _writev(
    chunks: Array<{ chunk: string | Uint8Array; encoding: BufferEncoding }>,
    done: Done
  ): void {
    this.transport.cork()
    for (const { chunk, encoding } of chunks) this.send(chunk, encoding)
    this.transport.uncork()
    this.await(done)
  }

  override _final(done: Done): void {
    this.transport.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.cancel?.()
    this.timeout = 0
    const { transport, waiting } = this
    this.waiting = undefined
    // Node fails the writes that are queued in the stream, but not the write in flight. Fail this write here.
    if (waiting !== undefined) nextTick(waiting, error ?? destroyedError())
    if (!this.over) {
      if (transport instanceof StreamTransport) transport.destroy()
      else if (error && this.resetOnError) transport.reset()
      else this.linger()
    }
    done(error)
  }

  private send(chunk: string | Uint8Array, encoding: BufferEncoding): void {
    const bytes =
      typeof chunk === "string" && encoding !== "latin1" && encoding !== "binary"
        ? Buffer.from(chunk, encoding)
        : chunk
    this.accepted += bytes.length
    this.pace.sent(bytes.length)
    this.full = !this.transport.write(bytes)
  }

  private full = false
  private readonly pace = new Pace()
  /** Whether `takeTurn` is waiting for a turn of the event loop. */
  private turning = false

  private await(done: Done): void {
    this.active()
    if (this.full && !this.transport.writable) return done(errorOf(fault("EPIPE", "write")))
    if (!this.full && !this.pace.due) return done()
    this.waiting = done
    if (!this.full) this.takeTurn()
  }

  private settle(): void {
    this.full = false
    if (this.pace.due) this.takeTurn()
    else this.goOn()
  }

  // Let the event loop have a turn. A pipe writes again in the callback of a write, and would otherwise never
  // yield.
  private takeTurn(): void {
    if (this.turning) return
    this.turning = true
    turn(this.turned)
  }

  private readonly turned = (): void => {
    this.turning = false
    this.pace.begin()
    if (!this.full) this.goOn()
  }

  private goOn(): void {
    const done = this.waiting
    this.waiting = undefined
    this.active()
    done?.()
  }

  private active(): void {
    if (this.timeout <= 0 || this.destroyed) return
    this.activeAt = this.timers.now()
    this.cancel ??= this.timers.at(this.activeAt + this.timeout, this.quiet)
  }

  // One timer serves all traffic. When it fires after new traffic, it is set again.
  private readonly quiet = (): void => {
    this.cancel = undefined
    const due = this.activeAt + this.timeout
    if (this.timers.now() < due) this.cancel = this.timers.at(due, this.quiet)
    else this.emit("timeout")
  }

  private gone(): void {
    this.over = true
    // If buffered bytes are left, do nothing. The stream destroys itself when these bytes have been read.
    if (!this.readableEnded && this.readableLength === 0 && !this.writableFinished) this.destroy()
  }

  private linger(): void {
    const { transport } = this
    const { timers } = this
    const cancel = timers.at(timers.now() + lingerMillis, () => transport.reset())
    transport.start({
      data: nothing,
      end: nothing,
      drain: nothing,
      error: nothing,
      close: cancel
    })
    transport.end()
    transport.resume()
  }
}
