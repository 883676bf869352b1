/** The conversations with an Effect server or a callback server. */
import * as Effect from "effect/Effect"
import { get, last, post } from "../support/served.js"
import { readVectors } from "../wire/receive/vectors/document.js"
import { served, type MakeServed, type Serving, type Talk } from "./serving.js"
import type { Conversation } from "./world.js"

export const requestVectors = (file: string) =>
  readVectors().filter(
    (one) => one.file === file && one.role === "request" && Object.keys(one.limits).length === 0
  )

const bytesOf = ({ bytes }: { bytes: Buffer }) => bytes.toString("latin1")

/** Conversations in which the client sends a vector, waits a second, and then sends FIN. */
export const vectors = (served: MakeServed, file: string): ReadonlyArray<Conversation> =>
  requestVectors(file).map((vector) =>
    served(vector.title, (peer) =>
      peer.send(bytesOf(vector)).pipe(Effect.zipRight(Effect.sleep("1 second")), Effect.zipRight(peer.end))
    )
  )

const upgrade = get("/upgrade", "Connection: Upgrade\r\nUpgrade: echo\r\n")
const expecting = "POST /read HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
const chunked = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n`

/** The moments of a loss, each with the bytes that the client sends before. */
const moments: Readonly<Record<string, string>> = {
  "before a request": "",
  "within a head": "GET / HT",
  "within a body that is read": post("/read", "abcdef").slice(0, -3),
  "within a chunked body that is read": chunked("/read"),
  "within a body that is read without interruption": post("/hold", "abcdef").slice(0, -3),
  "within a body that is not read": chunked("/never"),
  "while a handler works": get("/never"),
  "while a handler works that cannot be interrupted": get("/slow"),
  "within a streamed response": get("/stream"),
  "within a response that is not taken": get("/endless"),
  "while a handler waits to write without interruption": get("/flood"),
  "between requests": get("/"),
  "while a second request waits": get("/never") + get("/second"),
  "while 100 is awaited": expecting,
  "after an upgrade": `${upgrade}hello`
}

type Loss = Serving & { readonly act: Talk }

const second = 1_000
const losses: Readonly<Record<string, Loss>> = {
  "the client ends": { act: (peer) => peer.end },
  "the client ends, and is answered all the same": {
    act: (peer) => peer.end,
    options: { allowHalfOpen: true },
    callback: { httpAllowHalfOpen: true }
  },
  "the client resets": { act: (peer) => peer.reset },
  "the client is silent": {
    act: () => Effect.void,
    timeouts: {
      headersTimeout: 10 * second,
      requestTimeout: 20 * second,
      progressTimeout: 15 * second,
      timeout: 60 * second
    },
    callback: {
      headersTimeout: 10 * second,
      requestTimeout: 20 * second,
      connectionsCheckingInterval: 10 * second,
      timeout: 60 * second
    }
  },
  "the server shuts down": {
    act: (_, server) => server.shutdown,
    options: { gracefulShutdownTimeout: 3 * second }
  },
  "the server closes all": { act: (_, server) => server.closeAllConnections }
}

/** Requests whose clients do not read the response. */
const unread = /endless|flood/

export const serverLosses = (served: MakeServed, loss: string): ReadonlyArray<Conversation> =>
  Object.entries(moments).map(([moment, text]) => {
    const { act, ...serving } = losses[loss]!
    return served(
      moment,
      (peer, server) =>
        Effect.gen(function* () {
          if (unread.test(text)) peer.transport.pause()
          yield* peer.send(text)
          yield* Effect.sleep(150)
          yield* act(peer, server)
          if (unread.test(text)) {
            yield* Effect.sleep("30 minutes")
            yield* peer.reset
          }
        }),
      serving
    )
  })

export const lossNames = Object.keys(losses)

/** Conversations that end with a response or a refusal. */
export const ordinary = (served: MakeServed): ReadonlyArray<Conversation> => [
  served("two requests, one after the other", (peer) =>
    peer.send(get("/1")).pipe(Effect.zipRight(Effect.sleep(100)), Effect.zipRight(peer.send(last("/2"))))
  ),
  served("several requests at once", (peer) =>
    peer.send(
      `${chunked("/trailers")}0\r\nX-Sum: 7\r\n\r\n${get("/1")}${post("/unread", "abcde")}${get("/stream")}${expecting}xyz${last("/2")}`
    )
  ),
  served("the last bytes one by one", (peer) => {
    const text = post("/read", "ab")
    return Effect.forEach([text.slice(0, -9), ...text.slice(-9)], peer.send)
  }),
  served("a body that nobody reads, too long to be thrown away", (peer) =>
    peer.send("POST /unread HTTP/1.1\r\nHost: t\r\nContent-Length: 10000000\r\n\r\nabc")
  ),
  served("an expectation that is met", (peer) =>
    peer.send(expecting).pipe(Effect.zipRight(Effect.sleep(100)), Effect.zipRight(peer.send("xyz")))
  ),
  served("an unknown expectation", (peer) => peer.send(get("/", "Expect: the-best\r\n"))),
  served("early hints", (peer) => peer.send(get("/hints"))),
  served("a response that fails", (peer) => peer.send(get("/cut"))),
  served("a response that says that it is the last", (peer) => peer.send(get("/last") + get("/1"))),
  served("HEAD", (peer) => peer.send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n")),
  served("HTTP/1.0", (peer) => peer.send("GET / HTTP/1.0\r\n\r\n")),
  served("HTTP/1.0 with keep-alive, and a response without a length", (peer) =>
    peer.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
  ),
  served(
    "as many requests as a connection may have",
    (peer) => peer.send(get("/1") + get("/2") + get("/3")),
    {
      options: { maxRequestsPerSocket: 2 },
      callback: { maxRequestsPerSocket: 2 }
    }
  ),
  served("an upgrade, and bytes behind it", (peer) =>
    peer
      .send(`${upgrade}hello`)
      .pipe(
        Effect.zipRight(Effect.sleep(100)),
        Effect.zipRight(peer.send("more")),
        Effect.zipRight(Effect.sleep(100)),
        Effect.zipRight(peer.end)
      )
  ),
  served("a tunnel", (peer) =>
    peer
      .send("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\nthrough")
      .pipe(Effect.zipRight(Effect.sleep(100)), Effect.zipRight(peer.end))
  ),
  served("a reader that stops, and goes on", (peer) =>
    Effect.gen(function* () {
      peer.transport.pause()
      yield* peer.send(get("/endless"))
      yield* Effect.sleep("1 second")
      peer.transport.resume()
      yield* Effect.sleep(15)
      yield* peer.reset
    })
  ),
  served("a head that comes too late is refused although its first part came in time", (peer) =>
    peer
      .send("GET / HTTP/1.1\r\n")
      .pipe(Effect.zipRight(Effect.sleep("2 minutes")), Effect.zipRight(peer.send("Host: t\r\n\r\n")))
  )
]

/**
 * Conversations for the Effect server only. The callback API lacks the option, or the behaviour depends on
 * the process or on the streams of the Node.js version.
 */
export const effectOnly: ReadonlyArray<Conversation> = [
  served("a body that nobody reads, of moderate size", (peer) =>
    peer.send(post("/unread", "x".repeat(20_000)))
  ),
  served("a body larger than the limit", (peer) => peer.send(post("/read", "x".repeat(30))), {
    options: { maxBodySize: 20 }
  }),
  served(
    "a chunked body larger than the limit",
    (peer) => peer.send(`${chunked("/read")}f\r\n0123456789abcde\r\n`),
    {
      options: { maxBodySize: 10 }
    }
  ),
  served("a defect", (peer) => peer.send(get("/defect")))
]

/** Conversations in which the client leaves after each of these numbers of request bytes. */
export const serverOffsets = (served: MakeServed, leave: "end" | "reset"): ReadonlyArray<Conversation> => {
  const text = `${chunked("/read")}3\r\nefg\r\n0\r\nX-Sum: 7\r\n\r\n${get("/stream")}${last("/plain")}`
  return Array.from({ length: Math.ceil(text.length / 12) }, (_, index) => index * 12 + 1).map((offset) =>
    served(`after ${offset} bytes`, (peer) =>
      peer.send(text.slice(0, offset)).pipe(Effect.zipRight(Effect.sleep(150)), Effect.zipRight(peer[leave]))
    )
  )
}
