/** A pool whose connections the test opens and whose requests the test answers. */
import type { AgentEvent } from "../../../src/connection/client/events.js"
import { Exchange } from "../../../src/connection/client/exchange.js"
import {
  defaultContinueTimeout,
  defaultPoolOptions,
  defaultUnreadTimeout
} from "../../../src/connection/client/defaults.js"
import { ClientPool, type PoolOptions } from "../../../src/connection/client/pool.js"
import type {
  Connector,
  Destination,
  Incoming,
  Opening,
  Request,
  Upload,
  UploadOwner
} from "../../../src/connection/client/ports.js"
import type { EventSink } from "../../../src/connection/client/watch.js"
import { Body } from "../../../src/connection/transfer/body.js"
import type { GivenUp, RequestLoss, ResponseLoss } from "../../../src/model/loss.js"
import { origin } from "../../../src/pool/index.js"
import type { Transport } from "../../../src/seams/transport.js"
import {
  BodyWriter,
  encodeRequestHead,
  type Framing,
  type Part,
  type ResponseHead
} from "../../../src/wire/index.js"
import { ScriptedTimers } from "./scriptedTimers.js"
import { bytesOf, ScriptedTransport, textOf } from "./scriptedTransport.js"

/** An attempt to connect, which the test completes or fails. */
export interface Attempted {
  readonly destination: Destination
  readonly opening: Opening
  cancelled: boolean
}

/** A client's end of a connection, which records the calls of the pool. */
export class ClientTransport extends ScriptedTransport {
  /** Whether the connection keeps the process alive. */
  referenced = true

  override ref(): void {
    this.referenced = true
  }
  override unref(): void {
    this.referenced = false
  }

  /** Sends bytes from the peer, and delivers them at once. */
  tells(text: string): void {
    this.sends(text)
    this.settle()
  }
}

export class ScriptedConnector implements Connector {
  readonly attempts: Array<Attempted> = []

  connect(destination: Destination, opening: Opening): () => void {
    const attempt = { destination, opening, cancelled: false }
    this.attempts.push(attempt)
    return () => void (attempt.cancelled = true)
  }
}

class Events implements EventSink {
  readonly told: Array<AgentEvent> = []
  listening = false
  private ids = 0

  constructor(private readonly timers: ScriptedTimers) {}

  now(): number {
    return this.timers.now()
  }
  wallTime(): number {
    return this.timers.wallTime()
  }
  nextId(): number {
    return ++this.ids
  }
  publish(event: AgentEvent): void {
    this.told.push(event)
  }
}

export class TestUpload implements Upload {
  taken = true
  stopped = false
  drained = 0
  private readonly writer: BodyWriter

  constructor(
    private readonly transport: Transport,
    private readonly owner: UploadOwner,
    framing: Framing
  ) {
    this.writer = new BodyWriter(framing)
  }

  private readonly sink = (part: Part): void => {
    this.taken = this.transport.write(part)
  }

  get written(): number {
    return this.writer.written
  }

  write(text: string): void {
    this.writer.write(bytesOf(text), this.sink)
  }

  finish(): void {
    this.writer.end(undefined, this.sink)
    this.owner.uploadEnded()
  }

  fail(cause: unknown): void {
    this.owner.uploadFailed(cause)
  }

  drain(): void {
    this.drained++
    this.taken = true
  }

  stop(): void {
    this.stopped = true
  }

  whenStopped(f: () => void): void {
    f()
  }
}

export class TestResponse implements Incoming {
  readonly body: Body<ResponseLoss>

  constructor(
    readonly head: ResponseHead,
    exchange: Exchange
  ) {
    this.body = new Body(exchange)
  }

  get received(): number {
    return this.body.received
  }

  push(slice: Uint8Array): void {
    this.body.push(slice)
  }
  end(rawTrailers: ReadonlyArray<string>): void {
    this.body.end(rawTrailers)
  }
  fail(loss: ResponseLoss): void {
    this.body.fail(loss)
  }

  /** Reads the received part of the body. */
  read(): string {
    return (this.body.take() ?? []).map(textOf).join("")
  }
}

export class TestExchange extends Exchange {
  declare response: TestResponse | undefined
  declare upload: TestUpload | undefined
  /** The calls to the driver, in order. */
  readonly told: Array<string> = []
  readonly informed: Array<number> = []
  /** The loss, if the request failed without a response. */
  loss: RequestLoss | undefined = undefined
  /** The bytes after the head that switched protocols. */
  rest: string | undefined = undefined
  /** If set, the callback for informational responses fails with this error. */
  throws: unknown = undefined

  send(transport: Transport, owner: UploadOwner): void {
    this.upload = new TestUpload(transport, owner, this.request.encoded.framing)
  }

  informational(head: ResponseHead): void {
    this.informed.push(head.status)
    if (this.throws !== undefined) this.abort(this.throws, "Interrupted")
  }

  protected respond(head: ResponseHead): TestResponse {
    return new TestResponse(head, this)
  }

  protected answered(): void {
    this.told.push(`answered ${this.response?.head.status}`)
  }

  protected handed(_transport: Transport, rest: Uint8Array): void {
    this.rest = textOf(rest)
  }

  protected handedOver(): void {
    this.told.push("handed over")
  }

  protected failed(loss: RequestLoss): void {
    this.loss = loss
    this.told.push(`failed ${loss._tag}`)
  }

  protected errorOf(loss: RequestLoss): unknown {
    return loss
  }

  /** Interrupts the request, as its caller would. */
  interrupt(): GivenUp | undefined {
    if (this.over) return undefined
    if (this.response !== undefined) return this.abandon("it was interrupted")
    this.told.push("interrupted")
    this.drop()
    return undefined
  }
}

export const hostA = origin("http:", "a.test", 80)
export const hostB = origin("http:", "b.test", 80)

export interface Asked {
  readonly to?: Destination
  readonly method?: string
  readonly path?: string
  /** The request body, in one part. */
  readonly body?: string
  /** Whether the body is a stream. */
  readonly streams?: boolean
  readonly headers?: ReadonlyArray<string>
  readonly limits?: Request["limits"]
  readonly spent?: Request["spent"]
  readonly alone?: boolean
  readonly takeOver?: boolean
  readonly expectContinue?: boolean
  readonly earlyAnswer?: Request["earlyAnswer"]
}

export const requestOf = (asked: Asked): Request => {
  const { alone = false, body, earlyAnswer = "continue", expectContinue = false, limits, spent = 0 } = asked
  const { headers = [], method = "GET", path = "/", streams = false, takeOver = false, to = hostA } = asked
  const expectation = expectContinue ? ["Expect", "100-continue"] : []
  const encoded = encodeRequestHead({
    method,
    target: path,
    headers: [...headers, ...expectation],
    host: to.host,
    body: streams ? "unknown" : (body?.length ?? "none"),
    keepAlive: !alone
  })
  if (encoded._tag === "Violation") throw new Error(encoded.code)
  const parts = body === undefined ? [] : [body]
  return {
    method,
    versionMinor: 1,
    keepAlive: encoded.close === undefined,
    upgrade: takeOver && method !== "CONNECT",
    expectContinue,
    origin: to,
    encoded,
    payload: streams ? { _tag: "Stream" } : { _tag: "Parts", parts },
    alone,
    takeOver,
    continueTimeout: expectContinue ? defaultContinueTimeout : 0,
    earlyAnswer,
    unreadTimeout: defaultUnreadTimeout,
    path,
    limits,
    spent
  }
}

/** The default options, without the random reduction of `maxAge`. */
export const defaults: PoolOptions = { ...defaultPoolOptions, age: { maxAge: Infinity, jitter: 0 } }

export class World {
  readonly timers = new ScriptedTimers()
  readonly connector = new ScriptedConnector()
  readonly events = new Events(this.timers)
  readonly pool: ClientPool
  readonly transports: Array<ClientTransport> = []

  constructor(options: Partial<PoolOptions> = {}) {
    this.pool = new ClientPool(this.connector, this.timers, this.events, { ...defaults, ...options })
  }

  ask(asked: Asked = {}): TestExchange {
    const exchange = new TestExchange(requestOf(asked), this.pool)
    exchange.start()
    return exchange
  }

  /** The oldest attempt that is pending. */
  get attempted(): Attempted {
    const [first] = this.connector.attempts
    if (first === undefined) throw new Error("nothing is being connected")
    return first
  }

  /** Completes an attempt. Returns the new connection. */
  connected(attempt = this.attempted): ClientTransport {
    this.connector.attempts.splice(this.connector.attempts.indexOf(attempt), 1)
    const transport = new ClientTransport()
    this.transports.push(transport)
    attempt.opening.done(transport, {})
    return transport
  }

  /** Fails an attempt. */
  refused(error: unknown, attempt = this.attempted): void {
    this.connector.attempts.splice(this.connector.attempts.indexOf(attempt), 1)
    attempt.opening.failed({ _tag: "NotConnected", error })
  }

  /** Starts a request on a new connection. Returns both. */
  begun(asked: Asked = {}): readonly [TestExchange, ClientTransport] {
    const exchange = this.ask(asked)
    return [exchange, this.connected()]
  }

  /** Returns an idle connection that has served one exchange. */
  idle(to: Destination = hostA): ClientTransport {
    const [, transport] = this.begun({ to, path: "/before" })
    transport.tells(ok())
    return transport
  }
}

/** A 200 response with `Content-Length`. */
export const ok = (body = "", ...fields: ReadonlyArray<string>): string =>
  ["HTTP/1.1 200 OK", `Content-Length: ${body.length}`, ...fields, "", body].join("\r\n")
