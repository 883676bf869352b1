/**
 * One end of a connection, whose peer and network the test controls, for tests of `connection/`.
 *
 * Everything is synchronous. Events are never delivered inside a call of the owner: `step` delivers the next
 * event, and `settle` delivers all possible events. FIN and RST are noticed only while reading, after earlier
 * bytes.
 */
import type { Fault } from "../../../src/model/fault.js"
import { fault } from "../../../src/model/fault.js"
import {
  noHandlers,
  onlyClose,
  type Transport,
  type TransportHandlers
} from "../../../src/seams/transport.js"

export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

/** Converts bytes to text, one character per byte. */
export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1")

const peer = { _tag: "TcpAddress", hostname: "10.0.0.9", port: 50_000 } as const
const own = { _tag: "TcpAddress", hostname: "10.0.0.1", port: 80 } as const

export interface ScriptedOptions {
  /** Receives a line for each call (`-> end`) and each event (`<- data 3`). */
  readonly say?: (line: string) => void
  /** Number of bytes that the system accepts before backpressure. Default: no backpressure. */
  readonly room?: number
  /** The host of the peer. */
  readonly hostname?: string
}

const silent = () => {}

export class ScriptedTransport implements Transport {
  readonly local = own
  readonly remote
  buffered = 0
  writable = true
  /** Whether `close` was delivered. */
  closed = false
  /** Whether the owner has called `end`. */
  ended = false
  /** Whether the owner has called `reset`. */
  wasReset = false
  /** Whether the peer's FIN was read. */
  peerEnded = false
  /** Whether both directions are closed, so that `close` will be delivered. */
  over = false

  private log = ""
  private handlers: TransportHandlers = noHandlers
  private started = false
  private paused = false
  private incoming: Array<Uint8Array | "FIN" | Fault> = []
  private toldEnd = false
  private failure: Fault | undefined
  /** Whether the owner has reset the connection, so that only `close` is delivered. */
  private isReset = false
  private needDrain = false
  private corks = 0
  private held: Array<string> = []
  private room: number
  private readonly say: (line: string) => void

  constructor({ hostname = peer.hostname, room = Infinity, say = silent }: ScriptedOptions = {}) {
    this.remote = { ...peer, hostname }
    this.room = room
    this.say = say
  }

  // ---- called by the test, in place of the peer

  /** Sends bytes from the peer. */
  sends(data: string | Uint8Array): void {
    this.incoming.push(typeof data === "string" ? bytesOf(data) : data)
  }

  /** Sends FIN from the peer. */
  ends(): void {
    this.incoming.push("FIN")
  }

  /** Fails the connection. Default: RST from the peer. */
  fails(failure: Fault = fault("ECONNRESET", "read")): void {
    this.incoming.push(failure)
    if (this.buffered > 0) this.cannotWrite()
  }

  /** Closes the connection without a fault. */
  closes(): void {
    this.over = true
    this.cannotWrite()
  }

  /** Stops the peer from reading until `takes` is called. */
  stalls(): void {
    this.room = 0
  }

  /** Makes the peer read this many more bytes. Default: all output from now on. */
  takes(bytes = Infinity): void {
    const fit = Math.min(this.buffered, bytes)
    this.buffered -= fit
    this.room += bytes - fit
    this.settleEnd()
  }

  /** Delivers the next event. Returns `false` if no event is possible now. */
  step(): boolean {
    const { handlers } = this
    if (!this.started || this.closed) return false
    if (this.needDrain && this.writable && this.buffered === 0) {
      this.needDrain = false
      this.say("<- drain")
      handlers.drain()
      return true
    }
    if (!this.paused && !this.over && this.read()) return true
    if (this.peerEnded && !this.toldEnd && !this.paused && !this.isReset) {
      this.toldEnd = true
      this.say("<- end")
      handlers.end()
      return true
    }
    // A failed write is reported after reading has ended, or at once while reading is paused.
    const broken = this.incoming.find(isFault)
    if (!this.over && !this.writable && broken !== undefined && (this.paused || this.peerEnded))
      this.fail(broken)
    return this.tellClose()
  }

  /** Delivers all possible events. Returns whether there were any. */
  settle(): boolean {
    let any = false
    while (this.step()) any = true
    return any
  }

  get isPaused(): boolean {
    return this.paused
  }

  /** All output that was accepted, one character per byte. */
  get written(): string {
    return this.log
  }

  /** Whether the peer reads nothing. */
  get isStalled(): boolean {
    return this.room === 0
  }

  /** Whether `step` would deliver an event. */
  get isPending(): boolean {
    if (!this.started || this.closed) return false
    if (this.over || (this.needDrain && this.writable && this.buffered === 0)) return true
    if (this.paused) return !this.writable && this.isLost()
    return this.incoming.length > 0 || (this.peerEnded && !this.toldEnd && !this.isReset)
  }

  /** Number of received bytes that the owner has not read. */
  get unread(): number {
    return this.incoming.reduce((sum, item) => sum + (item instanceof Uint8Array ? item.length : 0), 0)
  }

  /** The peer's bytes, FIN and faults that were not delivered yet, in order. */
  get untold(): ReadonlyArray<string> {
    const untold = this.incoming.map((item) =>
      item === "FIN" ? item : item instanceof Uint8Array ? textOf(item) : item.code
    )
    if (this.peerEnded && !this.toldEnd && !this.isReset) untold.unshift("FIN")
    return this.over && !this.closed ? [...untold, "close"] : untold
  }

  private read(): boolean {
    const next = this.incoming.shift()
    if (next === undefined) return false
    if (next === "FIN") {
      this.peerEnded = true
      this.settleEnd()
    } else if (next instanceof Uint8Array) {
      this.say(`<- data ${next.length}`)
      this.handlers.data(next)
    } else this.fail(next)
    return true
  }

  private fail(failure: Fault): void {
    this.failure = failure
    this.closes()
  }

  private tellClose(): boolean {
    if (!this.over) return false
    const { failure, handlers } = this
    this.closed = true
    this.incoming = []
    this.handlers = noHandlers
    if (failure !== undefined) {
      this.say(`<- error ${failure.code}`)
      handlers.error(failure)
    }
    this.say("<- close")
    handlers.close()
    return true
  }

  // Called when a direction ends. If both have ended, the connection is over.
  private settleEnd(): void {
    if (this.peerEnded && !this.writable && this.buffered === 0) this.over = true
  }

  private cannotWrite(): void {
    this.writable = false
    this.buffered = 0
    this.held = []
  }

  // ---- called by the owner

  start(handlers: TransportHandlers): void {
    if (this.started) this.say("-> start")
    this.started = true
    this.handlers = this.isReset ? onlyClose(handlers) : handlers
    this.toldEnd = this.closed = false
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    const text = `${asText(data)}${body === undefined ? "" : asText(body)}`
    if (this.writable && this.incoming.some(isFault)) this.cannotWrite()
    if (!this.writable) {
      this.say(`-> write ${JSON.stringify(text)}, refused`)
      return false
    }
    this.log += text
    const fit = Math.min(this.room, text.length)
    this.room -= fit
    this.buffered += text.length - fit
    if (this.buffered > 0) this.needDrain = true
    this.held.push(text)
    if (this.corks === 0) this.flush()
    return this.buffered === 0
  }

  cork(): void {
    this.corks++
  }

  uncork(): void {
    if (this.corks > 0) this.corks--
    if (this.corks === 0) this.flush()
  }

  private flush(): void {
    if (this.held.length === 0) return
    if (this.say !== silent)
      this.say(`-> write ${JSON.stringify(this.held.join(""))}${this.buffered > 0 ? ", full" : ""}`)
    this.held = []
  }

  end(): void {
    this.say("-> end")
    this.ended = true
    if (!this.writable) return
    this.flush()
    this.writable = false
    this.settleEnd()
  }

  reset(): void {
    this.say("-> reset")
    this.wasReset = true
    this.drop()
  }

  abandon(): void {
    this.say("-> abandon")
    this.drop()
  }

  private drop(): void {
    if (this.over || this.closed) return
    this.isReset = true
    this.handlers = onlyClose(this.handlers)
    this.closes()
  }

  isLost(): boolean {
    return !this.over && this.incoming.some(isFault)
  }

  pause(): void {
    if (!this.paused) this.say("-> pause")
    this.paused = true
  }

  resume(): void {
    if (this.paused) this.say("-> resume")
    this.paused = false
  }

  ref(): void {}
  unref(): void {}
  noDelay(enable: boolean): void {
    this.say(`-> noDelay ${enable}`)
  }
  keepAlive(enable: boolean, initialDelay: number): void {
    this.say(`-> keepAlive ${enable} ${initialDelay}`)
  }
}

const isFault = (item: Uint8Array | "FIN" | Fault): item is Fault =>
  item !== "FIN" && !(item instanceof Uint8Array)

const asText = (data: string | Uint8Array): string => (typeof data === "string" ? data : textOf(data))
