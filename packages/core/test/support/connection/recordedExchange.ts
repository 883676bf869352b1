/**
 * An exchange that records the calls of its connection, and whose handler the test controls.
 *
 * As in a real driver, the exchange never acts inside a call of the connection, but in a later turn.
 */
import { Exchange, type BodyLoss, type Taken } from "../../../src/connection/server/ports.js"
import { Body } from "../../../src/connection/transfer/body.js"
import type { Loss } from "../../../src/model/loss.js"
import type { Transport } from "../../../src/seams/transport.js"
import { BodyWriter, encodeResponseHead, type BodyLength, type Violation } from "../../../src/wire/index.js"
import { bytesOf, textOf } from "./scriptedTransport.js"
import { lossText } from "./texts.js"

export interface Response {
  readonly status?: number
  readonly headers?: ReadonlyArray<string>
}

export class RecordedExchange extends Exchange {
  /** Whether the handler is exempt from interruption by a shutdown. */
  uninterruptible = false
  losses = 0
  /** The text of the request body read so far. */
  text = ""
  /** The bytes received after the exchange has taken the connection over. */
  switched: string | undefined
  private writer: BodyWriter | undefined
  private over: (() => void) | undefined
  say: (line: string) => void = () => {}

  starts(over: () => void): void {
    this.over = over
    this.say("runs")
  }

  override openBody(limit: number): Body<BodyLoss> {
    const body = new Body<BodyLoss>(this, limit)
    body.watch(() => {
      if (body.failure !== undefined) this.say(`body fails: ${lossText(body.failure)}`)
      else if (body.ended)
        this.say(`body ends${body.rawTrailers.length === 0 ? "" : `: ${body.rawTrailers.join(" ")}`}`)
      return body.failure !== undefined || body.ended
    })
    return body
  }

  override lost(loss: Loss, by: "client" | "server"): void {
    this.losses++
    this.say(`lost, by the ${by}: ${lossText(loss)}`)
    this.later(() => this.interruption())
  }

  override interrupt(): void {
    this.say("interrupted")
    this.later(() => this.interruption())
  }

  override get isKept(): boolean {
    return this.drainPolicy === "wait" || this.uninterruptible
  }

  private interruption(): void {
    if (!this.uninterruptible) this.returns()
  }

  private later(f: () => void): void {
    this.connection.server.timers.turn(f)
  }

  // ---- called by the handler

  /** Ends the handler. */
  returns(): void {
    const { over } = this
    if (over === undefined) return
    this.over = undefined
    this.say("handler ends")
    over()
  }

  get isOver(): boolean {
    return this.over === undefined
  }

  /** Reads the body to its end. If the body fails, `then` is not called. */
  reads(then: (text: string) => void = () => {}): void {
    const { body } = this
    if (body === undefined) return then("")
    body.want()
    const look = (): void => {
      const slices = body.take()
      if (slices !== undefined) {
        const text = slices.map(textOf).join("")
        this.text += text
        this.say(`reads ${shown(text)}`)
        return look()
      }
      if (body.failure !== undefined) return
      if (body.ended) return then(this.text)
      body.whenReadable(() => this.later(look))
    }
    look()
  }

  /** Sends a complete response, and ends the handler. */
  responds(body = "", response: Response = {}): void {
    this.sendsHead(body.length, response, body)
    this.completes()
    this.returns()
  }

  /** Sends the head of a response and the start of its body in one write. */
  sendsHead(body: BodyLength, { headers = [], status = 200 }: Response = {}, text = ""): void {
    if (this.aborted) return
    const { connection, head } = this
    const encoded = encodeResponseHead({
      versionMinor: head.versionMinor === 0 ? 0 : 1,
      method: head.method,
      status,
      headers,
      body,
      keepAlive: connection.mayKeepAlive(this, false),
      date: connection.server.date()
    })
    if (encoded._tag === "Violation") throw new Error(encoded.code)
    this.writer = new BodyWriter(encoded.framing)
    connection.responseBegins(this, status, encoded)
    const parts: Array<string> = []
    if (text !== "" && encoded.framing._tag !== "None")
      accept(this.writer.write(text, (part) => void parts.push(part as string)))
    connection.write(encoded.head, parts.length === 0 ? undefined : bytesOf(parts.join("")))
  }

  /** Sends a part of the response body. Returns `false` if the connection applies backpressure. */
  writes(text: string): boolean {
    if (this.aborted) return false
    let more = true
    accept(this.writer!.write(text, (part) => (more = this.connection.write(part))))
    return more
  }

  drained(f: () => void = () => {}): void {
    this.connection.whenDrained(() => {
      this.say("writer wakes")
      f()
    })
  }

  /** Writes `piece` until backpressure, and again after each drain. */
  floods(piece: string): void {
    while (this.writes(piece));
    if (!this.aborted) this.drained(() => this.later(() => this.floods(piece)))
  }

  completes(trailers?: ReadonlyArray<string>): void {
    if (this.aborted) return
    accept(this.writer!.end(trailers, (part) => void this.connection.write(part)))
    this.connection.responseEnds(this)
  }

  cuts(): void {
    this.connection.cut(this)
    this.returns()
  }

  /** Takes the connection over, and records the calls to the new owner. */
  takesOver(status = 101): Taken {
    const taken = this.connection.handOver(this, status, `HTTP/1.1 ${status} Switched\r\n\r\n`)
    if ("_tag" in taken) throw new Error(taken.code)
    this.switched = textOf(taken.initial)
    this.say(`has the connection, and ${shown(this.switched)}`)
    const over = (whole: boolean) =>
      this.later(() => {
        this.connection.handBack(whole)
        this.returns()
      })
    taken.transport.start({
      data: (chunk) => {
        const text = textOf(chunk)
        this.switched += text
        this.say(`socket data ${shown(text)}`)
      },
      end: () => {
        this.say("socket end")
        over(true)
      },
      drain: () => this.say("socket drain"),
      error: ({ code }) => this.say(`socket error ${code}`),
      close: () => {
        this.say("socket close")
        over(false)
      }
    })
    return taken
  }

  /**
   * Takes the connection over for a WebSocket. The WebSocket sends its close frame when the server asks for
   * it.
   */
  opensWebSocket(): Transport {
    const { transport } = this.takesOver()
    this.connection.webSocketOpened(this, () => {
      this.say("is to go away")
      if (this.upgrade?.closeCode !== undefined) return
      transport.write("<close 1001>")
      this.connection.webSocketClosing(this, { by: "server", code: 1001 })
    })
    return transport
  }
}

/** A handler, which is called when its exchange starts. */
export type Handler = (exchange: RecordedExchange) => void

const accept = (violation: Violation | undefined): void => {
  if (violation !== undefined) throw new Error(violation.code)
}

/** Shows a long text by its length only. */
export const shown = (text: string): string =>
  text.length > 60 ? `${text.length} bytes` : JSON.stringify(text)
