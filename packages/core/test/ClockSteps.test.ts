// The system clock is set while something waits. Every limit must expire as if the clock had not been set,
// and dates and outcomes must show the new time.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Server, ServerTimeouts } from "@httpfx/core"
import { Agent, type AgentEvent, Client, Exchange, Network, Retry, type ExchangeOutcome } from "@httpfx/core"
import { RawPeer, VirtualClock } from "@httpfx/testing"
import { after, connect, inVirtualTime, serving } from "./support/virtual.js"

const hour = 3_600_000
const steps = [-24 * hour, -hour, hour, 24 * hour]

/** An effect that completes when the tested wait ends. */
type Wait = Effect.Effect<unknown, unknown, unknown>

const app = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  if (request.url === "/never") return yield* Effect.never
  if (request.url === "/own") {
    yield* Exchange.setTimeouts({ requestTimeout: "1 second" })
  }
  if (request.method === "POST") yield* request.text
  return HttpServerResponse.text("hello")
})

const often: ServerTimeouts.Options = { connectionsCheckingInterval: "50 millis" }
const half = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345"

/** Starts a server with these timeouts. A client sends `bytes` and waits until the connection ends. */
const sent = (timeouts: ServerTimeouts.Options, bytes: string): Wait =>
  Effect.gen(function* () {
    yield* serving(app, { ...often, ...timeouts })
    const client = yield* connect
    yield* client.send(bytes)
    yield* client.rest
  })

/** Starts a server that responds to one request with `bytes`. */
const answering = (bytes: string) =>
  Effect.gen(function* () {
    const { accept, url } = yield* RawPeer.listen({ host: "127.0.0.1", port: 80, patience: "1 hour" })
    const served = Effect.flatMap(accept, (server) =>
      Effect.zipRight(server.head, Effect.as(server.send(bytes), server))
    )
    return { url, first: yield* Effect.forkScoped(served) }
  })

/** Starts a server that responds with `bytes`. A client sends a request and waits until the request fails. */
const asked = (options: Omit<Client.Request, "url">, bytes = ""): Wait =>
  Effect.gen(function* () {
    const { url } = yield* answering(bytes)
    const client = yield* Client.make()
    const call = Effect.flatMap(client.request({ url, ...options }), ({ text }) => text)
    yield* Effect.flip(Effect.scoped(call))
  })

/** Makes one request, so that its connection is idle, and waits until the client closes this connection. */
const kept = (options: Agent.Options, fields = ""): Wait =>
  Effect.gen(function* () {
    const { first, url } = yield* answering(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${fields}\r\n`)
    const client = yield* Client.make(options)
    yield* client.request({ url })
    const server = yield* first
    yield* server.expectFin
  })

const waits: ReadonlyArray<readonly [name: string, millis: number, wait: Wait]> = [
  ["server: headersTimeout, of the first byte", 1000, sent({ headersTimeout: "1 second" }, "")],
  [
    "server: headersTimeout, of half a head",
    1000,
    sent({ headersTimeout: "1 second" }, "GET / HTTP/1.1\r\nHo")
  ],
  ["server: requestTimeout", 1000, sent({ headersTimeout: "1 second", requestTimeout: "1 second" }, half)],
  ["server: requestTimeout of one exchange", 1000, sent({}, half.replace("/", "/own"))],
  ["server: progressTimeout", 1000, sent({ progressTimeout: "1 second" }, half)],
  ["server: timeout", 1000, sent({ timeout: "1 second" }, "GET /never HTTP/1.1\r\nHost: test\r\n\r\n")],
  [
    "server: keepAliveTimeout",
    2000,
    sent({ keepAliveTimeout: "1 second" }, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
  ],
  [
    "server: lingering after its last answer",
    5000,
    Effect.gen(function* () {
      const server = yield* serving(app)
      const client = yield* connect
      yield* client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
      yield* client.until("hello")
      const left = Effect.zipLeft(server.connections, Effect.sleep("10 millis"))
      yield* Effect.repeat(left, { until: (count) => count === 0 })
    })
  ],
  ...(["head", "total"] as const).map((limit) => {
    return [`client: ${limit}`, 1000, asked({ timeouts: { [limit]: "1 second" } })] as const
  }),
  [
    "client: queue",
    1000,
    Effect.gen(function* () {
      const { url } = yield* answering("")
      const client = yield* Client.make({ maxSockets: 1 })
      yield* Effect.forkScoped(client.request({ url }))
      yield* Effect.repeatN(Effect.yieldNow(), 10)
      yield* Effect.flip(client.request({ url, timeouts: { queue: "1 second" } }))
    })
  ],
  ...(["resolve", "connect"] as const).map((limit) => {
    const wait = Effect.gen(function* () {
      const network = yield* Network.Network
      const stuck = { ...network, [limit]: () => Effect.never }
      const client = yield* Client.make().pipe(Effect.provideService(Network.Network, stuck))
      yield* Effect.flip(client.request({ url: "http://127.0.0.1", timeouts: { [limit]: "1 second" } }))
    })
    return [`client: ${limit}`, 1000, wait] as const
  }),
  [
    "client: body",
    1000,
    asked({ timeouts: { body: "1 second" } }, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
  ],
  [
    "client: unreadTimeout",
    1000,
    Effect.gen(function* () {
      const { first, url } = yield* answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
      const client = yield* Client.make({ unreadTimeout: "1 second" })
      yield* client.request({ url })
      yield* (yield* first).expectClosed
    })
  ],
  [
    "client: continueTimeout",
    1000,
    Effect.gen(function* () {
      const { first, url } = yield* answering("")
      const client = yield* Client.make()
      const body = Stream.make(new TextEncoder().encode("body"))
      const asked = { url, method: "POST", body, expectContinue: true, continueTimeout: "1 second" } as const
      yield* Effect.forkScoped(client.request(asked))
      yield* (yield* first).until("body")
    })
  ],
  ["client: idleTimeout", 1000, kept({ idleTimeout: "1 second" })],
  ["client: the server's hint", 1000, kept({ idleTimeout: "1 minute" }, "Keep-Alive: timeout=2\r\n")],
  ["client: maxAge", 1000, kept({ idleTimeout: "1 minute", maxAge: "1 second", maxAgeJitter: 0 })],
  [
    "client: a retry",
    1000,
    Effect.gen(function* () {
      yield* serving(
        Effect.succeed(HttpServerResponse.empty({ status: 503, headers: { "retry-after": "1" } }))
      )
      const client = yield* Client.make()
      const policy = yield* Retry.make({ times: 1, base: 0 })
      yield* Retry.client(policy)(client).request({ url: "http://127.0.0.1" })
    })
  ],
  [
    "client: a token of the retry budget",
    1000,
    Effect.gen(function* () {
      yield* serving(Effect.succeed(HttpServerResponse.empty({ status: 503 })))
      const client = yield* Client.make()
      const policy = yield* Retry.make({
        times: 1,
        base: 0,
        budgetBurst: 1,
        budgetRatio: 0,
        budgetPerSecond: 1
      })
      yield* Retry.client(policy)(client).request({ url: "http://127.0.0.1" })
      const left = policy.budget("http://127.0.0.1:80")
      yield* Effect.repeat(Effect.zipLeft(left, Effect.sleep("50 millis")), {
        until: (tokens) => tokens >= 1
      })
    })
  ]
]

/** Sets the clock during a wait, and asserts that the wait ends at `millis` nevertheless, to within 50 ms. */
const endsAt = (wait: Wait, millis: number, step: number) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(wait)
    yield* after(250)
    yield* VirtualClock.step(step)
    yield* after(millis - 251)
    assert.isNull(fiber.unsafePoll(), "ended too early")
    yield* after(51)
    assert.isNotNull(fiber.unsafePoll(), "still waits")
    yield* Fiber.join(fiber)
  })

describe.each(steps)("The clock is set by %d ms during", (step) => {
  it.live.each(waits)("%s", ([, millis, wait]) => inVirtualTime(endsAt(wait, millis, step)))
})

it.live.each(steps)(
  "after a step of %d ms the exchange has its true duration, and Date and outcome show the new time",
  (step) =>
    inVirtualTime(
      Effect.gen(function* () {
        const outcomes: Array<ExchangeOutcome.ExchangeOutcome> = []
        const server: Server.Service = yield* serving(
          Effect.delay(Effect.succeed(HttpServerResponse.text("x")), "1 second")
        )
        yield* server.observe((event) => {
          if (event._tag === "ExchangeEnded") outcomes.push(event.outcome)
        })
        const agent = yield* Agent.make()
        const client = yield* Client.fromAgent(agent)
        const events: Array<AgentEvent.AgentEvent> = []
        yield* agent.observe((event) => void events.push(event))
        const call = yield* Effect.fork(client.request({ url: "http://127.0.0.1" }))
        yield* after(500)
        yield* VirtualClock.step(step)
        yield* after(500)
        const response = yield* Fiber.join(call)
        const now = VirtualClock.epoch + 1000 + step
        assert.strictEqual(response.headers["date"], new Date(now).toUTCString())
        assert.strictEqual(yield* response.text, "x")
        yield* VirtualClock.settle
        assert.lengthOf(outcomes, 1)
        assert.deepInclude(outcomes[0], {
          startedAt: VirtualClock.epoch,
          duration: 1000,
          answeredAfter: 1000
        })
        const end = events.find(({ _tag }) => _tag === "End")
        assert.deepInclude(end, { at: now })
        assert.strictEqual((end as { readonly timings: AgentEvent.Timings }).timings.total, 1000)
      })
    )
)
