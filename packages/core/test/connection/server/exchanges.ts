/**
 * Exchanges one after the other on a server connection: the last exchange, request bodies, expectations and
 * backpressure.
 */
import { strict as assert } from "node:assert"
import { presets } from "../../../src/wire/index.js"
import { conversation } from "../../support/connection/conversation.js"
import type { Handler } from "../../support/connection/recordedExchange.js"
import type { Given } from "../../support/connection/serverWorld.js"
import type { Row, Table } from "../table.js"
import { chunk, chunkedHead, close, expecting, get, post } from "./requests.js"

interface Last {
  readonly sent?: string
  readonly handle?: Handler
  readonly settings?: Given["settings"]
  /** The bytes that the client sends after the response. */
  readonly rest?: string
  /**
   * The reason for which the connection closes after the response. If `undefined`, the connection persists.
   */
  readonly closes?: string
}

const withFields =
  (...headers: ReadonlyArray<string>): Handler =>
  (exchange) =>
    exchange.responds("ok", { headers })
const stream: Handler = (exchange) => {
  exchange.sendsHead("unknown", {}, "ok")
  exchange.completes()
  exchange.returns()
}

const persistence: Readonly<Record<string, Last>> = {
  "HTTP/1.1": {},
  "HTTP/1.1, the client closes": { sent: get("/", close), closes: "RequestClose" },
  "HTTP/1.1, the handler closes": { handle: withFields("Connection", "close"), closes: "ResponseClose" },
  "HTTP/1.0": { sent: get("/", "", "1.0"), closes: "Http10" },
  "HTTP/1.0, the client asks for keep-alive": { sent: get("/", "Connection: keep-alive\r\n", "1.0") },
  "HTTP/1.0, without a length": {
    sent: get("/", "Connection: keep-alive\r\n", "1.0"),
    handle: stream,
    closes: "UntilClose"
  },
  chunks: { handle: stream },
  "a body that ends with the connection": {
    handle: (exchange) => {
      exchange.sendsHead("unknown", { headers: ["Transfer-Encoding", "gzip"] }, "ok")
      exchange.completes()
    },
    closes: "UntilClose"
  },
  "maximum number of requests": { settings: { maxRequestsPerSocket: 1 }, closes: "MaxRequests" },
  "CONNECT that is refused": {
    sent: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    handle: (exchange) => exchange.responds("no", { status: 403 }),
    closes: "ResponseClose"
  },
  "an upgrade that the handler ignores": { sent: get("/", "Connection: Upgrade\r\nUpgrade: x\r\n") },
  "a small part of the body is missing": { sent: post("/unread", "abcdef").slice(0, -3), rest: "def" },
  "a large part of the body is missing": {
    sent: "POST /unread HTTP/1.1\r\nHost: t\r\nContent-Length: 262145\r\n\r\n",
    closes: "RequestUnfinished"
  },
  "an unread, complete body": { sent: post("/unread", "abc") },
  "a body that waits for 100": {
    sent: post("/unread", "abc", expecting).slice(0, -3),
    closes: "RequestUnfinished"
  }
}

const unread: Handler = (exchange) => exchange.responds("ok")

const persists = ([name, one]: [string, Last]): Row =>
  conversation(
    `${name}: ${one.closes ?? "persists"}`,
    {
      ...(one.settings === undefined ? {} : { settings: one.settings }),
      ...(one.handle === undefined ? {} : { handle: one.handle }),
      handlers: { "/unread": unread, "/next": unread }
    },
    (c) => {
      c.sends(one.sent ?? get())
      assert.equal(
        c.transport.written.includes("Connection: close\r\n"),
        one.closes !== undefined,
        "it is announced"
      )
      if (one.closes === undefined) {
        c.sends((one.rest ?? "") + get("/next"))
        assert.equal(c.exchange.head.target, "/next")
        return
      }
      c.sends(get("/next"))
      assert.equal(c.world.exchanges.length, 1)
      c.ends()
      assert.match(c.world.lines.join("\n"), new RegExp(`event connection closed ${one.closes}:`))
    }
  )

const early = "the request was answered before its body had been read"
const gone = (received: number) => `HangUp (the client closed the connection; ${received} received)`
const later: Handler = () => {}
const large = "x".repeat(100)

const order: ReadonlyArray<Row> = [
  conversation("pipelined requests are served in order", { handlers: { "/slow": later } }, (c) => {
    c.sends(get("/slow") + post("/2", "ab") + get("/3", close))
    c.expects("#1 GET /slow")
    c.does(() => c.exchange.responds("slow"))
    c.expects(
      '< 200 "slow"',
      "#2 POST /2",
      "#2 body ends",
      '#2 reads "ab"',
      '< 200 "ok"',
      "#3 GET /3",
      '< 200 close "ok"',
      "FIN"
    )
  }),
  conversation(
    "a client with many pipelined requests meets backpressure, which ends later",
    { settings: { highWaterMark: 60 }, handle: later },
    (c) => {
      c.sends(get("/1"), get("/2"), get("/3"), get("/4"))
      c.expects("#1 GET /1", "pause")
      c.does(() => c.exchange.responds())
      c.expects("< 200", "resume", "#2 GET /2")
    }
  ),
  conversation(
    "a client that does not read responses gets no further ones",
    { settings: { highWaterMark: 60 }, handle: (exchange) => exchange.responds(large) },
    (c) => {
      c.sends(get("/1") + get("/2"))
      c.expects("#1 GET /1", "< 200 100 bytes, full")
      c.does(() => c.transport.takes())
      c.expects("#2 GET /2", "< 200 100 bytes")
    },
    { room: 0 }
  ),
  conversation(
    "an unread body causes backpressure",
    { settings: { highWaterMark: 4 }, handle: later },
    (c) => {
      c.sends(post("/", "abcdef").slice(0, -6), "abcde")
      c.expects("#1 POST /", "pause")
      c.does(() => c.exchange.reads())
      c.expects("resume", '#1 reads "abcde"')
      c.sends("f")
      c.expects("#1 body ends", '#1 reads "f"')
    }
  ),
  conversation(
    "a body under backpressure that is never read does not block the next request",
    { settings: { highWaterMark: 4 }, handle: later },
    (c) => {
      c.sends(post("/", "abcdef"))
      c.expects("#1 POST /", "pause", "#1 body ends")
      c.does(() => c.exchange.responds())
      c.expects("< 200", "resume")
      c.sends(get("/2"))
      c.expects("#2 GET /2")
    }
  ),
  conversation(
    "the next request does not wait for a reader of the body before it",
    { settings: { highWaterMark: 40 }, handle: later },
    (c) => {
      c.sends(post("/", "x".repeat(30)), get("/2"))
      c.expects("#1 POST /", "#1 body ends", "pause")
      c.does(() => c.exchange.reads())
      c.expects("resume", `#1 reads "${"x".repeat(30)}"`)
    }
  ),
  conversation("100 is sent at the first read", { handle: later }, (c) => {
    c.sends(post("/", "abc", expecting).slice(0, -3))
    c.expects("#1 POST /")
    c.does(() => c.exchange.reads(() => c.exchange.responds("ok")))
    c.expects("< 100")
    c.sends("abc")
    c.expects("#1 body ends", '#1 reads "abc"', '< 200 "ok"')
  }),
  conversation("100 is not sent once body bytes have arrived", { handle: later }, (c) => {
    c.sends(post("/", "abc", expecting).slice(0, -2))
    c.does(() => c.exchange.reads())
    c.expects("#1 POST /", '#1 reads "a"')
  }),
  conversation("100 is not sent after the response", { handle: later }, (c) => {
    c.sends(post("/", "abc", expecting).slice(0, -3))
    c.does(() => {
      c.exchange.sendsHead("unknown")
      c.exchange.reads()
    })
    c.expects("#1 POST /", "< 200 close")
  }),
  conversation("informational heads come before the response, not after it", { handle: later }, (c) => {
    c.sends(get())
    const { connection } = c.exchange
    c.does(() =>
      assert.equal(connection.inform(c.exchange, 103, "HTTP/1.1 103 Early Hints\r\n\r\n"), undefined)
    )
    c.does(() => c.exchange.sendsHead("unknown"))
    c.expects("#1 GET /", "< 103", "< 200")
    assert.notEqual(connection.inform(c.exchange, 103, "HTTP/1.1 103 Early Hints\r\n\r\n"), undefined)
    c.resets()
    assert.equal(connection.inform(c.exchange, 103, "HTTP/1.1 103 Early Hints\r\n\r\n"), undefined)
    c.expects("#1 lost, by the client: Failed ECONNRESET (body)", "closed")
  }),
  conversation("a small rest of an unread body is discarded", { handle: unread }, (c) => {
    c.sends(chunkedHead("/") + chunk("abc"))
    c.expects("#1 POST /", '< 200 "ok"', `#1 body fails: HangUp (${early}; 3 received)`)
    c.sends(`${chunk("def")}0\r\n\r\n${get("/2")}`)
    c.expects("#2 GET /2", '< 200 "ok"')
  }),
  conversation("a larger rest closes the connection", { handle: unread }, (c) => {
    c.sends(chunkedHead("/"))
    c.expects("#1 POST /", '< 200 "ok"', `#1 body fails: HangUp (${early}; 0 received)`)
    c.sends(chunk("x".repeat(262_144)))
    c.expects()
    c.sends(chunk("x"))
    c.expects("FIN")
  }),
  conversation("a rest that takes more than five seconds closes the connection", { handle: unread }, (c) => {
    c.sends(chunkedHead("/"))
    c.expects("#1 POST /", '< 200 "ok"', `#1 body fails: HangUp (${early}; 0 received)`)
    c.passes(4_999)
    c.expects()
    c.passes(1)
    c.expects("FIN")
  }),
  conversation("a handler that ends without a response: 500", { handle: later }, (c) => {
    c.sends(get())
    c.does(() => c.exchange.returns())
    c.expects("#1 GET /", "< 500 close", "FIN")
  }),
  conversation("a handler that ends within its response: reset", { handle: later }, (c) => {
    c.sends(get() + get("/2"))
    c.does(() => {
      c.exchange.sendsHead(10, {}, "abc")
      c.exchange.returns()
    })
    c.expects("#1 GET /", '< 200 "abc"', "FIN")
  })
]

const halfOpen: ReadonlyArray<Row> = [
  conversation(
    "received requests are served, and the last response announces the close",
    { settings: { allowHalfOpen: true }, handle: later },
    (c) => {
      c.sends(get("/1") + get("/2"))
      c.ends()
      c.expects("#1 GET /1")
      c.does(() => c.exchange.responds())
      c.expects("< 200", "#2 GET /2")
      c.does(() => c.exchange.responds())
      c.expects("< 200 close", "FIN", "closed")
    }
  ),
  conversation(
    "a response whose head was sent before FIN",
    { settings: { allowHalfOpen: true }, handle: later },
    (c) => {
      c.sends(get())
      c.does(() => c.exchange.sendsHead("unknown"))
      c.ends()
      c.does(() => c.exchange.completes())
      c.expects("#1 GET /", "< 200", '< "0\\r\\n\\r\\n"', "FIN", "closed")
    }
  ),
  conversation(
    "requests that wait behind unread responses are served",
    {
      settings: { allowHalfOpen: true, highWaterMark: 60 },
      handlers: { "/1": later },
      handle: (exchange) => exchange.responds(large)
    },
    (c) => {
      c.sends(get("/1") + get("/2") + get("/3"))
      c.ends()
      c.does(() => c.exchange.responds())
      c.expects("#1 GET /1", "< 200", "#2 GET /2", "< 200 100 bytes, full")
      c.does(() => c.transport.takes())
      c.expects("#3 GET /3", "< 200 close 100 bytes", "FIN", "closed")
    },
    { room: 100 }
  ),
  conversation("an incomplete request is lost", { settings: { allowHalfOpen: true }, handle: later }, (c) => {
    c.sends(post("/", "abc").slice(0, -1))
    c.ends()
    c.expects("#1 POST /", `#1 body fails: ${gone(2)}`, `#1 lost, by the client: ${gone(2)}`, "FIN", "closed")
  }),
  conversation(
    "an incomplete request after a complete one is refused",
    { settings: { allowHalfOpen: true }, handle: later },
    (c) => {
      c.sends(`${get("/1")}GET /2 HT`)
      c.ends()
      c.does(() => c.exchange.responds())
      c.expects("#1 GET /1", "< 200", "< 400 close", "FIN", "closed")
    }
  ),
  conversation(
    "a body framed by the end of the connection is complete",
    { settings: { allowHalfOpen: true, flags: presets.insecure } },
    (c) => {
      c.sends("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\nabc")
      c.expects("#1 POST /", '#1 reads "abc"')
      c.ends()
      c.expects("#1 body ends", '< 200 close "ok"', "FIN", "closed")
    }
  )
]

export const exchanges: ReadonlyArray<Table> = [
  { name: "after an exchange, a server connection", rows: Object.entries(persistence).map(persists) },
  { name: "exchanges of a server connection", rows: order },
  { name: "half-open connections of a server", rows: halfOpen }
]
