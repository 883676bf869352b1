/**
 * Every deadline of a server connection: its expiry to the millisecond, the waits that do not count, and the
 * end of the connection.
 */
import { fault } from "../../../src/model/fault.js"
import { defaultDeadlines } from "../../../src/wire/index.js"
import { conversation, type Conversation } from "../../support/connection/conversation.js"
import type { Handler } from "../../support/connection/recordedExchange.js"
import type { Given } from "../../support/connection/serverWorld.js"
import type { Row, Table } from "../table.js"
import { chunk, chunkedHead, expecting, get, post } from "./requests.js"

const off = { headersTimeout: 0, requestTimeout: 0, timeout: 0, progressTimeout: 0, keepAliveTimeout: 0 }
/** Settings with only these limits, which are checked every 100 ms. */
const only = (timeouts: Given["timeouts"]) => ({
  timeouts: { ...off, connectionsCheckingInterval: 100, ...timeouts }
})
const later: Handler = () => {}
const quiet = { handle: later }

/** Expects that nothing happens before `ms`, and that these lines are recorded at `ms`. */
const passesAt = (c: Conversation, ms: number, ...lines: ReadonlyArray<string>): void => {
  c.passes(ms - 1)
  c.expects()
  c.passes(1)
  c.expects(...lines)
}

const late = (limit: string, received: number) => [
  "< 408 close",
  `#1 body fails: Late ${limit} 1000 (${received} received)`,
  `#1 lost, by the client: Late ${limit} 1000 (${received} received)`,
  "FIN"
]
const stalled = ["#1 lost, by the client: Stalled timeout 1000", "FIN"]
const head = post("/", "abcdef").slice(0, -6)

const requests: ReadonlyArray<Row> = [
  conversation("no first byte", only({ headersTimeout: 1_000 }), (c) =>
    passesAt(c, 1_000, "< 408 close", "FIN")
  ),
  conversation(
    "the limit of the first head counts from the opening of the connection",
    only({ headersTimeout: 1_000 }),
    (c) => {
      c.passes(900)
      c.sends("GET / HT")
      passesAt(c, 1_000, "< 408 close", "FIN")
    }
  ),
  conversation(
    "that of the next request counts from its first byte",
    only({ headersTimeout: 1_000 }),
    (c) => {
      c.sends(get())
      c.passes(10_000)
      c.expects("#1 GET /", '< 200 "ok"')
      c.sends("GET / HT")
      passesAt(c, 1_000, "< 408 close", "FIN")
    }
  ),
  conversation("a head in time", { ...only({ headersTimeout: 1_000 }), ...quiet }, (c) => {
    c.passes(900)
    c.sends(get())
    c.passes(10_000)
    c.expects("#1 GET /")
  }),
  conversation("a body", { ...only({ requestTimeout: 1_000 }), ...quiet }, (c) => {
    c.sends(head)
    c.expects("#1 POST /")
    passesAt(c, 1_000, ...late("requestTimeout", head.length))
  }),
  conversation("a body whose response has begun", { ...only({ requestTimeout: 1_000 }), ...quiet }, (c) => {
    c.sends(head)
    c.does(() => c.exchange.sendsHead("unknown"))
    c.expects("#1 POST /", "< 200")
    passesAt(c, 1_000, ...late("requestTimeout", head.length).slice(1))
  }),
  conversation("no limit for a complete request", { ...only({ requestTimeout: 1_000 }), ...quiet }, (c) => {
    c.sends(get())
    c.passes(10_000)
    c.expects("#1 GET /")
  })
]

const movement: ReadonlyArray<Row> = [
  conversation("no activity", { ...only({ timeout: 1_000 }), ...quiet }, (c) => {
    c.sends(get())
    c.expects("#1 GET /")
    passesAt(c, 1_100, ...stalled)
  }),
  conversation("output counts as activity", { ...only({ timeout: 1_000 }), ...quiet }, (c) => {
    c.sends(get())
    c.does(() => c.exchange.sendsHead("unknown"))
    for (let k = 0; k < 5; k++) {
      c.passes(900)
      c.does(() => c.exchange.writes("a"))
    }
    c.expects("#1 GET /", "< 200", ...Array<string>(5).fill('< "1\\r\\na\\r\\n"'))
    passesAt(c, 1_100, ...stalled)
  }),
  conversation(
    "buffered output does not count as activity",
    { ...only({ timeout: 1_000 }), ...quiet },
    (c) => {
      c.sends(get())
      c.does(() => c.exchange.sendsHead("unknown"))
      c.expects("#1 GET /", "< 200, full")
      passesAt(c, 1_100, stalled[0]!, "RST", "closed")
    },
    { room: 0 }
  ),
  conversation("a body that stops", { ...only({ progressTimeout: 1_000 }), ...quiet }, (c) => {
    c.sends(head)
    c.expects("#1 POST /")
    c.passes(1_000)
    c.expects()
    c.passes(100)
    c.expects(...late("progressTimeout", head.length))
  }),
  conversation(
    "a body below the minimum rate",
    { ...only({ progressTimeout: 1_000, progressBytes: 4 }), ...quiet },
    (c) => {
      c.sends(head)
      c.passes(600)
      c.sends("a")
      c.passes(500)
      c.expects("#1 POST /", ...late("progressTimeout", head.length + 1))
    }
  ),
  conversation(
    "a body above the minimum rate does not time out",
    { ...only({ progressTimeout: 1_000, progressBytes: 3 }), ...quiet },
    (c) => {
      c.sends(chunkedHead("/"))
      for (let k = 0; k < 5; k++) {
        c.passes(900)
        c.sends(chunk("abc"))
      }
      c.expects("#1 POST /")
    }
  ),
  conversation(
    "a body that waits for 100 does not time out",
    { ...only({ progressTimeout: 1_000 }), ...quiet },
    (c) => {
      c.sends(post("/", "abc", expecting).slice(0, -3))
      c.passes(10_000)
      c.expects("#1 POST /")
      c.does(() => c.exchange.reads())
      c.expects("< 100")
      c.passes(1_200)
      c.expects(...late("progressTimeout", 69))
    }
  ),
  conversation(
    "a response that the client does not read",
    { ...only({ progressTimeout: 1_000 }), ...quiet },
    (c) => {
      c.sends(get())
      c.does(() => c.exchange.sendsHead("unknown"))
      c.passes(1_100)
      c.expects(
        "#1 GET /",
        "< 200, full",
        "#1 lost, by the client: Stalled progressTimeout 1000",
        "RST",
        "closed"
      )
    },
    { room: 0 }
  ),
  conversation(
    "a response that the client reads slowly",
    { ...only({ progressTimeout: 1_000, progressBytes: 4 }), ...quiet },
    (c) => {
      c.sends(get())
      c.does(() => c.exchange.sendsHead("unknown"))
      for (let k = 0; k < 5; k++) {
        c.passes(900)
        c.does(() => c.transport.takes(5))
      }
      c.expects("#1 GET /", "< 200, full")
    },
    { room: 0 }
  )
]

const held: Given = { ...only({ progressTimeout: 1_000 }), ...quiet, settings: { highWaterMark: 4 } }
const heldBack = (c: Conversation): void => {
  c.sends(`${chunkedHead("/")}${chunk("abcdef")}`)
  c.expects("#1 POST /", "pause")
}
const resetLoss = [
  "#1 body fails: Failed ECONNRESET (body)",
  "#1 lost, by the client: Failed ECONNRESET (body)",
  "RST",
  "closed",
  "resume"
]

const backpressure: ReadonlyArray<Row> = [
  conversation("a client under backpressure is checked: it still sends", held, (c) => {
    heldBack(c)
    c.passes(1_100)
    c.expects("resume")
    c.does(() => c.transport.sends(chunk("x".repeat(60_000))))
    c.expects("pause")
  }),
  conversation("a client under backpressure is checked: it has sent FIN", held, (c) => {
    heldBack(c)
    c.passes(1_100)
    c.expects("resume")
    c.ends()
    const loss = "HangUp (the client closed the connection; 6 received)"
    c.expects(`#1 body fails: ${loss}`, `#1 lost, by the client: ${loss}`, "FIN", "closed")
  }),
  conversation("a client under backpressure is checked: it has reset the connection", held, (c) => {
    heldBack(c)
    c.does(() => c.transport.fails(fault("ECONNRESET", "read")))
    c.expects()
    c.passes(1_100)
    c.expects(...resetLoss)
  }),
  conversation("a client under backpressure continues once its body is read", held, (c) => {
    heldBack(c)
    c.does(() => c.exchange.reads())
    c.expects("resume", '#1 reads "abcdef"')
  })
]

const served = ["#1 GET /", '< 200 "ok"']

const idle: ReadonlyArray<Row> = [
  conversation("the announced idle timeout, and a second", only({ keepAliveTimeout: 1_000 }), (c) => {
    c.sends(get())
    c.expects("#1 GET /", '< 200 "ok"')
    passesAt(c, 2_000, "FIN")
    passesAt(c, 5_000, "abandon", "closed")
  }),
  conversation("no idle timeout before the first request", only({ keepAliveTimeout: 1_000 }), (c) => {
    c.passes(100_000)
    c.expects()
  }),
  conversation(
    "no idle timeout after empty lines before it",
    only({ keepAliveTimeout: 1_000, headersTimeout: 10_000 }),
    (c) => {
      c.sends("\r\n")
      passesAt(c, 10_000, "< 408 close", "FIN")
    }
  ),
  conversation(
    "empty lines do not end idleness, the first byte of a request does",
    only({ keepAliveTimeout: 1_000 }),
    (c) => {
      c.sends(get())
      c.passes(1_900)
      c.sends("\r\n")
      c.passes(99)
      c.sends("G")
      c.passes(100_000)
      c.expects("#1 GET /", '< 200 "ok"')
    }
  ),
  conversation(
    "the last connection of the idle list can leave it",
    only({ keepAliveTimeout: 1_000 }),
    (c) => {
      c.sends(get())
      const { transport } = c
      c.connects()
      c.sends(get())
      c.ends()
      c.connects()
      c.sends(get())
      c.expects(...served, ...served, "FIN", "closed", ...served)
      c.passes(2_000)
      c.expects("FIN", "FIN")
      c.does(() => transport.ends())
      c.expects("closed")
    }
  ),
  conversation("each connection expires at its own time", only({ keepAliveTimeout: 1_000 }), (c) => {
    c.sends(get())
    c.passes(500)
    c.connects()
    c.sends(get())
    c.expects("#1 GET /", '< 200 "ok"', "#1 GET /", '< 200 "ok"')
    passesAt(c, 1_500, "FIN")
    passesAt(c, 500, "FIN")
  })
]

const own: ReadonlyArray<Row> = [
  conversation("deadlines of one exchange: earlier than the server's", { ...only({}), ...quiet }, (c) => {
    c.sends(head)
    c.does(() =>
      c.exchange.connection.setDeadlines(c.exchange, { ...defaultDeadlines, ...off, requestTimeout: 1_000 })
    )
    c.expects("#1 POST /")
    passesAt(c, 1_000, ...late("requestTimeout", head.length))
  }),
  conversation("deadlines of one exchange: none", { ...only({ requestTimeout: 1_000 }), ...quiet }, (c) => {
    c.sends(head)
    c.does(() => c.exchange.connection.setDeadlines(c.exchange, { ...defaultDeadlines, ...off }))
    c.passes(100_000)
    c.expects("#1 POST /")
  }),
  conversation(
    "deadlines of one exchange do not apply to the next",
    { ...only({ requestTimeout: 1_000 }), ...quiet },
    (c) => {
      c.sends(head)
      c.does(() => c.exchange.connection.setDeadlines(c.exchange, { ...defaultDeadlines, ...off }))
      c.sends("abcdef")
      c.does(() => c.exchange.responds())
      c.sends(head)
      c.expects("#1 POST /", "#1 body ends", "< 200", "#2 POST /")
      passesAt(
        c,
        1_000,
        ...late("requestTimeout", 2 * head.length + 6).map((line) => line.replace("#1", "#2"))
      )
    }
  )
]

export const deadlines: ReadonlyArray<Table> = [
  { name: "headersTimeout and requestTimeout", rows: requests },
  { name: "timeout and progressTimeout", rows: movement },
  { name: "progressTimeout and backpressure", rows: backpressure },
  { name: "the time of an idle connection", rows: idle },
  { name: "deadlines of one exchange", rows: own }
]
