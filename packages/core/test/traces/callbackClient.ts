/** Conversations of a callback client with a scripted server. */
import * as Effect from "effect/Effect"
import { Timers } from "@httpfx/core"
import * as bridge from "@httpfx/node/bridge"
import type { Agent, AgentOptions, ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import { ok } from "../support/withClient.js"
import { answeredByHand, type Answer } from "./asking.js"
import { answering, chunked, end, head, reset, silent } from "./clientGroups.js"
import { failure, type Trace } from "./trace.js"
import { watch } from "./watched.js"
import { conversation, onTapped, type Conversation } from "./world.js"

interface Asker {
  /** Sends a request and reads its response. Completes when the request has emitted `close`. */
  readonly ask: (options?: RequestOptions, body?: string) => Effect.Effect<void>
  /** Sends a request as `ask` does, and calls `act` with the request immediately. */
  readonly asking: (options: RequestOptions, act: (req: ClientRequest) => void) => Effect.Effect<void>
  readonly later: (millis: number, f: () => void) => void
  readonly agent: Agent
}

type Http = Effect.Effect.Success<typeof bridge.makeHttp>

const asker = (trace: Trace, http: Http, timers: Timers.Timers, options: AgentOptions): Asker => {
  const agent = new http.Agent({ keepAlive: true, ...options })
  let requests = 0
  let sockets = 0
  const responded = (n: number) => (res: IncomingMessage) => {
    watch(trace, `res ${n}`, res)
    trace.say(`res ${n} ${res.statusCode} ${res.statusMessage}`)
    res.on("data", () => {})
    res.on("end", () => {
      if (res.rawTrailers.length > 0) trace.say(`res ${n} trailers ${res.rawTrailers.join(", ")}`)
    })
    res.on("error", () => {})
  }
  const asking: Asker["asking"] = (options, act) =>
    Effect.async((resume) => {
      const n = ++requests
      const req = http.request({ host: "api.test", path: "/it", agent, ...options })
      watch(trace, `req ${n}`, req)
      req.on("socket", (socket) => watch(trace, `socket ${++sockets}`, socket))
      req.on("response", responded(n))
      req.on("error", () => {})
      req.on("upgrade", (res: IncomingMessage, socket) => {
        trace.say(`req ${n} has the socket, ${res.statusCode}`)
        socket.on("data", () => {})
        socket.on("error", () => {})
        socket.on("end", () => socket.end())
        socket.write("hello")
      })
      req.on("close", () => {
        trace.say(`req ${n} reused=${req.reusedSocket}`)
        resume(Effect.void)
      })
      try {
        act(req)
      } catch (error) {
        trace.say(`throws ${failure(error)}`)
      }
    })
  return {
    agent,
    asking,
    ask: (options = {}, body) => asking(options, (req) => req.end(body)),
    later: (millis, f) => void timers.at(timers.now() + millis, f)
  }
}

const asked = (
  name: string,
  talk: (asker: Asker) => Effect.Effect<unknown>,
  answer: Answer,
  options: AgentOptions = {}
): Conversation =>
  conversation(name, (trace) =>
    Effect.gen(function* () {
      yield* answeredByHand(trace, answer)
      const http = yield* onTapped(trace)(bridge.makeHttp)
      const it = asker(trace, http, yield* Timers.timers, options)
      yield* talk(it)
      yield* Effect.sleep("1 hour")
      const { freeSockets, requests, sockets } = it.agent
      const count = (lists: NodeJS.ReadOnlyDict<ReadonlyArray<unknown>>) => Object.values(lists).flat().length
      const left = [sockets, freeSockets, requests].map(count)
      if (left.every((number) => number === 0)) trace.stop()
      trace.say(`agent sockets=${left[0]} free=${left[1]} requests=${left[2]}`)
      it.agent.destroy()
    })
  )

const once = ({ ask }: Asker) => ask()
const then = (...steps: ReadonlyArray<Effect.Effect<unknown>>) => Effect.all(steps, { discard: true })
const post = { method: "POST" }

export const ordinary: ReadonlyArray<Conversation> = [
  asked(
    "two requests, one after the other",
    ({ ask }) => then(ask(), Effect.sleep(100), ask(post, "abc")),
    answering(ok("x"))
  ),
  asked(
    "two requests at once, on one connection",
    ({ ask }) => Effect.all([ask(), ask()], { concurrency: 2 }),
    answering(50, ok("x")),
    { maxSockets: 1 }
  ),
  asked("a response until the end", once, answering("HTTP/1.1 200 OK\r\n\r\nfirst", 50, "second", 50, end)),
  asked(
    "a response that says that it is the last",
    ({ ask }) => then(ask(), ask()),
    answering(ok("x", "Connection: close\r\n"))
  ),
  asked(
    "a response with a hint how long the connection is kept",
    ({ ask }) => then(ask(), Effect.sleep(1_500), ask()),
    answering(ok("x", "Keep-Alive: timeout=2\r\n"))
  ),
  asked(
    "an idle connection that the server ends",
    ({ ask }) => then(ask(), Effect.sleep(500), ask()),
    answering(ok("x"), 100, end)
  ),
  asked(
    "an idle connection that the server resets",
    ({ ask }) => then(ask(), Effect.sleep(500), ask()),
    answering(ok("x"), 100, reset)
  ),
  asked(
    "a reused connection that is reset by the request",
    ({ ask }) => then(ask(), Effect.sleep(500), ask()),
    (peer, count) => (count === 1 ? peer.send(ok("x")) : count === 2 ? peer.reset : Effect.void)
  ),
  asked(
    "HEAD",
    ({ ask }) => ask({ method: "HEAD" }),
    answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
  ),
  asked(
    "1xx before the response",
    once,
    answering("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 20, ok("x"))
  ),
  asked(
    "an expectation that is met",
    ({ asking }) =>
      asking({ ...post, headers: { expect: "100-continue" } }, (req) =>
        req.once("continue", () => req.end("abc")).flushHeaders()
      ),
    (peer, count) =>
      count === 1
        ? then(peer.send("HTTP/1.1 100 Continue\r\n\r\n"), Effect.sleep(50), peer.send(ok("x")))
        : Effect.void
  ),
  asked(
    "an upload in pieces",
    ({ asking, later }) =>
      asking(post, (req) => {
        req.write("one")
        later(100, () => req.end("two"))
      }),
    (peer, count) => (count === 2 ? peer.send(ok("x")) : Effect.void)
  ),
  asked(
    "an upload that is answered early",
    ({ asking, later }) =>
      asking(post, (req) => {
        req.write("one")
        later(100, () => req.end("two"))
      }),
    answering(ok("early"))
  ),
  asked(
    "an upgrade",
    ({ ask }) => ask({ headers: { connection: "upgrade", upgrade: "echo" } }),
    answering(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nbehind",
      100,
      "more",
      end
    )
  ),
  asked(
    "a timeout",
    ({ asking }) => asking({ timeout: 300 }, (req) => void req.on("timeout", () => req.destroy()).end()),
    silent
  ),
  asked(
    "destroyed before it is connected",
    ({ asking, later }) =>
      asking({}, (req) => {
        req.end()
        later(5, () => req.destroy())
      }),
    silent
  ),
  asked(
    "destroyed before the head",
    ({ asking, later }) =>
      asking({}, (req) => {
        req.end()
        later(100, () => req.destroy())
      }),
    silent
  ),
  asked(
    "destroyed with an error within the body",
    ({ asking, later }) =>
      asking({}, (req) => {
        req.end()
        later(100, () => req.destroy(new Error("enough")))
      }),
    answering(head, "12345")
  ),
  asked("nobody listens", ({ ask }) => ask({ host: "closed.test" }), silent),
  asked("no such name", ({ ask }) => ask({ host: "nowhere.test" }), silent),
  asked("no HTTP", once, answering("SSH-2.0-x\r\n")),
  asked("a connection of its own", ({ ask }) => ask({ agent: false }), answering(ok("x")))
]

/** Conversations in which the server leaves after each of these numbers of response bytes. */
export const offsets = (leave: "end" | "reset"): ReadonlyArray<Conversation> =>
  Array.from({ length: Math.ceil(chunked.length / 12) + 1 }, (_, index) =>
    Math.min(index * 12, chunked.length)
  ).map((offset) =>
    asked(`after ${offset} bytes`, once, answering(chunked.slice(0, offset), 50, { act: leave }))
  )
