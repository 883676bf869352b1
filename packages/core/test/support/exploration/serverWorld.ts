/**
 * A server to explore, with one connection. A client sends parts of messages, a handler performs its usual
 * actions, time advances, and the server shuts down.
 */
import { ServerLife, type LifeEvents } from "../../../src/connection/server/life.js"
import {
  Exchange,
  type BodyLoss,
  type ClientErrorHandler,
  type ConnectionFacts,
  type ServerPort,
  type Owner,
  type Rejecting,
  type Settings,
  type Taken
} from "../../../src/connection/server/ports.js"
import { makeSettings } from "../../../src/connection/server/settings.js"
import { Body } from "../../../src/connection/transfer/body.js"
import type { End } from "../../../src/model/outcome.js"
import { BodyWriter, encodeResponseHead, type Part } from "../../../src/wire/index.js"
import { ExploredTimers, ExploredTransport } from "./parts.js"
import { responsesOf } from "./responses.js"
import { canonical, expect, type World } from "./world.js"

/** The messages of the client, each as a list of parts. */
export const messages = {
  get: ["GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  cut: ["GET / HTTP/1.1\r\nHo", "st: a\r\n\r\n"],
  two: ["GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  last: ["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"],
  old: ["GET / HTTP/1.0\r\n\r\n"],
  head: ["HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"],
  post: ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n0123456789", "0123456789"],
  chunked: [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "0\r\nX: y\r\n\r\n"
  ],
  flood: [
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n",
    ...new Array<string>(10).fill("01234567890123456789")
  ],
  expect: ["POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "abc"],
  upgrade: ["GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nxyz"],
  connect: ["CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nxyz"],
  bad: ["BAD\r\n\r\n"]
} satisfies Record<string, ReadonlyArray<string>>

export type Message = keyof typeof messages

export interface Setting {
  readonly name: string
  readonly messages: ReadonlyArray<Message>
  /** Whether the events of a shutdown (`shutdown`) and of the clock (`clock`) are explored too. */
  readonly shutdown?: boolean
  readonly clock?: boolean
  readonly settings?: Partial<Settings>
  /** Whether the owner responds to refused requests. */
  readonly asks?: boolean
  /** Whether handlers are exempt from interruption by a shutdown. */
  readonly keeps?: boolean
}

/** Number of bytes that may wait. The number is smaller than a body, so that backpressure is explored. */
const highWaterMark = 16

/** The state of a handler: its actions so far, and its pending waits. */
interface Handler {
  readonly exchange: Exchange
  readonly ended: (exchange: Exchange) => void
  running: boolean
  interrupted: boolean
  losses: number
  reports: number
  end: End["_tag"] | undefined
  writer: BodyWriter | undefined
  waitsForDrain: boolean
  waitsForBody: boolean
  taken: Taken | undefined
  handedBack: boolean
}

export class ServerWorld implements World {
  private readonly transport = new ExploredTransport()
  private readonly timers = new ExploredTimers()
  private readonly server: ServerLife
  private readonly handlers: Array<Handler> = []
  /** The message that the client is sending, and the index of its next part. */
  private sending: Message | undefined
  private piece = 0
  private requests = 0
  private connection: ConnectionFacts | undefined
  private closedEvents = 0
  private rejecting: Rejecting | undefined
  private isDraining = false
  private graceIsOver = false
  private readonly largest: number
  private isKilled = false

  constructor(private readonly setting: Setting) {
    const { timers } = this
    this.largest = Math.max(...setting.messages.flatMap((name) => messages[name].map(({ length }) => length)))
    const closings: ServerPort["closings"] = {
      at: (_, deadline, __, f) => timers.at(deadline, () => f(false))
    }
    this.server = new ServerLife(
      timers,
      makeSettings({ highWaterMark, sendDate: false, ...setting.settings }),
      closings,
      this.events()
    )
    this.server.serve(this.owner())
    this.server.enter("ready")
    this.server.accept(this.transport)
  }

  private events(): LifeEvents {
    const nothing = () => {}
    return {
      active: true,
      stateChanged: nothing,
      connectionOpened: (connection) => {
        this.connection = connection
      },
      requestReceived: nothing,
      responseBegun: nothing,
      clientError: nothing,
      rejected: nothing,
      dropped: nothing,
      exchangeEnded: (exchange, _, end) => {
        const handler = this.handlers.find((each) => each.exchange === exchange)
        if (handler === undefined) return
        handler.reports++
        handler.end = end._tag
        expect(handler.reports === 1, "the end of an exchange is reported twice")
      },
      connectionClosed: () => {
        this.closedEvents++
      }
    }
  }

  private owner(): Owner {
    const { handlers } = this
    const { keeps = false } = this.setting
    const handlerOf = (exchange: Exchange) => handlers.find((each) => each.exchange === exchange)
    class Explored extends Exchange {
      override openBody(limit: number): Body<BodyLoss> {
        return new Body<BodyLoss>(this, limit)
      }
      override lost(): void {
        const handler = handlerOf(this)
        if (handler === undefined) return
        handler.losses++
        handler.interrupted = true
        expect(handler.losses === 1, "an exchange is lost twice")
        expect(this.aborted && this.loss !== undefined, "an exchange is lost without a reason")
      }
      override interrupt(): void {
        const handler = handlerOf(this)
        if (handler !== undefined) handler.interrupted = true
      }
      override get isKept(): boolean {
        return keeps
      }
    }
    return {
      clientErrors: this.setting.asks === true ? this.clientErrors() : undefined,
      open: (connection, head, number) => new Explored(connection, head, number),
      run: (exchange, ended) => {
        expect(
          handlers.every((other) => other.exchange !== exchange),
          "a handler is started twice"
        )
        handlers.push({
          exchange,
          ended,
          running: true,
          interrupted: false,
          losses: 0,
          reports: 0,
          end: undefined,
          writer: undefined,
          waitsForDrain: false,
          waitsForBody: false,
          taken: undefined,
          handedBack: false
        })
      }
    }
  }

  private clientErrors(): ClientErrorHandler {
    return {
      answer: (_, __, rejecting) => {
        expect(this.rejecting === undefined, "a rejected request is asked about twice")
        this.rejecting = rejecting
        return () => {
          this.rejecting = undefined
        }
      },
      report: () => {}
    }
  }

  get key(): string {
    const { connection, handlers, isDraining, piece, rejecting, sending, server, timers, transport } = this
    return canonical({
      connection,
      handlers,
      isDraining,
      piece,
      rejecting,
      sending,
      server,
      timers,
      transport
    })
  }

  enabled(): ReadonlyArray<string> {
    const { transport } = this
    const events: Array<string> = []
    if (transport.reading) {
      if (this.sending !== undefined) events.push("send")
      else events.push(...this.setting.messages.map((name) => `send ${name}`))
      events.push("fin")
    }
    if (!transport.closed && !transport.over && !transport.isLost()) events.push("rst")
    if (transport.buffered > 0) events.push("flush")
    if (!transport.isStalled && transport.writable) events.push("stall")
    if (transport.isPending) events.push("tell")
    for (const [index, handler] of this.handlers.entries())
      events.push(...this.handlerEvents(handler).map((event) => `${event} ${index}`))
    if (this.rejecting !== undefined) events.push("reject", "give up")
    if (this.setting.clock === true && this.timers.armed > 0) events.push("time")
    if (this.setting.shutdown === true) {
      if (!this.isDraining) events.push("drain")
      else if (!this.graceIsOver) events.push("grace")
      else if (!this.isKilled) events.push("kill")
    }
    return events
  }

  private handlerEvents({
    exchange,
    handedBack,
    interrupted,
    running,
    taken,
    waitsForBody,
    waitsForDrain,
    writer
  }: Handler): ReadonlyArray<string> {
    if (!running) return []
    const events: Array<string> = ["over"]
    if (taken !== undefined) return handedBack ? events : [...events, "back", "drop"]
    if (exchange.aborted || interrupted) return events
    if (exchange.body !== undefined && !waitsForBody) events.push("read")
    if (waitsForDrain || exchange.responseComplete) return events
    if (writer !== undefined) return [...events, "piece", "finish", "cut"]
    if (exchange.status !== undefined) return events
    events.push("respond", "begin", "inform")
    if (exchange.asksForSwitch && exchange.requestComplete) events.push("take")
    return events
  }

  act(event: string): void {
    const [what, which] = event.split(" ") as [string, string | undefined]
    const { server, transport } = this
    switch (what) {
      case "send":
        return this.send(which as Message | undefined)
      case "fin":
        return transport.fin()
      case "rst":
        return transport.rst()
      case "flush":
        return transport.drain()
      case "stall":
        return transport.stalls()
      case "tell":
        return void transport.step()
      case "reject":
      case "give":
        return this.reject(what === "give")
      case "time":
        return this.timers.fire()
      case "drain":
        this.isDraining = true
        return server.drain()
      case "grace":
        this.graceIsOver = true
        return server.endIdle()
      case "kill":
        this.isKilled = true
        return server.interruptAll()
      default:
        return this.handle(what, this.handlers[Number(which)]!)
    }
  }

  private reject(silently: boolean): void {
    const { rejecting } = this
    this.rejecting = undefined
    if (silently) rejecting!.over()
    else rejecting!.answerByDefault()
  }

  private send(message: Message | undefined): void {
    if (message !== undefined) {
      this.sending = message
      this.piece = 0
      this.requests += message === "two" ? 2 : 1
    }
    const pieces = messages[this.sending!]
    const bytes = Buffer.from(pieces[this.piece]!, "latin1")
    this.piece++
    if (this.piece === pieces.length) this.sending = undefined
    this.transport.receive(bytes)
  }

  private handle(what: string, handler: Handler): void {
    const { exchange } = handler
    const { connection } = exchange
    switch (what) {
      case "respond":
        this.begin(handler, 2)
        return connection.responseEnds(exchange)
      case "begin":
        return this.begin(handler, "unknown")
      case "piece":
        return this.write(handler, (sink) => handler.writer!.write(Buffer.from("ab"), sink))
      case "finish":
        this.write(handler, (sink) => handler.writer!.end(undefined, sink))
        return connection.responseEnds(exchange)
      case "cut":
        return connection.cut(exchange)
      case "inform":
        connection.inform(exchange, 102, "HTTP/1.1 102 Processing\r\n\r\n")
        return
      case "read":
        return this.read(handler)
      case "take":
        return this.take(handler)
      case "back":
        handler.handedBack = true
        return connection.handBack(true)
      case "drop":
        handler.handedBack = true
        return connection.handBack(false)
      case "over":
        handler.running = false
        if (handler.taken !== undefined && !handler.handedBack) connection.handBack(true)
        return handler.ended(exchange)
    }
  }

  private begin(handler: Handler, length: number | "unknown"): void {
    const { exchange } = handler
    const { connection, head } = exchange
    // A 2xx response to CONNECT would open a tunnel.
    const status = head.method === "CONNECT" ? 501 : 200
    const encoded = encodeResponseHead({
      versionMinor: head.versionMinor === 0 ? 0 : 1,
      method: head.method,
      status,
      headers: ["X-Exchange", String(exchange.number)],
      body: length,
      keepAlive: connection.mayKeepAlive(exchange, length === "unknown")
    })
    if (encoded._tag === "Violation") throw new Error(encoded.code)
    connection.responseBegins(exchange, status, encoded)
    if (length === "unknown") {
      this.flow(handler, connection.write(encoded.head))
      handler.writer = new BodyWriter(encoded.framing)
    } else if (encoded.framing._tag === "None") connection.write(encoded.head)
    else connection.write(encoded.head, Buffer.from("ok"))
  }

  private write(handler: Handler, put: (sink: (part: Part) => void) => unknown): void {
    let flowing = true
    put((part) => {
      flowing = handler.exchange.connection.write(part)
    })
    this.flow(handler, flowing)
  }

  private flow(handler: Handler, flowing: boolean): void {
    if (flowing) return
    handler.waitsForDrain = true
    handler.exchange.connection.whenDrained(() => {
      handler.waitsForDrain = false
    })
  }

  private read(handler: Handler): void {
    const body = handler.exchange.body!
    body.want()
    if (body.take() !== undefined || body.ended || body.failure !== undefined) return
    handler.waitsForBody = true
    body.whenReadable(() => {
      handler.waitsForBody = false
    })
  }

  private take(handler: Handler): void {
    const { exchange } = handler
    const taken = exchange.connection.handOver(exchange, 101, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
    if ("_tag" in taken) return
    handler.taken = taken
    const nothing = () => {}
    taken.transport.start({ data: nothing, end: nothing, drain: nothing, error: nothing, close: nothing })
  }

  check(): void {
    const { connection, handlers, transport } = this
    this.responses()
    for (const { exchange, waitsForBody, waitsForDrain } of handlers) {
      const { body } = exchange
      expect(
        !exchange.untilClose || exchange.responseComplete || !transport.ended || transport.wasReset,
        "a cut response looks complete"
      )
      expect(
        !waitsForBody || (body!.waiting === 0 && !body!.ended && body!.failure === undefined),
        "a reader waits though its body can be read"
      )
      expect(
        !waitsForDrain ||
          (!transport.closed && (transport.buffered > 0 || transport.isPending || transport.ended)),
        "a writer waits though nothing is buffered"
      )
      const open = body !== undefined && !body.ended && body.failure === undefined
      expect(!open || !transport.ended, "a body is open though nothing more is read")
      expect(!open || !exchange.aborted, "a lost body is open")
    }
    // Only unread bytes of the current request's body and bytes of later requests count against the limit.
    const { exchange, inflow } = connection as unknown as {
      readonly exchange: Exchange | undefined
      readonly inflow: { readonly queued: number }
    }
    const waiting = exchange?.body?.waiting ?? 0
    expect(waiting + inflow.queued <= highWaterMark + this.largest, `${waiting + inflow.queued} bytes wait`)
    if (transport.closed) this.checkClosed()
  }

  private responses() {
    const isHead = (exchange: number) => this.handlers[exchange - 1]?.exchange.head.method === "HEAD"
    return responsesOf(this.transport.written, isHead)
  }

  private checkClosed(): void {
    expect(this.server.connectionCount === 0, "a closed connection is counted")
    const { first } = this.server.idle as unknown as { readonly first: unknown }
    expect(first === undefined, "a closed connection is idle")
    expect(this.timers.armed === 0, "a closed connection keeps a timer")
    expect(this.closedEvents === 1, "a connection's end is reported once")
    for (const { exchange, reports } of this.handlers)
      expect(reports === 1, `the end of exchange ${exchange.number} is reported ${reports} times`)
  }

  settle(): void {
    const { transport } = this
    const isOpen = () => !transport.peerEnded && !transport.over && !transport.closed && !transport.isLost()
    const untouched = isOpen() && !this.isDraining
    for (let round = 0; round < 20; round++) {
      if (transport.buffered > 0 || transport.isStalled) transport.drain()
      for (const handler of this.handlers) this.finish(handler)
      if (this.rejecting !== undefined) this.reject(false)
      if (this.sending !== undefined && transport.reading) this.send(undefined)
    }
    this.check()
    if (untouched) this.checkAnswered()
    if (isOpen()) {
      expect(!transport.isPaused, "reading is paused and nothing will resume it")
      transport.fin()
    }
    for (let round = 0; round < 20 && !transport.closed; round++) {
      if (transport.buffered > 0) transport.drain()
      if (transport.isPending) transport.step()
      else if (this.timers.armed > 0) this.timers.fire()
    }
    for (const handler of this.handlers) this.finish(handler)
    expect(transport.closed, "the connection never ends")
    this.check()
    let empty = false
    this.server.whenEmptied(() => {
      empty = true
    })
    expect(empty, "the server never is empty")
  }

  /** Completes the remaining actions of a handler, in order. */
  private finish(handler: Handler): void {
    if (!handler.running) return
    const { exchange } = handler
    const can = (event: string) => this.handlerEvents(handler).includes(event)
    if (can("read")) this.handle("read", handler)
    if (can("back")) this.handle("back", handler)
    else if (can("finish")) this.handle("finish", handler)
    else if (can("respond") && (exchange.requestComplete || exchange.body === undefined))
      this.handle("respond", handler)
    if (exchange.responseComplete || exchange.aborted || handler.interrupted) this.handle("over", handler)
  }

  // Checks that each request has its response, if no exchange was aborted and no handler has failed.
  private checkAnswered(): void {
    const responses = this.responses()
    for (const { end, exchange } of this.handlers) {
      if (end === "Unanswered" || end === "Lost" || exchange.upgrade !== undefined) continue
      const response = responses.find(({ exchange: number }) => number === exchange.number)
      expect(response?.complete === true, `request ${exchange.number} has no response`)
    }
  }
}
