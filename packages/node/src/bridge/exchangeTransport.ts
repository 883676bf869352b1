/**
 * A transport that carries one exchange between two drivers (a driver is code that runs exchanges, such as
 * the callback API). The first driver has received the request. The transport encodes that request as bytes
 * for its owner, the second driver. The owner writes a response as bytes, and the transport parses these
 * bytes into head, body and trailers.
 *
 * The transport closes when the exchange ends. It never calls the owner from within a call by the owner. It
 * reports backpressure when `highWaterMark` bytes are buffered.
 */
import {
  noHandlers,
  type Address,
  type Fault,
  type TlsFacts,
  type Transport,
  type TransportHandlers
} from "@httpfx/core/Transport"
import {
  Body,
  bodyOf,
  BodyWriter,
  everyFlag,
  isInformational,
  ResponseParser,
  type Part,
  type ResponseHead
} from "@httpfx/core/wire"
import { framingOf, requestHead, type RawFields, type RequestFacts } from "./messageBytes.js"
import { queueMicrotask } from "../time/realTime.js"

/** Number of buffered bytes at which the sender is paused. */
export const highWaterMark = 64 * 1024

/**
 * Limits of the response head. They are too high to be reached, because our own driver writes the response.
 */
const limits = { maxHeaderSize: 1 << 30, maxHeaderCount: 0 }

const bytesOf = (part: Part): Uint8Array => (typeof part === "string" ? Buffer.from(part, "latin1") : part)

export interface Ends {
  readonly local: Address | undefined
  readonly remote: Address | undefined
  readonly tls: TlsFacts | undefined
}

export abstract class ExchangeTransport implements Transport {
  readonly local: Address | undefined
  readonly remote: Address | undefined
  writable = true
  protected answered = false
  protected closed = false
  private handlers = noHandlers
  private started = false
  private paused = false
  private scheduled = false
  /** Received bytes that the owner has not read yet. */
  private readonly inbound: Array<Uint8Array> = []
  private inboundSize = 0
  private wants = false
  private toEnd = false
  private toClose = false
  private fault: Fault | undefined
  private corks = 0
  private readonly parser: ResponseParser
  private readonly body: BodyWriter

  constructor(
    private readonly request: RequestFacts,
    private readonly ends: Ends,
    without?: string
  ) {
    this.local = ends.local
    this.remote = ends.remote
    this.body = new BodyWriter(framingOf(request.rawHeaders))
    this.parser = new ResponseParser(
      {
        head: (head) => this.head(head),
        data: (slice) => this.answerData(slice),
        complete: (trailers) => this.complete(trailers)
      },
      { flags: everyFlag, limits }
    )
    this.deliver(requestHead(request, without))
  }

  get tls(): TlsFacts | undefined {
    return this.ends.tls
  }

  get hasBody(): boolean {
    return this.body.framing._tag !== "None"
  }

  abstract readonly buffered: number

  // ---- the response

  protected abstract informational(head: ResponseHead): void
  protected abstract answer(head: ResponseHead): void
  protected abstract answerData(slice: Uint8Array): void
  protected abstract answerEnds(trailers: RawFields): void
  /**
   * Called when the response switches protocols (101, or 2xx to CONNECT). `rest` contains the bytes after the
   * head.
   */
  protected abstract switching(head: ResponseHead, rest: Uint8Array): void
  /** Called when the owner aborts the exchange or writes a malformed response. */
  protected abstract broken(why: string): void
  /** Called after each write by the owner, when all of its bytes have been parsed. */
  protected abstract written(): void
  /** Whether the owner may continue to write. `false` applies backpressure to the owner. */
  protected abstract readonly flowing: boolean
  /** Called when the owner can read more of the request. */
  protected abstract wanted(): void

  private switched: ResponseHead | undefined
  /** Whether the head of the final response has been parsed. */
  private begun = false

  private head(head: ResponseHead): number {
    const { method } = this.request
    const body = bodyOf(method, head.status)
    if (body === Body.Stop) {
      this.switched = head
      return Body.Stop
    }
    if (isInformational(head.status)) {
      this.informational(head)
      return Body.Read
    }
    this.begun = true
    this.answer(head)
    return body
  }

  private complete(trailers: RawFields): void {
    // The parser also reports the end of a 1xx response. Ignore that end, because the final response is still
    // to come.
    if (!this.begun) return
    this.answered = true
    this.answerEnds(trailers)
  }

  // ---- the request, which the owner reads

  /** Queues bytes of the request for the owner. Returns whether the owner accepts more. */
  protected deliver(part: Part): boolean {
    if (this.toClose || this.closed) return false
    const bytes = bytesOf(part)
    this.inbound.push(bytes)
    this.inboundSize += bytes.length
    this.schedule()
    return (this.wants = !this.paused && this.inboundSize < highWaterMark)
  }

  protected deliverBody(slice: Uint8Array): boolean {
    let more = true
    this.body.write(slice, (part) => void (more = this.deliver(part)))
    return more
  }

  protected endBody(trailers: RawFields | undefined): void {
    this.body.end(
      this.body.framing._tag === "Chunked" ? trailers : undefined,
      (part) => void this.deliver(part)
    )
  }

  /** Reports the end of the request's bytes to the owner, as FIN would. */
  protected deliverEnd(): void {
    this.toEnd = true
    this.schedule()
  }

  protected drained(): void {
    if (!this.closed && this.writable) this.handlers.drain()
  }

  /** Closes the transport, with an error if `fault` is given. */
  protected finish(fault?: Fault): void {
    if (this.toClose || this.closed) return
    this.toClose = true
    this.fault = fault
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled || !this.started) return
    this.scheduled = true
    queueMicrotask(this.flush)
  }

  private readonly flush = (): void => {
    this.scheduled = false
    while (!this.paused && !this.toClose && this.inbound.length > 0) {
      const chunk = this.inbound.shift()!
      this.inboundSize -= chunk.length
      this.handlers.data(chunk)
    }
    if (this.toClose) return this.closeNow()
    if (this.paused || this.inbound.length > 0) return
    if (this.toEnd) {
      this.toEnd = false
      this.handlers.end()
    } else if (!this.wants) {
      this.wants = true
      this.wanted()
    }
  }

  private closeNow(): void {
    if (this.closed) return
    this.closed = true
    this.writable = false
    this.inbound.length = 0
    if (this.fault !== undefined) this.handlers.error(this.fault)
    this.handlers.close()
  }

  // ---- the methods that the owner calls

  start(handlers: TransportHandlers): void {
    this.handlers = handlers
    this.started = true
    if (this.closed) queueMicrotask(() => handlers.close())
    else this.schedule()
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    if (!this.writable) return false
    this.feed(bytesOf(data))
    if (body !== undefined) this.feed(body)
    if (this.corks === 0) this.written()
    return this.flowing
  }

  private feed(bytes: Uint8Array): void {
    // Ignore bytes that the owner writes after the complete response.
    if (bytes.length === 0 || this.answered || this.closed) return
    if (this.parser.stopped) return this.raw(bytes)
    const used = this.parser.execute(bytes)
    const { refusal } = this.parser
    if (refusal !== undefined) return this.broken(`no response was written: ${refusal.reason}`)
    if (this.switched !== undefined) this.switching(this.switched, bytes.subarray(used))
  }

  /** Called with the bytes that the owner writes after a switch of protocols. */
  protected raw(_bytes: Uint8Array): void {}

  cork(): void {
    this.corks++
  }

  uncork(): void {
    if (this.corks > 0 && --this.corks === 0) this.written()
  }

  end(): void {
    if (!this.writable) return
    this.writable = false
    if (this.switched !== undefined) return this.rawEnd()
    if (this.answered || this.closed) return
    const refusal = this.parser.finish()
    this.written()
    if (!this.answered) this.broken(refusal?.reason ?? "the connection was closed without a response")
  }

  protected rawEnd(): void {}

  reset(): void {
    if (this.closed) return
    this.writable = false
    if (!this.answered) this.broken("the connection was reset")
    this.finish()
  }

  pause(): void {
    this.paused = true
    this.wants = false
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.schedule()
  }

  // These methods do nothing, because no real socket exists here. The socket of the outer server keeps the
  // process alive.
  ref(): void {}
  unref(): void {}
  noDelay(): void {}
  keepAlive(): void {}
}
