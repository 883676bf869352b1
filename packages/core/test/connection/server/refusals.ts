/**
 * Requests that a server connection refuses: the status, the code, the calls to handler and owner, and the
 * end of the connection.
 */
import type { Rejecting } from "../../../src/connection/server/ports.js"
import { makeLimits, type Limits, type RefusalCode } from "../../../src/wire/index.js"
import type { Handler } from "../../support/connection/recordedExchange.js"
import type { Given } from "../../support/connection/serverWorld.js"
import { conversation, type Conversation } from "../../support/connection/conversation.js"
import type { Row, Table } from "../table.js"
import { chunk, chunkedHead, close, get } from "./requests.js"

const begin: Handler = (exchange) => {
  exchange.sendsHead("unknown", {}, "a")
}

const writeMuch = (rejecting: Rejecting): void => {
  rejecting.write("<much>")
  rejecting.whenDrained(() => {
    rejecting.write("<rest>")
    rejecting.over()
  })
}

interface Refused {
  readonly sent: string
  readonly status: number
  readonly code: RefusalCode
  readonly limits?: Partial<Limits>
  /** Whether the client sends FIN after its bytes. */
  readonly ends?: true
  /** Number of body bytes received before the refusal. If set, the exchange had begun, and is lost. */
  readonly received?: number
}

const small = { maxHeaderSize: 64 }

const refused: Readonly<Record<string, Refused>> = {
  "no method": { sent: "\0", status: 400, code: "HPE_INVALID_METHOD" },
  TLS: { sent: "\x16\x03\x01\x02\0", status: 400, code: "HPE_INVALID_METHOD" },
  "no target": { sent: "GET  HTTP/1.1\r\n\r\n", status: 400, code: "HPE_INVALID_URL" },
  "HTTP/2": { sent: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 505, code: "HPE_INVALID_VERSION" },
  "another version": { sent: get("/", "", "3.0"), status: 505, code: "HPE_INVALID_VERSION" },
  "no Host": { sent: "GET / HTTP/1.1\r\n\r\n", status: 400, code: "HPE_INVALID_HEADER_TOKEN" },
  "two Hosts": { sent: get("/", "Host: u\r\n"), status: 400, code: "HPE_INVALID_HEADER_TOKEN" },
  "a field without a name": { sent: get("/", ": x\r\n"), status: 400, code: "HPE_INVALID_HEADER_TOKEN" },
  "an invalid length": {
    sent: "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n",
    status: 400,
    code: "HPE_INVALID_CONTENT_LENGTH"
  },
  "a length and chunks": {
    sent: chunkedHead("/", "Content-Length: 3\r\n"),
    status: 400,
    code: "HPE_INVALID_CONTENT_LENGTH"
  },
  "an unknown coding": {
    sent: "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: br\r\n\r\n",
    status: 501,
    code: "HPE_INVALID_TRANSFER_ENCODING"
  },
  "a target that is too long": {
    sent: get(`/${"x".repeat(80)}`),
    limits: small,
    status: 414,
    code: "HPE_HEADER_OVERFLOW"
  },
  "a head that is too long": {
    sent: get("/", `X: ${"x".repeat(80)}\r\n`),
    limits: small,
    status: 431,
    code: "HPE_HEADER_OVERFLOW"
  },
  "too many fields": {
    sent: get("/", "A: 1\r\nB: 2\r\n"),
    limits: { maxHeaderCount: 2 },
    status: 431,
    code: "HPE_HEADER_OVERFLOW"
  },
  "an end within a head": { sent: "GET / HT", ends: true, status: 400, code: "HPE_INVALID_EOF_STATE" },
  "a chunk without a size": {
    sent: `${chunkedHead("/")}z\r\n`,
    status: 400,
    code: "HPE_INVALID_CHUNK_SIZE",
    received: 0
  },
  "a chunk that is longer than its size": {
    sent: `${chunkedHead("/")}1\r\nabc`,
    status: 400,
    code: "HPE_STRICT",
    received: 1
  },
  "a chunk extension that is too long": {
    sent: `${chunkedHead("/")}3;${"x".repeat(40)}\r\n`,
    limits: { maxChunkExtensionsSize: 8 },
    status: 413,
    code: "HPE_CHUNK_EXTENSIONS_OVERFLOW",
    received: 0
  },
  "trailers that are too long": {
    sent: `${chunkedHead("/")}${chunk("abc")}0\r\nX: ${"x".repeat(40)}\r\n\r\n`,
    limits: { maxTrailerSize: 16 },
    status: 431,
    code: "HPE_HEADER_OVERFLOW",
    received: 3
  }
}

const byDefault = ([name, one]: [string, Refused]): Row =>
  conversation(`${name}: ${one.status} ${one.code}`, givenOf(one), (c) => {
    refuse(c, one)
    c.expectsLike(
      ...(one.received === undefined ? [] : [/^#1 POST \//]),
      new RegExp(`^< ${one.status} close$`),
      ...lossOf(one),
      /^FIN$/,
      ...(one.ends === true ? [/^closed$/] : [])
    )
  })

const byOwner = ([name, one]: [string, Refused]): Row =>
  conversation(
    `${name}: the owner is asked`,
    { ...givenOf(one), answer: (r) => r.answerByDefault() },
    (c) => {
      refuse(c, one)
      c.expectsLike(
        ...(one.received === undefined ? [] : [/^#1 POST \//]),
        ...lossOf(one),
        new RegExp(`^owner answers: Refused ${one.code} @\\d+, ${one.status}$`),
        new RegExp(`^< ${one.status} close$`),
        /^FIN$/,
        ...(one.ends === true ? [/^closed$/, /^owner's answer is cancelled$/] : [])
      )
    }
  )

const givenOf = ({ limits }: Refused): Given => ({
  settings: { limits: makeLimits(limits) },
  handle: () => {}
})

const refuse = (c: Conversation, { ends, sent }: Refused): void => {
  c.sends(sent)
  if (ends === true) c.ends()
}

// A refused head loses no exchange. A refused body loses an exchange whose handler has not started, because
// all bytes came in one chunk.
const lossOf = ({ code, received }: Refused): ReadonlyArray<RegExp> =>
  received === undefined
    ? []
    : [
        new RegExp(`^#1 body fails: Refused ${code} @`),
        new RegExp(`^#1 lost, by the client: Refused ${code} @`)
      ]

const others: ReadonlyArray<Row> = [
  conversation("a request before the malformed one is served", {}, (c) => {
    c.sends(`${get()}\0`)
    c.expects("#1 GET /", '< 200 "ok"', "< 400 close", "FIN")
  }),
  conversation("the refusal waits for the response before it", { handle: () => {} }, (c) => {
    c.sends(`${get()}\0`)
    c.expects("#1 GET /")
    c.does(() => c.exchange.responds("late"))
    c.expects('< 200 "late"', "< 400 close", "FIN")
  }),
  conversation("malformed bytes after the last request", {}, (c) => {
    c.sends(`${get("/", close)}\0`)
    c.expects("#1 GET /", '< 200 close "ok"', "FIN")
  }),
  conversation("no refusal is written into a response", { handle: begin }, (c) => {
    c.sends(chunkedHead("/"))
    c.expects("#1 POST /", '< 200 "1\\r\\na\\r\\n"')
    c.sends("z\r\n")
    c.expects(
      "#1 body fails: Refused HPE_INVALID_CHUNK_SIZE @56",
      "#1 lost, by the client: Refused HPE_INVALID_CHUNK_SIZE @56",
      "FIN"
    )
  }),
  conversation(
    "a response framed by the end of the connection is reset",
    { handle: (exchange) => exchange.sendsHead("unknown", { headers: ["Transfer-Encoding", "gzip"] }, "a") },
    (c) => {
      c.sends(chunkedHead("/"), "z\r\n")
      c.expects(
        "#1 POST /",
        '< 200 close "a"',
        "#1 body fails: Refused HPE_INVALID_CHUNK_SIZE @56",
        "#1 lost, by the client: Refused HPE_INVALID_CHUNK_SIZE @56",
        "RST",
        "closed"
      )
    }
  )
]

const asking = (answer: (rejecting: Rejecting) => void) => ({ answer })

const answers: ReadonlyArray<Row> = [
  conversation(
    "the owner writes its own response",
    asking((r) => (r.write("HTTP/1.1 400 Mine\r\n\r\n"), r.over())),
    (c) => {
      c.sends("\0")
      c.expects("owner answers: Refused HPE_INVALID_METHOD @0, 400", "< 400", "FIN")
    }
  ),
  conversation(
    "the owner writes more than the client reads",
    asking(writeMuch),
    (c) => {
      c.sends("\0")
      c.expects("owner answers: Refused HPE_INVALID_METHOD @0, 400", '< "<much>", full')
      c.does(() => c.transport.takes())
      c.expects('< "<rest>"', "FIN")
    },
    { room: 3 }
  ),
  conversation(
    "the owner takes the connection",
    asking((r) => void r.giveAway()!.write("mine")),
    (c) => {
      c.sends("\0")
      c.expects("owner answers: Refused HPE_INVALID_METHOD @0, 400", "pause", '< "mine"')
    }
  ),
  conversation(
    "the owner takes the connection, and hands it back",
    asking((r) => (r.giveAway(), r.over())),
    (c) => {
      c.sends("\0")
      c.expects("owner answers: Refused HPE_INVALID_METHOD @0, 400", "pause", "FIN", "resume")
    }
  ),
  conversation(
    "the owner does not respond in time",
    asking(() => {}),
    (c) => {
      c.sends("\0")
      c.passes(4_999)
      c.expects("owner answers: Refused HPE_INVALID_METHOD @0, 400")
      c.passes(1)
      c.expects("RST", "closed", "owner's answer is cancelled")
    }
  ),
  conversation(
    "the client sends more than is discarded",
    asking(() => {}),
    (c) => {
      c.sends("\0", "x".repeat(262_144))
      c.expects("owner answers: Refused HPE_INVALID_METHOD @0, 400")
      c.sends("x")
      c.expects("RST", "closed", "owner's answer is cancelled")
    }
  ),
  conversation(
    "the client leaves before the response",
    asking(() => {}),
    (c) => {
      c.sends("\0")
      c.resets()
      c.expects(
        "owner answers: Refused HPE_INVALID_METHOD @0, 400",
        "owner is told: Failed ECONNRESET (idle)",
        "closed",
        "owner's answer is cancelled"
      )
    }
  ),
  conversation(
    "a second response, and a late one",
    asking((r) => (r.answerByDefault(), r.answerByDefault(), r.over())),
    (c) => {
      c.sends("\0")
      c.expects("owner answers: Refused HPE_INVALID_METHOD @0, 400", "< 400 close", "FIN")
    }
  ),
  conversation(
    "errors without a possible response are reported",
    { ...asking(() => {}), handle: begin },
    (c) => {
      c.sends(chunkedHead("/"), "z\r\n")
      c.expects(
        "#1 POST /",
        '< 200 "1\\r\\na\\r\\n"',
        "#1 body fails: Refused HPE_INVALID_CHUNK_SIZE @56",
        "#1 lost, by the client: Refused HPE_INVALID_CHUNK_SIZE @56",
        "owner is told: Refused HPE_INVALID_CHUNK_SIZE @56",
        "FIN"
      )
    }
  )
]

export const refusals: ReadonlyArray<Table> = [
  { name: "a server's connection refuses", rows: Object.entries(refused).map(byDefault) },
  { name: "a server's connection asks its owner to refuse", rows: Object.entries(refused).map(byOwner) },
  { name: "a refusal of a server's connection", rows: others },
  { name: "the owner's answer to a refused request", rows: answers }
]
