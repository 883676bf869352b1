/**
 * The result of an exchange that loses its connection, for each phase. The request is resent, or fails with a
 * record of its progress.
 */
import { describe, expect, it } from "vitest"
import { unlimited } from "../../../src/connection/client/limits.js"
import type { RequestLoss } from "../../../src/model/loss.js"
import {
  ok,
  World,
  type Asked,
  type ClientTransport,
  type TestExchange
} from "../../support/connection/clientWorld.js"

type How = (transport: ClientTransport, exchange: TestExchange, world: World) => void

const fin: How = (transport) => {
  transport.ends()
  transport.settle()
}
const rst: How = (transport) => {
  transport.fails()
  transport.settle()
}
const sends =
  (text: string): How =>
  (transport) =>
    transport.tells(text)

const get: Asked = { method: "GET" }
const post: Asked = { method: "POST", body: "x" }
const put: Asked = { method: "PUT", body: "x" }
const upload: Asked = { method: "PUT", streams: true }

const head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"

/** Formats a loss record and its facts about the exchange. */
const shown = (loss: RequestLoss | undefined): string => {
  if (loss === undefined) return "none"
  const where = "where" in loss ? loss.where : "phase" in loss ? loss : undefined
  if (where === undefined) return loss._tag
  const { phase, received, reused, written } = where
  return `${loss._tag} ${phase}, ${written} written, ${received} received${reused === true ? ", reused" : ""}`
}

const losses: ReadonlyArray<
  readonly [asked: Asked, reused: boolean, how: ReadonlyArray<How>, expected: string]
> = [
  // A new connection: the request is never resent.
  [get, false, [fin], "HangUp head, all written, 0 received"],
  [get, false, [rst], "Failed head, all written, 0 received"],
  [post, false, [fin], "HangUp head, all written, 0 received"],
  [upload, false, [fin], "HangUp send, some written, 0 received"],
  [upload, false, [rst], "Failed send, some written, 0 received"],
  // A reused connection: the server may have closed it before the request arrived, so an idempotent request
  // is resent.
  [get, true, [fin], "again"],
  [get, true, [rst], "again"],
  [put, true, [rst], "again"],
  [post, true, [fin], "HangUp head, all written, 0 received, reused"],
  [upload, true, [rst], "Failed send, some written, 0 received, reused"],
  // A part of the response has arrived, so the server may have acted on the request.
  [get, true, [sends("HTTP/1.1 2"), fin], "HangUp head, all written, 10 received, reused"],
  [get, true, [sends("HTTP/1.1 2"), rst], "Failed head, all written, 10 received, reused"],
  [
    get,
    true,
    [sends("HTTP/1.1 102 Processing\r\n\r\n"), rst],
    "Failed head, all written, 27 received, reused"
  ],
  // The response head was delivered, so the body fails.
  [get, true, [sends(head), fin], "body: HangUp body, all written, 38 received, reused"],
  [get, false, [sends(head), rst], "body: Failed body, all written, 38 received"],
  [get, false, [sends(`${head}abc`), rst], "body: Failed body, all written, 41 received"],
  // The bytes are not a response.
  [get, true, [sends("?")], "Refused head, all written, 1 received, reused"],
  [
    get,
    false,
    [sends(`${head.slice(0, -4)}\r\nTransfer-Encoding: chunked\r\n\r\n`)],
    "Refused head, all written, 66 received"
  ],
  [
    get,
    false,
    [sends("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")],
    "OutOfStep head, all written, 69 received"
  ],
  [
    { method: "CONNECT", path: "a.test:80" },
    false,
    [sends("HTTP/1.1 200 OK\r\n\r\n")],
    "OutOfStep head, all written, 19 received"
  ],
  // Our own side ended the exchange.
  [get, false, [(_, exchange) => void exchange.interrupt()], "interrupted"],
  [
    get,
    false,
    [sends(head), (_, exchange) => void exchange.interrupt()],
    "body: GivenUp body, all written, 38 received"
  ],
  [get, false, [(_, __, { pool }) => pool.close(() => {})], "GivenUp head, all written, 0 received"],
  [upload, false, [(_, exchange) => exchange.upload?.fail("no disk")], "Thrown"],
  [
    upload,
    false,
    [sends(head), (_, exchange) => exchange.upload?.fail("no disk")],
    "body: GivenUp body, some written, 38 received"
  ],
  [
    get,
    false,
    [(_, exchange) => (exchange.throws = "mine"), sends("HTTP/1.1 103 Early Hints\r\n\r\n")],
    "Thrown"
  ]
]

describe("a lost exchange", () => {
  it.each(losses.map(([asked, reused, how, expected]) => [asked, reused, expected, how] as const))(
    "%j, reused: %s: %s",
    (asked, reused, expected, how) => {
      const world = new World()
      if (reused) world.idle()
      const exchange = world.ask(asked)
      if (!reused) world.connected()
      // A request that cannot be resent waits one turn before it uses an idle connection.
      world.timers.runTurns()
      const transport = world.transports[0]!
      for (const happen of how) happen(transport, exchange, world)
      transport.settle()
      const body = exchange.response?.body.failure
      const found =
        body !== undefined
          ? `body: ${shown(body)}`
          : world.connector.attempts.length > 0
            ? "again"
            : exchange.told.includes("interrupted")
              ? "interrupted"
              : shown(exchange.loss)
      expect(found).toBe(expected)
      expect(exchange.told.length).toBe(expected === "again" ? 0 : 1)
      expect(world.pool.counts.open).toBe(0)
    }
  )

  it("reports the loss of its first connection if no second one can be established", () => {
    const world = new World()
    const transport = world.idle()
    const exchange = world.ask(get)
    rst(transport, exchange, world)
    world.refused("refused")
    expect(shown(exchange.loss)).toBe("Failed head, all written, 0 received, reused")
  })

  it("reports the loss of its first connection if a limit of the second expires", () => {
    const world = new World()
    const transport = world.idle()
    const exchange = world.ask({ ...get, limits: { ...unlimited, resolve: 100 } })
    rst(transport, exchange, world)
    world.timers.advance(100)
    expect(shown(exchange.loss)).toBe("Failed head, all written, 0 received, reused")
  })

  it("reports the failed attempt if there was no earlier connection", () => {
    const world = new World()
    const exchange = world.ask(get)
    world.refused("refused")
    expect(exchange.loss).toEqual({ _tag: "NotConnected", error: "refused" })
  })

  it("that was resent gets its response on the second connection", () => {
    const world = new World()
    const transport = world.idle()
    const exchange = world.ask(get)
    rst(transport, exchange, world)
    world.connected().tells(ok("again"))
    expect([exchange.told, exchange.resent, exchange.reused]).toEqual([["answered 200"], 1, false])
    expect(exchange.response?.read()).toBe("again")
  })
})

describe("an upload", () => {
  const refused = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n"

  it.each<[what: string, asked: Asked, response: string, stops: boolean]>([
    ["continues while its response arrives", upload, head, false],
    ["stops when the response is complete", upload, ok(), true],
    ["stops at the head with earlyAnswer: stop", { ...upload, earlyAnswer: "stop" }, head, true],
    ["stops when the server refuses and closes", upload, `${refused}Connection: close\r\n\r\n`, true],
    ["continues when the server refuses and does not close", upload, `${refused}\r\n`, false]
  ])("%s", (_, asked, response, stops) => {
    const world = new World()
    const [exchange, transport] = world.begun(asked)
    transport.tells(response)
    expect(exchange.upload?.stopped).toBe(stops)
  })
})
