/**
 * Server connections that leave HTTP. They are handed over with the bytes received, and taken back at the
 * end.
 */
import { strict as assert } from "node:assert"
import { conversation, type Conversation } from "../../support/connection/conversation.js"
import type { Handler } from "../../support/connection/recordedExchange.js"
import type { Row, Table } from "../table.js"
import { connect, expecting, get, post, upgrade } from "./requests.js"

const takes: Handler = (exchange) => exchange.takesOver(exchange.head.method === "CONNECT" ? 200 : 101)
const webSocket = get("/", upgrade.replace("echo", "websocket"))
const later: Handler = () => {}

const handsBack = (whole: boolean) => (c: Conversation) => {
  c.sends(get("/", upgrade))
  c.does(() => c.exchange.connection.handBack(whole))
  c.expects(
    "#1 GET /",
    "pause",
    "< 101",
    '#1 has the connection, and ""',
    "resume",
    "#1 socket close",
    ...(whole ? ["FIN"] : ["RST", "closed"])
  )
  // A second `handBack` does nothing.
  c.does(() => c.exchange.connection.handBack(true))
  c.expects()
}

const rows: ReadonlyArray<Row> = [
  conversation("an upgrade with bytes after it", { handle: takes }, (c) => {
    c.sends(`${get("/", upgrade)}hello`, "more")
    c.expects(
      "#1 GET /",
      "pause",
      "< 101",
      '#1 has the connection, and "hello"',
      "resume",
      '#1 socket data "more"'
    )
    c.ends()
    c.expects("#1 socket end", "#1 socket close", "FIN", "closed")
  }),
  conversation("a tunnel", { handle: takes }, (c) => {
    c.sends(`${connect}hello`)
    c.expects("#1 CONNECT a.test:443", "pause", "< 200", '#1 has the connection, and "hello"', "resume")
  }),
  conversation(
    "an upgrade once its body has been read",
    { handle: (exchange) => exchange.reads(() => takes(exchange)) },
    (c) => {
      c.sends(post("/", "abc", upgrade + expecting).slice(0, -3))
      c.expects("#1 POST /", "< 100")
      c.sends("abchello")
      c.expects(
        "#1 body ends",
        '#1 reads "abc"',
        "pause",
        "< 101",
        '#1 has the connection, and "hello"',
        "resume"
      )
    }
  ),
  conversation(
    "an upgrade after other requests",
    { handlers: { "/1": (exchange) => exchange.responds() }, handle: takes },
    (c) => {
      c.sends(get("/1") + get("/", upgrade) + get("/3"))
      c.expects(
        "#1 GET /1",
        "< 200",
        "#2 GET /",
        "pause",
        "< 101",
        `#2 has the connection, and ${JSON.stringify(get("/3"))}`,
        "resume"
      )
    }
  ),
  conversation("a head written by the new owner", { handle: later }, (c) => {
    c.sends(get("/", upgrade))
    c.does(() => assert.ok("transport" in c.exchange.connection.handOver(c.exchange, 101, undefined)))
    c.expects("#1 GET /", "pause")
  }),
  conversation("no upgrade after a response", { handle: later }, (c) => {
    c.sends(get("/", upgrade))
    c.does(() => c.exchange.sendsHead("unknown"))
    c.does(() => assert.ok("_tag" in c.exchange.connection.handOver(c.exchange, 101, "never written")))
    c.expects("#1 GET /", "< 200")
  }),
  conversation("handed back, and its output arrives", { handle: takes }, handsBack(true)),
  conversation("handed back, and reset", { handle: takes }, handsBack(false)),
  conversation(
    "pending writes of the new owner cause backpressure",
    { handle: later },
    (c) => {
      c.sends(get("/", upgrade))
      let taken: { readonly transport: { write(text: string): boolean } } | undefined
      c.does(() => (taken = c.exchange.takesOver()))
      c.expects("#1 GET /", "pause", "< 101", '#1 has the connection, and ""', "resume")
      c.does(() => taken!.transport.write("much"))
      c.expects('< "much", full', "pause")
      c.does(() => c.transport.takes())
      c.expects("resume", "#1 socket drain")
    },
    { room: 25 }
  ),
  conversation(
    "a WebSocket without a close frame is lost",
    { handle: (exchange) => exchange.opensWebSocket() },
    (c) => {
      c.sends(webSocket)
      c.ends()
      assert.match(
        c.world.lines.join("\n"),
        /event #1 ended Lost HangUp: .* websocket ended by client with 1006/
      )
    }
  ),
  conversation(
    "a WebSocket with a close frame from the client completes",
    { handle: (exchange) => exchange.opensWebSocket() },
    (c) => {
      c.sends(webSocket)
      c.does(() => c.exchange.connection.webSocketClosing(c.exchange, { by: "client", code: 1000 }))
      // Only the first close frame counts.
      c.does(() => c.exchange.connection.webSocketClosing(c.exchange, { by: "server", code: 1001 }))
      c.resets()
      assert.match(
        c.world.lines.join("\n"),
        /event #1 ended Answered: .* websocket ended by client with 1000/
      )
    }
  ),
  conversation(
    "a WebSocket with a protocol violation by the client is lost",
    { handle: (exchange) => exchange.opensWebSocket() },
    (c) => {
      c.sends(webSocket)
      const violation = "a frame without a mask"
      c.does(() =>
        c.exchange.connection.webSocketClosing(c.exchange, { by: "server", code: 1002, violation })
      )
      c.does(() => c.exchange.connection.handBack(true))
      assert.match(
        c.world.lines.join("\n"),
        /event #1 ended Lost HangUp: .* websocket ended by server with 1002/
      )
      assert.match(c.exchange.loss?._tag === "HangUp" ? c.exchange.loss.reason : "", /a frame without a mask/)
    }
  )
]

export const upgrades: Table = { name: "connections of a server that leave HTTP", rows }
