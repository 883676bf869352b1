/**
 * A scripted client that pipelines requests and reads their responses in order (RFC 9112 §9.3.2), because our
 * client does not pipeline. It ignores backpressure, so its requests are small.
 */
import * as Effect from "effect/Effect"
import type * as Network from "@httpfx/core/Network"
import * as HttpError from "@httpfx/core/HttpError"
import type { Transport } from "@httpfx/core/Transport"
import { Body, ResponseParser, type ResponseHead } from "@httpfx/core/wire"
import { tcp } from "@httpfx/core/Transport"
import { between, pathOf, pick, type Ask, type Draw, type Method } from "./ask.js"
import type { Call, Ledger } from "./ledger.js"
import type { Settings } from "./client.js"
import { check, downBody, upBody } from "./service.js"

interface Waiting {
  readonly call: Call
  readonly ask: Ask
}

const drawAsk = (draw: Draw): Ask => {
  const method = pick<Method>(draw, [
    [50, "GET"],
    [30, "POST"],
    [20, "PUT"]
  ])
  return {
    method,
    hops: draw() < 0.8 ? 0 : 1,
    up: { flow: "bytes", size: method === "GET" ? 0 : between(draw, 0, 300) },
    down: { flow: draw() < 0.7 ? "bytes" : "stream", size: between(draw, 0, 3_000) },
    delay: draw() < 0.4 ? 0 : between(draw, 1, 400),
    read: draw() < 0.8,
    closes: "nobody",
    expects: false,
    limited: false
  }
}

/** Reads the responses of one connection, in the order of their requests. */
class Answers {
  private head: ResponseHead | undefined
  private parts: Array<Uint8Array> = []
  private readonly parser = new ResponseParser({
    head: (head) => {
      this.head = head
      this.parts = []
      return Body.Read
    },
    data: (slice) => void this.parts.push(slice),
    complete: () => this.complete()
  })

  constructor(
    private readonly waiting: Array<Waiting>,
    private readonly ledger: Ledger,
    private readonly done: () => void
  ) {}

  data(chunk: Uint8Array): void {
    this.parser.execute(chunk)
    if (this.parser.refusal !== undefined)
      this.ledger.broken(`an answer in a row: ${this.parser.refusal.code}`)
  }

  /** Called when the connection has ended. Pending requests then fail. */
  lost(fault: HttpError.ConnectionError): void {
    for (const { call } of this.waiting.splice(0)) this.ledger.failed(call, fault)
    this.done()
  }

  private complete(): void {
    const { head } = this
    const first = this.waiting.shift()
    if (head === undefined || first === undefined)
      return this.ledger.broken("an answer that nobody asked for")
    const { ask, call } = first
    this.ledger.head(call, head.status, head.get("x-id"))
    this.ledger.answered(call, head.status, 0)
    if (head.status < 400)
      check(this.ledger, call.id, Buffer.concat(this.parts), head.get("x-hash"), downBody(call.id, ask))
    if (this.waiting.length === 0) this.done()
  }
}

export class Pipeliner {
  private rounds = 0

  constructor(
    private readonly name: string,
    private readonly network: Network.Service,
    private readonly ledger: Ledger,
    private readonly draw: Draw,
    private readonly settings: Settings
  ) {}

  /** Sends rounds of requests, each on a new connection. Never fails. */
  get life(): Effect.Effect<void> {
    const { requests, span } = this.settings
    const pause = Effect.suspend(() => Effect.sleep(between(this.draw, 0, (2 * span) / requests)))
    return Effect.repeatN(Effect.zipRight(pause, this.round), requests - 1)
  }

  private readonly round: Effect.Effect<void> = Effect.suspend(() => {
    const name = `${this.name}.${this.rounds++}`
    const waiting = Array.from({ length: between(this.draw, 2, 4) }, (_, index): Waiting => {
      const ask = drawAsk(this.draw)
      return { ask, call: this.ledger.begin(`${name}.${index}`, ask.method, this.settings.to) }
    })
    const connected = Effect.flatMap(this.network.resolve(this.settings.to), ([{ address }]) =>
      this.network.connect(tcp(address, 80))
    )
    return Effect.matchEffect(connected, {
      onFailure: (error) =>
        Effect.sync(() => {
          for (const { call } of waiting) this.ledger.failed(call, error)
        }),
      onSuccess: (transport) => this.exchange(transport, waiting)
    })
  })

  private exchange(transport: Transport, waiting: Array<Waiting>): Effect.Effect<void> {
    return Effect.async((resume) => {
      const answers = new Answers(waiting, this.ledger, () => {
        transport.end()
        resume(Effect.void)
      })
      const where = { phase: "head", written: "all" } as const
      transport.start({
        data: (chunk) => answers.data(chunk),
        end: () => answers.lost(new HttpError.HangUp({ reason: "the server hung up", ...where })),
        drain: () => {},
        error: (fault) => answers.lost(HttpError.fromFault(fault, where)),
        close: () => {}
      })
      transport.cork()
      for (const { ask, call } of waiting) {
        const body = upBody(call.id, ask).bytes
        const head = `${ask.method} ${pathOf(ask)} HTTP/1.1\r\nHost: ${this.settings.to}\r\nx-id: ${call.id}\r\n`
        transport.write(`${head}Content-Length: ${body.length}\r\n\r\n`, body)
      }
      transport.uncork()
    })
  }
}
