/** The conversations of an Effect client. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Client } from "@httpfx/core"
import { ok } from "../support/withClient.js"
import { run, situations } from "../support/losses.js"
import { readVectors } from "../wire/receive/vectors/document.js"
import { asked, type Answer, type Asker } from "./asking.js"
import { failure, Trace } from "./trace.js"
import { tappedNetwork, type Conversation } from "./world.js"

export const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
export const chunked = `${chunkedHead}5\r\nfirst\r\n6\r\nsecond\r\n0\r\nX-Sum: 7\r\n\r\n`

/** A step of a scripted server: a text to send, FIN, a reset, or milliseconds to wait. */
type Step = string | number | { readonly act: "end" | "reset" }
export const end: Step = { act: "end" }
export const reset: Step = { act: "reset" }

/** A server that takes the same steps for each request. */
export const answering =
  (...steps: ReadonlyArray<Step>): Answer =>
  (peer, count) =>
    count === 0
      ? Effect.void
      : Effect.forEach(steps, (step) =>
          typeof step === "string"
            ? peer.send(step)
            : typeof step === "number"
              ? Effect.sleep(step)
              : peer[step.act]
        )
/** A server that ends or resets each connection directly after accepting it. */
const accepting =
  (step: "end" | "reset"): Answer =>
  (peer, count) =>
    count === 0 ? peer[step] : Effect.void
export const silent: Answer = () => Effect.void

const once = ({ ask }: Asker) => ask()
const then = (...steps: ReadonlyArray<Effect.Effect<unknown>>) => Effect.all(steps, { discard: true })

const slowly = (...texts: ReadonlyArray<string>) =>
  Stream.encodeText(Stream.tap(Stream.fromIterable(texts), () => Effect.sleep(100)))
const post = { method: "POST", body: "abc" }
const upload: Partial<Client.Request> = { method: "PUT", body: slowly("one", "two", "three") }
const large = { method: "POST", body: new Uint8Array(200_000) }

export const ordinary: ReadonlyArray<Conversation> = [
  asked(
    "two requests, one after the other",
    ({ ask }) => then(ask(), Effect.sleep(100), ask(post)),
    answering(ok("x"))
  ),
  asked(
    "two requests at once, on one connection",
    ({ ask }) => Effect.all([ask(), ask()], { concurrency: 2 }),
    answering(50, ok("x")),
    { maxSockets: 1 }
  ),
  asked(
    "three requests at once",
    ({ ask }) => Effect.all([ask(), ask(), ask()], { concurrency: 3 }),
    answering(50, ok("x")),
    { maxFreeSockets: 1 }
  ),
  asked(
    "a chunked response with trailers, in pieces",
    once,
    answering(chunkedHead, 20, "5\r\nfir", 20, "st\r\n", 20, "0\r\nX-Sum: 7\r\n\r\n")
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
    "an idle connection on which something comes",
    ({ ask }) => then(ask(), Effect.sleep(500), ask()),
    answering(ok("x"), 100, "HTTP/1.1 408 Request Timeout\r\n\r\n")
  ),
  asked(
    "HEAD",
    ({ ask }) => then(ask({ method: "HEAD" }), ask({ method: "HEAD" })),
    answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
  ),
  asked(
    "1xx before the response",
    once,
    answering("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 20, ok("x"))
  ),
  asked(
    "a streamed upload",
    ({ ask }) => ask(upload),
    (peer, count) => (count === 2 ? peer.send(ok("x")) : Effect.void)
  ),
  asked(
    "an upload that is answered early, and goes on",
    ({ ask }) => then(ask(upload), ask()),
    answering(ok("early"))
  ),
  asked(
    "an upload that is answered early, and stops",
    ({ ask }) => then(ask({ ...upload, earlyAnswer: "stop" }), ask()),
    answering(ok("early"))
  ),
  asked(
    "an upload that is refused early",
    ({ ask }) => ask(upload),
    answering("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
  ),
  asked(
    "an upload whose stream fails",
    ({ ask }) => ask({ method: "PUT", body: Stream.concat(slowly("one"), Stream.fail("no more") as never) }),
    silent
  ),
  asked(
    "an upload larger than the server takes at once",
    ({ ask }) => ask(large),
    (peer, count) => (count === 1 ? then(Effect.sleep(200), peer.send(ok("x"))) : Effect.void)
  ),
  asked(
    "an expectation that is met",
    ({ ask }) => ask({ ...post, expectContinue: true }),
    (peer, count) =>
      count === 1
        ? then(peer.send("HTTP/1.1 100 Continue\r\n\r\n"), Effect.sleep(50), peer.send(ok("x")))
        : Effect.void
  ),
  asked(
    "an expectation that is refused",
    ({ ask }) => then(ask({ ...post, expectContinue: true }), ask()),
    answering("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
  ),
  asked(
    "an expectation that nobody answers",
    ({ ask }) => ask({ ...post, expectContinue: true }),
    (peer, count) => (count === 1 ? then(Effect.sleep(2_000), peer.send(ok("x"))) : Effect.void)
  ),
  asked(
    "trailers of a request",
    ({ ask }) => ask({ method: "POST", body: slowly("one"), trailers: { "x-sum": "1" } }),
    (peer, count) => (count === 2 ? peer.send(ok("x")) : Effect.void)
  ),
  asked(
    "an upgrade",
    ({ upgrade }) => upgrade(),
    answering(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nbehind",
      100,
      "more",
      end
    )
  ),
  asked(
    "an upgrade that is reset",
    ({ upgrade }) => upgrade(),
    answering("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", 100, reset)
  ),
  asked(
    "an upgrade that is answered in HTTP",
    ({ ask, upgrade }) => then(upgrade(), ask()),
    answering(ok("x"))
  ),
  asked(
    "a tunnel",
    ({ upgrade }) => upgrade({ method: "CONNECT", url: "http://api.test/", protocol: undefined }),
    answering("HTTP/1.1 200 Connected\r\n\r\nbehind", 50, end)
  ),
  asked("a connection of its own", ({ ask }) => ask({ agent: false }), answering(ok("x"))),
  asked("a connection that is not kept", ({ ask }) => then(ask(), ask()), answering(ok("x")), {
    keepAlive: false
  }),
  asked(
    "a response that nobody reads",
    ({ client, say }) =>
      Effect.either(client.request({ url: "http://api.test/" })).pipe(Effect.zipRight(say("has a response"))),
    answering(head),
    { unreadTimeout: "5 seconds" }
  ),
  asked(
    "a response that is discarded",
    ({ client, say }) =>
      Effect.flatMap(client.request({ url: "http://api.test/" }), (response) =>
        Effect.zipRight(response.discard, say("discarded"))
      ),
    answering(head, "12345")
  ),
  asked(
    "a response that is taken slowly",
    ({ client, say }) =>
      Effect.flatMap(client.request({ url: "http://api.test/" }), (response) =>
        Effect.zipRight(
          Effect.sleep("1 second"),
          Stream.runForEach(response.body, (piece) => say(`body ${piece.length}`))
        )
      ),
    answering(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${"x".repeat(200_000)}`)
  ),
  asked("a connection that is ended at once", once, accepting("end")),
  asked("a connection that is reset at once", once, accepting("reset")),
  asked("an invalid URL", ({ ask }) => ask({ url: "no URL" }), silent),
  asked("a field that cannot be sent", ({ ask }) => ask({ headers: { a: "b\nc" } }), silent),
  asked(
    "a request after the end of its agent",
    ({ ask, closeAgent }) => then(ask(), closeAgent, ask()),
    answering(ok("x"))
  )
]

const limited = (
  name: string,
  timeouts: Client.Timeouts,
  answer: Answer,
  request: Partial<Client.Request> = {}
) =>
  asked(
    name,
    ({ ask }) => then(ask({ timeouts, ...request }), ask({ timeouts: { total: "1 minute" } })),
    answer,
    { maxSockets: 1 }
  )

export const limits: ReadonlyArray<Conversation> = [
  asked(
    "queue",
    ({ ask }) => Effect.all([ask(), ask({ timeouts: { queue: 500 } })], { concurrency: 2 }),
    answering(2_000, ok("x")),
    { maxSockets: 1 }
  ),
  asked("connect", ({ ask }) => ask({ url: "http://10.9.9.9/", timeouts: { connect: 5 } }), silent),
  limited("send", { send: 300 }, answering(5_000, ok("x")), {
    method: "PUT",
    body: slowly("a", "b", "c", "d", "e", "f")
  }),
  limited("head", { head: 300 }, (peer, count) =>
    count === 1 ? then(Effect.sleep(500), peer.send(ok("late"))) : Effect.void
  ),
  limited(
    "head, after 1xx",
    { head: 300 },
    answering("HTTP/1.1 103 Early Hints\r\n\r\n", 200, "HTTP/1.1 103 Early Hints\r\n\r\n", 200, ok("late"))
  ),
  limited("body", { body: 300 }, answering(head, 200, "12345", 400, "67890")),
  limited("body, not passed", { body: 300 }, answering(head, 200, "12345", 200, "67890")),
  limited("total, within the head", { total: 300 }, answering(500, ok("late"))),
  limited(
    "total, within the body, although each step is in time",
    { total: 300, body: 200 },
    answering(head, 150, "12345", 150, "67890")
  ),
  asked("silence of the agent", ({ ask }) => then(ask(), ask()), answering(head, 200, "12345"), {
    timeout: 400
  }),
  asked(
    "connect, after its reused connection was lost",
    ({ ask }) => then(ask(), Effect.sleep(100), ask({ timeouts: { connect: 5 } })),
    (peer, count) => (count === 1 ? peer.send(ok("x")) : count === 2 ? peer.reset : Effect.void)
  ),
  asked(
    "age of the connection",
    ({ ask }) => then(ask(), Effect.sleep(400), ask(), ask()),
    answering(ok("x")),
    { maxAge: 200, maxAgeJitter: 0 }
  )
]

const interrupted = (name: string, after: number, request: Partial<Client.Request>, answer: Answer) =>
  asked(
    name,
    ({ ask, say }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(ask(request))
        yield* Effect.sleep(after)
        yield* say("interrupts")
        yield* Fiber.interrupt(fiber)
        yield* say("is interrupted")
        yield* ask()
      }),
    answer,
    { maxSockets: 1 }
  )

export const interruptions: ReadonlyArray<Conversation> = [
  interrupted("while it connects", 5, {}, answering(ok("x"))),
  interrupted("within an upload", 150, upload, answering(ok("x"))),
  interrupted("while 100 is awaited", 150, { ...post, expectContinue: true }, answering(50, ok("x"))),
  interrupted("before the head", 150, {}, (peer, count) =>
    count === 1 ? then(Effect.sleep(500), peer.send(ok("x"))) : Effect.void
  ),
  interrupted("within the body", 150, {}, answering(head, "12345", 500, "67890")),
  asked(
    "its agent closes while it waits",
    ({ ask, closeAgent }) =>
      Effect.all([ask(), ask(), Effect.zipRight(Effect.sleep(100), closeAgent)], { concurrency: 3 }),
    silent,
    { maxSockets: 1 }
  ),
  asked(
    "its agent closes within the body",
    ({ ask, closeAgent }) =>
      Effect.all([ask(), Effect.zipRight(Effect.sleep(100), closeAgent)], { concurrency: 2 }),
    answering(head, "12345")
  )
]

export const responseVectors: ReadonlyArray<Conversation> = readVectors()
  .filter((one) => one.role === "response" && Object.keys(one.limits).length === 0)
  .map(({ answers, bytes, title }) =>
    asked(
      title,
      ({ ask }) => ask({ method: answers === "skip" ? "HEAD" : "GET" }),
      answering(bytes.toString("latin1"), 1_000, end)
    )
  )

/** Conversations in which the server leaves after each of these numbers of response bytes. */
export const clientOffsets = (leave: "end" | "reset"): ReadonlyArray<Conversation> =>
  Array.from({ length: Math.ceil(chunked.length / 12) + 1 }, (_, index) =>
    Math.min(index * 12, chunked.length)
  ).map((offset) =>
    asked(`after ${offset} bytes`, once, answering(chunked.slice(0, offset), 50, { act: leave }))
  )

/** The situations of `loss.test.ts` as conversations. */
export const losses: ReadonlyArray<Conversation> = Object.entries(situations).flatMap(([where, all]) =>
  Object.entries(all).map(([what, situation]) => ({
    name: `${where}: ${what}`,
    run: async () => {
      let lines: ReadonlyArray<string> = []
      await run(situation, (timers) => {
        const trace = new Trace(() => timers.now())
        lines = trace.lines
        return {
          network: (network) => tappedNetwork(trace, network),
          agent: (agent) => agent.observe(trace.agent),
          told: (result) =>
            trace.say(
              result instanceof Error ? `fails: ${failure(result)}` : `gives ${JSON.stringify(result)}`
            )
        }
      })
      return lines
    }
  }))
)
