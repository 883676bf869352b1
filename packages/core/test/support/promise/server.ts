/**
 * An HTTP/1.1 server with promises, which uses only `connection/server`. The server is an example of a driver
 * (`connection/server/ports.ts`).
 *
 * It has three parts: `PromiseExchange` receives the events of an exchange, `PromiseOwner` starts handlers,
 * and `serve` passes connections to a `ServerLife` and runs its shutdown.
 */
import { ServerLife, unobserved } from "../../../src/connection/server/life.js"
import {
  Exchange,
  type BodyLoss,
  type Connection,
  type ExchangeHome,
  type Owner
} from "../../../src/connection/server/ports.js"
import { makeSettings, type GivenSettings } from "../../../src/connection/server/settings.js"
import { phasesOf } from "../../../src/connection/server/shutdown.js"
import { Body } from "../../../src/connection/transfer/body.js"
import type { Address } from "../../../src/model/address.js"
import type { Closings } from "../../../src/seams/closings.js"
import type { Timers } from "../../../src/seams/timers.js"
import type { Transport } from "../../../src/seams/transport.js"
import {
  BodyWriter,
  encodeResponseHead,
  expectationFailed,
  handlerStatus,
  hasUnknownExpectation,
  type Part,
  type RequestHead
} from "../../../src/wire/index.js"
import {
  Abort,
  accepted,
  leave,
  Lost,
  piecesOf,
  pump,
  sourceOf,
  type Fields,
  type Outgoing,
  type Outlet
} from "./shared.js"

export interface Request {
  readonly method: string
  readonly target: string
  readonly fields: Fields
  /**
   * The body, for one reader. While the reader does not read, the client meets backpressure. Throws `Lost`.
   */
  readonly body: AsyncIterable<Uint8Array>
  /** Returns the trailers, which are complete when `body` has ended. */
  readonly trailers: () => Fields
  /** Aborted when the client has left (the reason is then a `Lost`), or when the server ends the handler. */
  readonly signal: AbortSignal
}

export interface Response {
  readonly status: number
  readonly fields?: Fields | undefined
  /**
   * The body. An iterable is pulled only as fast as the client reads, and its `return` is called if the
   * client leaves.
   */
  readonly body?: Outgoing | undefined
  /** Called at the end of `body`. A response with trailers is chunked. */
  readonly trailers?: (() => Fields) | undefined
}

/** If the promise rejects, the client gets 500. If the response has begun, the connection ends instead. */
export type Handler = (request: Request) => Promise<Response>

class PromiseExchange extends Exchange {
  readonly abort = new Abort()

  override openBody(limit: number): Body<BodyLoss> {
    return new Body(this, limit)
  }

  /** Called once, after the body has failed. Afterwards nothing may be written. */
  override lost(loss: BodyLoss): void {
    this.abort.abort(new Lost(loss))
  }

  override interrupt(): void {
    this.abort.abort(new Error("the server shuts down"))
  }

  /** With `true`, a shutdown would keep the connection for this handler until the last phase. */
  override get isKept(): boolean {
    return false
  }

  async respond(handler: Handler): Promise<void> {
    const { method, rawHeaders, target } = this.head
    const request: Request = {
      method,
      target,
      fields: rawHeaders,
      body: piecesOf(this.body),
      trailers: () => this.body?.rawTrailers ?? [],
      signal: this.abort.signal
    }
    const response = hasUnknownExpectation(this.head)
      ? Promise.resolve({ status: expectationFailed })
      : handler(request)
    await this.abort.orAborted(response.then((response) => this.send(response)))
  }

  private async send(response: Response): Promise<void> {
    const { connection } = this
    const source = sourceOf(response.body)
    // Create the writer when the first piece is ready. Producing this piece may read the request's body,
    // which sends a 100 (Continue), and the 100 must precede the head.
    let writer: BodyWriter | undefined
    const outlet: Outlet = {
      timers: connection.server.timers,
      put: (piece) => accepted((writer ??= this.begin(response)).write(piece, this.write)),
      get backedUp() {
        return connection.backedUp
      },
      whenDrained: (f) => connection.whenDrained(f)
    }
    try {
      if (!connection.awaitsContinue(this)) writer = this.begin(response)
      if (writer?.framing._tag !== "None") await pump(source, outlet, this.abort)
      writer ??= this.begin(response)
      const trailers = writer.framing._tag === "Chunked" ? response.trailers?.() : undefined
      accepted(writer.end(trailers, this.write))
      connection.responseEnds(this)
    } finally {
      leave(source)
    }
  }

  private begin({ body, fields = [], status: given, trailers }: Response): BodyWriter {
    const { abort, connection, head } = this
    const { settings } = connection.server
    abort.signal.throwIfAborted()
    // Changes a status that would switch protocols, because this server supports no other protocol.
    const status = accepted(handlerStatus(head.method, given))
    const length = body === undefined ? 0 : body instanceof Uint8Array ? body.length : "unknown"
    const encoded = accepted(
      encodeResponseHead({
        versionMinor: head.versionMinor === 0 ? 0 : 1,
        method: head.method,
        status,
        headers: fields,
        body: length,
        trailers: trailers !== undefined,
        // The encoder may decide against keep-alive because of the fields. The reason is then in `close`.
        keepAlive: connection.mayKeepAlive(this, length === "unknown"),
        keepAliveTimeout: settings.timeouts.keepAliveTimeout,
        keepAliveMax: settings.maxRequestsPerSocket,
        date: connection.server.date()
      })
    )
    connection.responseBegins(this, status, encoded)
    this.write(encoded.head)
    return new BodyWriter(encoded.framing)
  }

  private readonly write = (part: Part): void => {
    this.abort.signal.throwIfAborted()
    this.connection.write(part)
  }
}

class PromiseOwner implements Owner {
  /** Without a handler of client errors, the connection sends default responses to refused requests. */
  readonly clientErrors = undefined

  constructor(
    private readonly handler: Handler,
    private readonly onError: (error: unknown) => void
  ) {}

  open(connection: Connection & ExchangeHome, head: RequestHead, number: number): PromiseExchange {
    return new PromiseExchange(connection, head, number)
  }

  /**
   * After `ended`, the connection sends 500 or 503 if no response has begun, and ends if a response is
   * incomplete.
   */
  run(exchange: PromiseExchange, ended: (exchange: PromiseExchange) => void): void {
    void exchange
      .respond(this.handler)
      .catch((error) => exchange.abort.signal.aborted || this.onError(error))
      .then(() => ended(exchange))
  }
}

export interface Options {
  readonly listen: (onConnection: (transport: Transport) => void) => Promise<Listener>
  readonly timers: Timers
  readonly settings?: GivenSettings | undefined
  /** Called with the failure of a handler. */
  readonly onError?: ((error: unknown) => void) | undefined
}

export interface Listener {
  readonly address: Address
  close(): Promise<void>
}

export interface Server {
  readonly address: Address
  /**
   * Stops listening, and shuts down in the phases of `connection/server/shutdown.ts`. Default: 500 ms and 20
   * 000 ms.
   */
  close(grace?: number, deadline?: number): Promise<void>
}

export const serve = async (handler: Handler, options: Options): Promise<Server> => {
  const { onError = ignore, timers } = options
  const life = new ServerLife(timers, makeSettings(options.settings), closings, unobserved)
  life.serve(new PromiseOwner(handler, onError))
  const listener = await options.listen(life.accept)
  life.enter("ready")

  const emptiedWithin = (time: number) =>
    new Promise<boolean>((resume) => {
      const cancel = timers.at(timers.now() + time, () => resume(false))
      life.whenEmptied(() => {
        cancel()
        resume(true)
      })
    })
  const shutDown = async (grace: number, deadline: number) => {
    await listener.close()
    life.drain()
    let emptied = false
    for (const { begin, time } of phasesOf(life, grace, deadline)) {
      begin()
      if ((emptied = await emptiedWithin(time))) break
    }
    if (!emptied) life.endAll()
    life.enter("closed")
  }
  let closed: Promise<void> | undefined
  return {
    address: listener.address,
    close: (grace = 500, deadline = 20_000) => (closed ??= shutDown(grace, deadline))
  }
}

/** These deadlines never expire early. A driver with a virtual clock would need early expiry. */
const closings: Closings = { at: (timers, deadline, _, f) => timers.at(deadline, () => f(false)) }

const ignore = () => {}
