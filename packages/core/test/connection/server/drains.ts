/** The effect of each step of a shutdown on connections in every state. */
import { strict as assert } from "node:assert"
import { phasesOf } from "../../../src/connection/server/shutdown.js"
import type { Policy } from "../../../src/model/serverState.js"
import { conversation, type Conversation } from "../../support/connection/conversation.js"
import type { Handler, RecordedExchange } from "../../support/connection/recordedExchange.js"
import { ScriptedTransport } from "../../support/connection/scriptedTransport.js"
import type { Given } from "../../support/connection/serverWorld.js"
import type { Row, Table } from "../table.js"
import { chunk, chunkedHead, close, get, post, upgrade } from "./requests.js"

const later: Handler = () => {}
const quiet: Given = { handle: later }
const policy = (drainPolicy: Policy, more: Given = {}): Given => ({
  ...quiet,
  prepare: (exchange) => (exchange.drainPolicy = drainPolicy),
  ...more
})

const drain = (c: Conversation) => c.does(() => c.world.life.drain())
const endIdle = (c: Conversation) => c.does(() => c.world.life.endIdle())
const interruptAll = (c: Conversation) => c.does(() => c.world.life.interruptAll())
const endAll = (c: Conversation) => c.does(() => c.world.life.endAll())

const requests: ReadonlyArray<Row> = [
  conversation("a request within the grace period is served, and is the last", {}, (c) => {
    drain(c)
    c.expects()
    c.sends(get("/1") + get("/2"))
    c.expects("#1 GET /1", '< 200 close "ok"', "FIN")
  }),
  conversation("an idle connection closes after the grace period, and lingers half a second", {}, (c) => {
    c.sends(get())
    drain(c)
    c.expects("#1 GET /", '< 200 "ok"')
    endIdle(c)
    c.expects("FIN")
    c.passes(499)
    c.expects()
    c.passes(1)
    c.expects("abandon", "closed")
  }),
  conversation("the shutdown waits for a request that has begun", {}, (c) => {
    c.sends("GET / HT")
    drain(c)
    endIdle(c)
    c.expects()
    c.sends("TP/1.1\r\nHost: t\r\n\r\n")
    c.expects("#1 GET /", '< 200 close "ok"', "FIN")
  }),
  conversation("the shutdown waits for a request body", {}, (c) => {
    c.sends(post("/", "abc").slice(0, -1))
    drain(c)
    endIdle(c)
    c.sends("c")
    c.expects("#1 POST /", '#1 reads "ab"', "#1 body ends", '#1 reads "c"', '< 200 close "ok"', "FIN")
  }),
  conversation("requests after the one in flight are not served", quiet, (c) => {
    c.sends(get("/1") + get("/2"))
    drain(c)
    c.does(() => c.exchange.responds("ok"))
    c.expects("#1 GET /1", '< 200 close "ok"', "FIN")
  }),
  conversation("a response whose head announced keep-alive is the last, too", quiet, (c) => {
    c.sends(get())
    c.does(() => c.exchange.sendsHead("unknown"))
    drain(c)
    c.does(() => c.exchange.completes())
    c.expects("#1 GET /", "< 200", '< "0\\r\\n\\r\\n"', "FIN")
  }),
  conversation(
    "a connection closes while it discards a body",
    { handle: (exchange) => exchange.responds() },
    (c) => {
      c.sends(chunkedHead("/") + chunk("abc"))
      drain(c)
      c.sends("0\r\n\r\n")
      c.expects(
        "#1 POST /",
        "< 200",
        "#1 body fails: HangUp (the request was answered before its body had been read; 3 received)",
        "FIN"
      )
    }
  )
]

const lost = "Reset (the server was closed; 0 received)"
const policies: ReadonlyArray<Row> = [
  conversation("interruptAtDrain, no response: 503", policy("interruptAtDrain"), (c) => {
    c.sends(get())
    drain(c)
    c.expects("#1 GET /", "#1 interrupted", "< 503 close", "FIN")
  }),
  conversation("interruptAtDrain, within a response: reset", policy("interruptAtDrain"), (c) => {
    c.sends(get())
    c.does(() => c.exchange.sendsHead(3))
    drain(c)
    c.expects("#1 GET /", "< 200", "#1 interrupted", "FIN")
  }),
  conversation("interruptAtDeadline: at the deadline", policy("interruptAtDeadline"), (c) => {
    c.sends(get())
    drain(c)
    endIdle(c)
    c.expects("#1 GET /")
    interruptAll(c)
    c.expects(`#1 lost, by the server: ${lost}`, "RST", "#1 interrupted", "closed")
  }),
  conversation("wait: neither", policy("wait"), (c) => {
    c.sends(get())
    drain(c)
    endIdle(c)
    interruptAll(c)
    c.does(() => c.exchange.responds("ok"))
    c.expects("#1 GET /", '< 200 close "ok"', "FIN")
  }),
  conversation("wait: but not forever", policy("wait"), (c) => {
    c.sends(get())
    drain(c)
    interruptAll(c)
    endAll(c)
    c.expects("#1 GET /", `#1 lost, by the server: ${lost}`, "RST", "closed")
  }),
  conversation(
    "an uninterruptible handler keeps its connection",
    { handle: (one) => (one.uninterruptible = true) },
    (c) => {
      c.sends(get())
      drain(c)
      interruptAll(c)
      c.does(() => c.exchange.responds("ok"))
      c.expects("#1 GET /", '< 200 close "ok"', "FIN")
    }
  )
]

const webSocket: Handler = (exchange) => exchange.opensWebSocket()
const switching = get("/", upgrade)
const switched = ["#1 GET /", "pause", "< 101", '#1 has the connection, and ""', "resume"]
const goesAway = ["#1 is to go away", '< "<close 1001>"']

const switches: ReadonlyArray<Row> = [
  conversation(
    "a connection that left HTTP stays open until the deadline",
    { handle: (exchange) => exchange.takesOver() },
    (c) => {
      c.sends(switching)
      drain(c)
      endIdle(c)
      c.expects(...switched)
      interruptAll(c)
      c.expects("RST", "#1 interrupted", "closed", "#1 socket close")
    }
  ),
  conversation("a WebSocket closes when draining begins", { handle: webSocket }, (c) => {
    c.sends(switching)
    drain(c)
    c.expects(...switched, ...goesAway)
  }),
  conversation("a WebSocket opened while draining closes", { handle: webSocket }, (c) => {
    drain(c)
    c.sends(switching)
    c.expects(...switched, ...goesAway)
  }),
  ...Object.entries<Given>({
    "webSocketsAtDrain is wait": { handle: webSocket, settings: { webSocketsAtDrain: "wait" } },
    "its handler has the policy wait": policy("wait", { handle: webSocket }),
    "its handler closes it itself": {
      handle: webSocket,
      prepare: (exchange) => (exchange.listensToDrain = true)
    }
  }).map(([why, given]) =>
    conversation(`a WebSocket stays: ${why}`, given, (c) => {
      c.sends(switching)
      drain(c)
      c.expects(...switched)
    })
  ),
  conversation("a WebSocket that is killed sends a last close frame", { handle: webSocket }, (c) => {
    c.sends(switching)
    c.expects(...switched)
    endAll(c)
    c.expects(...goesAway, "FIN", "abandon", "closed", "#1 socket close")
  })
]

const endings: ReadonlyArray<Row> = [
  conversation("a lingering connection obeys the shutdown's deadlines", {}, (c) => {
    c.sends(get("/", close))
    drain(c)
    c.expects("#1 GET /", '< 200 close "ok"', "FIN")
    c.does(() => c.world.closings.force())
    c.expects("abandon", "closed")
  }),
  conversation(
    "a lingering connection with unread output is reset",
    {},
    (c) => {
      c.sends(get("/", close))
      drain(c)
      c.does(() => c.world.closings.force())
      c.expects("#1 GET /", '< 200 close "ok", full', "FIN", "RST", "closed")
    },
    { room: 0 }
  ),
  conversation("a connection accepted within the grace period is served, a later one is reset", {}, (c) => {
    drain(c)
    c.connects()
    c.sends(get())
    c.expects("#1 GET /", '< 200 close "ok"', "FIN")
    endIdle(c)
    c.expects("FIN")
    c.connects()
    c.expects("RST")
  }),
  conversation("without an app, connections that wait for one are reset", { served: false }, (c) => {
    c.sends(get())
    drain(c)
    c.expects("RST")
  }),
  conversation("an app served later takes the waiting connections", { served: false }, (c) => {
    c.sends(get())
    c.does(() => c.world.life.serve(c.world.owner))
    c.expects("#1 GET /", '< 200 "ok"')
  }),
  conversation("the server is empty without connections and handlers", quiet, (c) => {
    let empty = 0
    const handler = (): RecordedExchange => c.exchange
    c.sends(get())
    c.does(() => c.world.life.whenEmptied(() => empty++))
    handler().uninterruptible = true
    c.resets()
    assert.equal(empty, 0)
    c.does(() => handler().returns())
    assert.equal(empty, 1)
    c.does(() => c.world.life.whenEmptied(() => empty++))
    assert.equal(empty, 2)
  }),
  conversation("the wait for an empty server can be cancelled", quiet, (c) => {
    c.does(() => c.world.life.whenEmptied(() => assert.fail())())
    c.ends()
  }),
  conversation("the drain is reported once, and at once if it has begun", quiet, (c) => {
    const told: Array<string> = []
    c.world.life.whenDraining(() => told.push("first"))
    c.world.life.whenDraining(() => told.push("cancelled"))()
    drain(c)
    c.world.life.whenDraining(() => told.push("late"))
    assert.deepEqual(told, ["first", "late"])
  }),
  conversation("connections and handlers that it would end are counted", policy("wait"), (c) => {
    c.sends(get())
    c.connects()
    assert.equal(c.world.life.lostByInterrupting(), "1 connection reset, 0 handlers interrupted")
    assert.equal(c.world.life.lostByEnding(), "2 connections reset, 1 handler left behind")
  }),
  conversation("the phases of a shutdown, and their limits", quiet, (c) => {
    const shown = (grace: number, deadline: number) =>
      phasesOf(c.world.life, grace, deadline).map(({ limit, time }) => `${time} ${limit}`)
    assert.deepEqual(shown(500, 20_000), [
      "500 idleConnectionGrace",
      "19500 gracefulShutdownTimeout",
      "20000 gracefulShutdownTimeout once more"
    ])
    assert.deepEqual(shown(0, 10), ["10 gracefulShutdownTimeout", "10 gracefulShutdownTimeout once more"])
    assert.deepEqual(shown(30, 10).slice(0, 2), ["10 idleConnectionGrace", "0 gracefulShutdownTimeout"])
    drain(c)
    for (const { begin } of phasesOf(c.world.life, 500, 20_000)) c.does(begin)
    c.expects("FIN", "RST", "closed")
  }),
  conversation("handshakes are aborted after the grace period", quiet, (c) => {
    let givenUp = 0
    c.world.life.handshakes = { count: 0, giveUp: () => givenUp++ }
    const plain = new ScriptedTransport({ say: c.world.say })
    assert.equal(c.world.life.admit(plain), "serve")
    drain(c)
    endIdle(c)
    assert.equal(givenUp, 1)
    c.does(() => c.world.life.handshakeDone(plain, plain, "serve"))
    c.expects("FIN", "RST")
  })
]

const orders: ReadonlyArray<Row> = [
  conversation("idle connections are closed, others are not", quiet, (c) => {
    c.connects()
    c.sends(get())
    c.expects("#1 GET /")
    c.does(() => c.world.life.closeIdleConnections())
    c.expects("FIN")
    c.passes(4_999)
    c.expects()
    c.passes(1)
    c.expects("abandon", "closed")
  }),
  conversation(
    "all connections are closed except those that left HTTP",
    { handlers: { "/up": (one) => one.takesOver() }, handle: later },
    (c) => {
      c.sends(get("/up", upgrade))
      c.connects()
      c.sends(get())
      c.expects("#1 GET /up", ...switched.slice(1), "#1 GET /")
      c.does(() => c.world.life.closeAllConnections())
      c.expects(`#1 lost, by the server: ${lost}`, "RST", "closed")
    }
  )
]

export const drains: ReadonlyArray<Table> = [
  { name: "a server that drains: requests", rows: requests },
  { name: "a server that drains: handlers", rows: policies },
  { name: "a server that drains: other protocols", rows: switches },
  { name: "a server that drains: the end", rows: endings },
  { name: "a server closes connections", rows: orders }
]
