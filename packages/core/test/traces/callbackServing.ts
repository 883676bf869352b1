/** Conversations of a callback server with a scripted client. */
import * as Effect from "effect/Effect"
import { Timers } from "@httpfx/core"
import * as bridge from "@httpfx/node/bridge"
import { once } from "node:events"
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { connected } from "./peer.js"
import { address, block, type MakeServed } from "./serving.js"
import type { Trace } from "./trace.js"
import { watch } from "./watched.js"
import { conversation, onTapped } from "./world.js"

type Later = (millis: number, f: () => void) => void

const streaming = (res: ServerResponse, pieces: ReadonlyArray<string>, later: Later): void => {
  const [piece, ...rest] = pieces
  if (res.destroyed) return
  if (piece === undefined) return void res.end()
  later(100, () => {
    res.write(piece)
    streaming(res, rest, later)
  })
}

const endless = (res: ServerResponse): void => {
  while (!res.destroyed && res.write(block));
  res.once("drain", () => endless(res))
}

/** The handlers by path. They behave like the handlers of the Effect server in serving.ts. */
const answer = (req: IncomingMessage, res: ServerResponse, later: Later): void => {
  const plain = () =>
    void res.writeHead(200, { "content-type": "text/plain", "content-length": 5 }).end("plain")
  switch (req.url) {
    case "/never":
      return
    case "/slow":
      return later(1_000, plain)
    case "/stream":
      return streaming(res, ["one", "two", "three"], later)
    case "/endless":
      return endless(res)
    case "/flood":
      for (let count = 0; count < 400; count++) {
        res.writeEarlyHints({ link: "</a.css>; rel=preload; as=style", "x-long": "x".repeat(1_000) })
      }
      return plain()
    case "/unread":
      return plain()
    case "/cut":
      res.write(block.subarray(0, 10))
      res.destroy(new Error("no more"))
      return
    case "/hints":
      res.writeEarlyHints({ link: "</a.css>; rel=preload; as=style" })
      return plain()
    case "/last":
      res.setHeader("connection", "close")
      return plain()
    default:
      req.on("data", () => {})
      req.on("end", () => {
        if (req.url !== "/trailers") return plain()
        res.addTrailers({ "x-sum": "1" })
        res.end("plain")
      })
  }
}

const listener = (trace: Trace, later: Later) => {
  let count = 0
  return (req: IncomingMessage, res: ServerResponse): void => {
    const n = ++count
    watch(trace, `req ${n}`, req)
    watch(trace, `res ${n}`, res)
    trace.say(`req ${n} ${req.method} ${req.url}`)
    answer(req, res, later)
  }
}

/** Responds with 101 to an upgrade or with 200 to CONNECT, and echoes. */
const takeOver = (req: IncomingMessage, socket: Duplex, head: Buffer): void => {
  const connect = req.method === "CONNECT"
  socket.write(
    connect
      ? "HTTP/1.1 200 Connected\r\n\r\n"
      : "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
  )
  socket.write(head)
  socket.on("data", (piece: Buffer) => socket.write(piece))
  socket.on("end", () => socket.end())
  socket.on("error", () => {})
}

const opened = (trace: Trace, server: Server) => {
  let count = 0
  watch(trace, "server", server)
  server.on("connection", (socket) => watch(trace, `socket ${++count}`, socket))
  server.on("upgrade", takeOver)
  server.on("connect", takeOver)
}

/** Makes a conversation with a callback server, as `served` in serving.ts does with an Effect server. */
export const callbackServed: MakeServed = (name, talk, { callback = {} } = {}) =>
  conversation(name, (trace) =>
    Effect.gen(function* () {
      const timers = yield* Timers.timers
      const later: Later = (millis, f) => void timers.at(timers.now() + millis, f)
      const http = yield* onTapped(trace)(bridge.makeHttp)
      const { connectionsCheckingInterval } = callback as { connectionsCheckingInterval?: number }
      const server = http.createServer(
        connectionsCheckingInterval === undefined ? {} : { connectionsCheckingInterval },
        listener(trace, later)
      )
      Object.assign(server, callback)
      yield* Effect.promise(() => once(server.listen(80, "127.0.0.1"), "listening"))
      opened(trace, server)
      const peer = yield* connected(trace, address)
      yield* talk(peer, {
        shutdown: Effect.sync(() => void server.close()),
        closeAllConnections: Effect.sync(() => server.closeAllConnections())
      })
      yield* Effect.sleep("1 hour")
      const open = yield* Effect.async<number>((resume) => {
        server.getConnections((_, count) => resume(Effect.succeed(count)))
      })
      if (open === 0) trace.stop()
    })
  )
