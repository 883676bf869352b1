/**
 * An HTTP/1.1 client with promises, which uses only `connection/client`. The client is an example of a driver
 * (`connection/client/ports.ts`).
 *
 * A `ClientPool` gets a `Connector` and exchanges. `PromiseExchange` receives the events of an exchange. It
 * creates a `PromiseUpload` for a streamed request body, and a `PromiseResponse` for a response.
 */
import { defaultPoolOptions, unobserved } from "../../../src/connection/client/defaults.js"
import { Exchange } from "../../../src/connection/client/exchange.js"
import { ClientPool, type PoolOptions } from "../../../src/connection/client/pool.js"
import type * as Ports from "../../../src/connection/client/ports.js"
import { Body } from "../../../src/connection/transfer/body.js"
import type { RequestLoss, ResponseLoss } from "../../../src/model/loss.js"
import type { Origin } from "../../../src/pool/index.js"
import type { Timers } from "../../../src/seams/timers.js"
import type { Transport } from "../../../src/seams/transport.js"
import { BodyWriter, type Part, type ResponseHead } from "../../../src/wire/index.js"
import { prepare, type Prepared, type Request } from "./request.js"
import { Abort, accepted, leave, Lost, piecesOf, pump, sourceOf, type Fields, type Outlet } from "./shared.js"

export type { Request } from "./request.js"

export interface Response {
  readonly head: ResponseHead
  /**
   * The body, for one reader. While the reader does not read, the server meets backpressure. A reader that
   * leaves early closes the connection. Throws `Lost`.
   */
  readonly body: AsyncIterable<Uint8Array>
  /** Returns the trailers, which are complete when `body` has ended. */
  readonly trailers: () => Fields
}

class PromiseResponse implements Ports.Incoming, Response {
  readonly body = this.read()
  private readonly incoming: Body<ResponseLoss>

  constructor(
    readonly head: ResponseHead,
    private readonly exchange: Exchange
  ) {
    this.incoming = new Body(exchange)
  }

  readonly trailers = (): Fields => this.incoming.rawTrailers

  // ---- called by the connection

  get received(): number {
    return this.incoming.received
  }

  push(slice: Uint8Array): void {
    this.incoming.push(slice)
  }

  end(rawTrailers: Fields): void {
    this.incoming.end(rawTrailers)
  }

  fail(loss: ResponseLoss): void {
    this.incoming.fail(loss)
  }

  private async *read(): AsyncGenerator<Uint8Array, void> {
    this.exchange.readerActive()
    try {
      for await (const piece of piecesOf(this.incoming)) {
        this.exchange.readerIdle()
        yield piece
        this.exchange.readerActive()
      }
    } finally {
      if (!this.exchange.over) this.exchange.abandon("its reader left")
    }
  }
}

class PromiseUpload implements Ports.Upload, Outlet {
  taken = true
  private readonly aborted = new Abort()
  private readonly writer: BodyWriter
  private wake: () => void = ignore
  private readonly done: Promise<void>

  constructor(
    { encoded, source }: Prepared,
    private readonly transport: Transport,
    readonly timers: Timers,
    owner: Ports.UploadOwner
  ) {
    this.writer = new BodyWriter(encoded.framing)
    this.done = this.run(source)
      .then(
        () => owner.uploadEnded(),
        (cause) => this.aborted.signal.aborted || owner.uploadFailed(cause)
      )
      .then(ignore)
  }

  private async run({ body, trailers }: Request): Promise<void> {
    const source = sourceOf(body)
    try {
      await pump(source, this, this.aborted)
      accepted(this.writer.end(trailers?.(), this.write))
    } finally {
      leave(source)
    }
  }

  get written(): number {
    return this.writer.written
  }

  put(piece: Uint8Array): void {
    accepted(this.writer.write(piece, this.write))
  }

  get backedUp(): boolean {
    return !this.taken
  }

  whenDrained(f: () => void): void {
    this.wake = f
  }

  /** Throws after `stop`, because the connection may then serve another request. */
  private readonly write = (part: Part): void => {
    this.aborted.signal.throwIfAborted()
    this.taken = this.transport.write(part)
  }

  // ---- called by the connection

  drain(): void {
    this.taken = true
    this.wake()
  }

  stop(): void {
    this.aborted.abort(new Error("the rest of the body is not wanted"))
  }

  whenStopped(f: () => void): void {
    void this.done.then(f)
  }
}

class PromiseExchange extends Exchange {
  declare readonly request: Prepared

  constructor(
    request: Prepared,
    private readonly client: { readonly pool: ClientPool },
    private readonly resolve: (response: Response) => void,
    private readonly reject: (error: unknown) => void
  ) {
    super(request, client.pool)
  }

  override send(transport: Transport, owner: Ports.UploadOwner): void {
    this.upload = new PromiseUpload(this.request, transport, this.client.pool.timers, owner)
  }

  override informational(): void {}

  protected override respond(head: ResponseHead): PromiseResponse {
    return new PromiseResponse(head, this)
  }

  protected override answered(): void {
    this.resolve(this.response as PromiseResponse)
  }

  /** Called once, if there is no response. A loss after the response head fails the body instead. */
  protected override failed(loss: RequestLoss): void {
    this.reject(this.errorOf(loss))
  }

  protected override errorOf(loss: RequestLoss): unknown {
    if (loss._tag === "Thrown") return loss.cause
    return loss._tag === "NotConnected" ? loss.error : new Lost(loss)
  }

  // Never called, because `takeOver` is always `false`.
  protected override handed(): void {}
  protected override handedOver(): void {}
}

export interface Options {
  /** Opens a connection. If the promise rejects, the request fails with the reason. */
  readonly dial: (origin: Origin, signal: AbortSignal) => Promise<Transport>
  /** These timers should not keep the process alive. */
  readonly timers: Timers
  readonly pool?: Partial<PoolOptions> | undefined
}

export class PromiseClient implements Ports.Connector {
  readonly pool: ClientPool

  constructor(private readonly options: Options) {
    this.pool = new ClientPool(this, options.timers, unobserved, { ...defaultPoolOptions, ...options.pool })
  }

  /** Opens a connection, and calls `done` or `failed`, also if the attempt is aborted. */
  connect(destination: Ports.Destination, opening: Ports.Opening): () => void {
    const controller = new AbortController()
    opening.enter("connect")
    this.options.dial(destination, controller.signal).then(
      (transport) => opening.done(transport, {}),
      (error) => opening.failed({ _tag: "NotConnected", error })
    )
    return () => controller.abort()
  }

  async request(source: Request): Promise<Response> {
    const { signal } = source
    signal?.throwIfAborted()
    const request = prepare(source, this.pool.keepAlive)
    return new Promise((resolve, reject) => {
      const exchange = new PromiseExchange(request, this, resolve, reject)
      signal?.addEventListener("abort", () =>
        exchange.giveUp("ABORT_ERR", "the request was aborted", "Interrupted")
      )
      exchange.start()
    })
  }

  /**
   * Aborts the requests in flight. Resets the connections whose server has not closed its side after `grace`
   * ms.
   */
  close(grace = 100): Promise<void> {
    const { timers } = this.options
    this.pool.close(ignore)
    return new Promise((resume) => {
      const cancel = timers.at(timers.now() + grace, () => this.pool.reset())
      this.pool.whenEmpty(() => {
        cancel()
        resume()
      })
    })
  }
}

const ignore = () => {}
