/** The phases in which a connection is lost. */
import { chunk, chunkedHead, close, expecting, get, upgrade } from "../requests.js"
import type { Given } from "../../../support/connection/serverWorld.js"
import type { Handler } from "../../../support/connection/recordedExchange.js"

const begun = (path: string, body = "abc"): string => chunkedHead(path) + chunk(body)

export interface Phase {
  /** The bytes that the client sends before the loss. */
  readonly sent: string
  /** Malformed bytes for this phase. Default: NUL. */
  readonly malformed?: string
  readonly settings?: Given["settings"]
  /** Number of bytes that the transport accepts before backpressure. Default: no backpressure. */
  readonly room?: number
  /** Whether the owner is asked to respond to a refused request. In this phase it never responds. */
  readonly refusing?: true
}

/** The handlers for the paths of the phases. */
export const handlers: Readonly<Record<string, Handler>> = {
  "/read": (exchange) => exchange.reads(() => exchange.responds("ok")),
  "/never": () => {},
  "/unread": (exchange) => exchange.responds("ok"),
  "/length": (exchange) => {
    exchange.sendsHead(10)
    exchange.writes("abc")
  },
  "/stream": (exchange) => {
    exchange.sendsHead("unknown")
    exchange.writes("abc")
  },
  "/flood": (exchange) => {
    exchange.sendsHead("unknown")
    exchange.floods("x".repeat(50))
  },
  "/upgrade": (exchange) => exchange.takesOver(),
  "/socket": (exchange) => exchange.opensWebSocket()
}

const bad = "z\r\n"

export const phases: Readonly<Record<string, Phase>> = {
  "nothing has come": { sent: "" },
  "within a head": { sent: "GET / HT" },
  "within a body that is read": { sent: begun("/read"), malformed: bad },
  "within a body that is not read": { sent: begun("/never"), malformed: bad },
  "within a body that is held back": {
    sent: begun("/never", "0123456789"),
    malformed: bad,
    settings: { highWaterMark: 4 }
  },
  "while 100 is awaited": {
    sent: chunkedHead("/never", expecting),
    malformed: bad
  },
  "before a response": { sent: get("/never") },
  "before a response, with a second request waiting": { sent: get("/never") + get("/") },
  "within a response with a length": { sent: get("/length") },
  "within a chunked response": { sent: get("/stream") },
  "within a response until the close": { sent: get("/stream", "", "1.0") },
  "within a response that waits for the client": { sent: get("/flood"), room: 120 },
  "within a response and a body": { sent: begun("/stream"), malformed: bad },
  "after a response, within its request's body": { sent: begun("/unread"), malformed: bad },
  "between requests": { sent: get("/") },
  "after an upgrade": { sent: get("/upgrade", upgrade) },
  "with an open WebSocket": { sent: get("/socket", upgrade.replace("echo", "websocket")) },
  "while a rejected request is answered": { sent: "\0", refusing: true },
  "after the last response": { sent: get("/", close) },
  "after the last response, of which some waits": { sent: get("/", close), room: 20 }
}
