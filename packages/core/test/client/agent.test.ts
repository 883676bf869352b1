// Agents: limits and queues, the choice and the lifetime of connections, and events.
import { assert, describe, it } from "@effect/vitest"
import { HttpClient } from "@effect/platform"
import * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { Agent, type AgentEvent, Client } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { answer, closedBy, first, state, text, until, withAgent } from "../support/agent.js"

describe("maxSockets", () => {
  it.effect("queues requests in order, and passes the connection on", () =>
    withAgent({ maxSockets: 1 })(
      Effect.gen(function* () {
        const { accept, count, url } = yield* RawPeer.listen()
        const done: Array<string> = []
        const fibers = yield* Effect.forEach(["a", "b", "c"], (name) =>
          Effect.fork(Effect.map(text({ url: `${url}/${name}` }), () => done.push(name)))
        )
        const raw = yield* accept
        assert.deepInclude(yield* until(({ open, queued }) => open === 1 && queued === 2), {
          open: 1,
          connecting: 0,
          idle: 0
        })
        for (let i = 1; i <= 3; i++) yield* answer(raw)
        yield* Fiber.joinAll(fibers)
        assert.deepStrictEqual(done, ["a", "b", "c"])
        assert.strictEqual(count(), 1)
        assert.deepInclude(yield* state, { queued: 0, open: 1, idle: 1 })
      })
    )
  )

  it.effect("opens a connection for the next in line when one closes", () =>
    withAgent({ maxSockets: 1 })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const one = yield* Effect.fork(text({ url }))
        const two = yield* Effect.fork(text({ url }))
        yield* answer(yield* accept, "Connection: close\r\n")
        yield* one
        yield* answer(yield* accept)
        assert.isFalse((yield* two).reused)
        assert.strictEqual(yield* closedBy("ResponseClose"), 1)
      })
    )
  )

  it.effect("frees the slot of an interrupted request, queued or not", () =>
    withAgent({ maxSockets: 1 })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const [one, two, three] = yield* Effect.all([
          Effect.fork(text({ url })),
          Effect.fork(text({ url })),
          Effect.fork(text({ url }))
        ])
        yield* accept
        yield* until(({ queued }) => queued === 2)
        yield* Fiber.interrupt(two)
        assert.strictEqual((yield* state).queued, 1)
        yield* Fiber.interrupt(one)
        yield* answer(yield* accept)
        yield* three
        assert.strictEqual(yield* closedBy("Interrupted"), 1)
        assert.deepInclude(yield* until(({ open }) => open === 1), { queued: 0, idle: 1 })
      })
    )
  )

  it.effect("resends a request whose connection closed before serving the queue", () =>
    withAgent({ maxSockets: 1 })(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const raw = yield* first(server)
        const again = yield* Effect.fork(text({ url: `${server.url}/again` }))
        yield* raw.head
        const waits = yield* Effect.fork(text({ url: `${server.url}/waits` }))
        yield* until(({ queued }) => queued === 1)
        yield* raw.reset
        const fresh = yield* server.accept
        yield* answer(fresh)
        assert.include(fresh.received(), "GET /again")
        yield* answer(fresh)
        yield* Fiber.joinAll([again, waits])
        assert.strictEqual(server.count(), 2)
      })
    )
  )

  it.effect("is per host and port", () =>
    withAgent({ maxSockets: 1 })(
      Effect.gen(function* () {
        const a = yield* RawPeer.listen()
        const b = yield* RawPeer.listen()
        yield* Effect.fork(text({ url: a.url }))
        yield* Effect.fork(text({ url: b.url }))
        yield* a.accept
        yield* b.accept
        const { keys } = yield* state
        assert.deepStrictEqual(Array.from(keys), [
          [a.url, { open: 1, idle: 0, queued: 0 }],
          [b.url, { open: 1, idle: 0, queued: 0 }]
        ])
      })
    )
  )
})

describe("maxTotalSockets", () => {
  it.effect("closes an idle connection of another host to make room", () =>
    withAgent({ maxTotalSockets: 1 })(
      Effect.gen(function* () {
        const a = yield* RawPeer.listen()
        const raw = yield* first(a)
        yield* first(yield* RawPeer.listen())
        yield* raw.rest
        assert.strictEqual(yield* closedBy("MadeRoom"), 1)
      })
    )
  )

  it.effect("gives a free slot to a host without connections before a busy host", () =>
    withAgent({ maxTotalSockets: 2 })(
      Effect.gen(function* () {
        const busy = yield* RawPeer.listen()
        const quiet = yield* RawPeer.listen()
        const many = yield* Effect.forEach(Array.from({ length: 6 }), () =>
          Effect.fork(text({ url: busy.url }))
        )
        const one = yield* busy.accept
        yield* busy.accept
        const other = yield* Effect.fork(text({ url: quiet.url }))
        yield* until(({ queued }) => queued === 5)
        yield* answer(one)
        // The freed slot goes to the host without a connection. The released connection of the busy host
        // closes.
        const raw = yield* quiet.accept
        yield* answer(raw)
        yield* other
        assert.deepInclude(yield* state, { queued: 3 })
        yield* Fiber.interruptAll(many)
      })
    )
  )
})

describe("Which connection serves", () => {
  for (const [scheduling, expected] of [
    ["lifo", 1],
    ["fifo", 0]
  ] as const) {
    it.effect(scheduling, () =>
      withAgent({ scheduling })(
        Effect.gen(function* () {
          const server = yield* RawPeer.listen()
          const both = [
            yield* Effect.fork(text({ url: server.url })),
            yield* Effect.fork(text({ url: server.url }))
          ]
          const raws = [yield* server.accept, yield* server.accept] as const
          for (let i = 0; i < 2; i++) {
            yield* answer(raws[i]!)
            yield* both[i]!
          }
          const third = yield* Effect.fork(text({ url: server.url }))
          yield* answer(raws[expected])
          assert.isTrue((yield* third).reused)
        })
      )
    )
  }
})

describe("An idle connection", () => {
  const closesAfter = (
    options: Agent.Options,
    millis: number,
    reason: AgentEvent.ClientCloseReason,
    fields = ""
  ) =>
    withAgent(options)(
      Effect.gen(function* () {
        const raw = yield* first(yield* RawPeer.listen(), fields)
        if (millis > 0) {
          yield* TestClock.adjust(millis - 1)
          assert.strictEqual(raw.state(), "open")
          yield* TestClock.adjust(1)
        }
        yield* raw.rest
        assert.strictEqual(yield* closedBy(reason), 1)
      })
    )

  it.effect("is kept for 4 seconds", () => closesAfter({}, 4_000, "IdleTimeout"))
  it.effect("is kept for `idleTimeout`", () => closesAfter({ idleTimeout: 100 }, 100, "IdleTimeout"))
  it.effect("is kept no longer than `timeout`", () => closesAfter({ timeout: 100 }, 100, "IdleTimeout"))
  it.effect("is closed a second before the server closes it", () =>
    closesAfter({}, 2_000, "HintExpired", "Keep-Alive: timeout=3\r\n")
  )
  it.effect("is closed `keepAliveTimeoutBuffer` before the server closes it", () =>
    closesAfter({ keepAliveTimeoutBuffer: 100 }, 1_900, "HintExpired", "Keep-Alive: max=9, timeout=2\r\n")
  )
  it.effect("is not kept if the server's timeout is no longer than the buffer", () =>
    closesAfter({}, 0, "HintTooShort", "Keep-Alive: timeout=1\r\n")
  )
  it.effect("is closed at `maxAge`", () => closesAfter({ maxAge: 300, maxAgeJitter: 0 }, 300, "MaxAge"))
  it.effect("is not kept without `keepAlive`", () => closesAfter({ keepAlive: false }, 0, "RequestClose"))
  it.effect("is not kept beyond `maxFreeSockets`", () =>
    closesAfter({ maxFreeSockets: 0 }, 0, "MaxFreeSockets")
  )

  it.effect("follows only its last announcement", () =>
    withAgent({ idleTimeout: "1 hour" })(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const raw = yield* first(server, "Keep-Alive: timeout=3\r\n")
        const second = yield* Effect.fork(text({ url: server.url }))
        yield* answer(raw)
        yield* second
        yield* TestClock.adjust("30 minutes")
        assert.strictEqual(raw.state(), "open")
      })
    )
  )
})

it.effect("A connection at its maximum age does not serve the queue", () =>
  withAgent({ maxSockets: 1, maxAge: 1_000, maxAgeJitter: 0.5 })(
    Effect.gen(function* () {
      const { accept, url } = yield* RawPeer.listen()
      const one = yield* Effect.fork(text({ url }))
      const two = yield* Effect.fork(text({ url }))
      const raw = yield* accept
      yield* TestClock.adjust(1_000)
      yield* answer(raw)
      yield* one
      yield* answer(yield* accept)
      assert.isFalse((yield* two).reused)
      assert.strictEqual(yield* closedBy("MaxAge"), 1)
    })
  )
)

describe("A request", () => {
  it.effect("with `agent: false` neither uses nor leaves an idle connection, whatever the limits", () =>
    withAgent({ maxSockets: 1, maxTotalSockets: 1 })(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        yield* first(server)
        const alone = yield* Effect.fork(text({ url: server.url, agent: false }))
        const raw = yield* server.accept
        yield* answer(raw)
        assert.isFalse((yield* alone).reused)
        assert.include(raw.received(), "Connection: close\r\n")
        yield* raw.rest
        yield* raw.end
        assert.deepInclude(yield* until(({ open }) => open === 1), { idle: 1 })
      })
    )
  )

  it.effect("over another agent, through `Client` and platform's client", () =>
    withAgent()(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const agent = yield* Agent.make()
        const lean = yield* Effect.fork(text({ url, agent }))
        const raw = yield* accept
        yield* answer(raw)
        yield* lean
        const platform = yield* Effect.fork(
          Effect.flatMap(HttpClient.get(url), (response) => response.text).pipe(
            Client.withRequestOptions({ agent })
          )
        )
        yield* answer(raw)
        assert.strictEqual(yield* platform, "x")
        assert.strictEqual((yield* agent.state).open, 1)
        assert.strictEqual((yield* state).open, 0)
      })
    )
  )
})

it.effect(
  "Closing an agent's scope fails queued, connecting and in-flight requests, and closes idle connections",
  () =>
    withAgent()(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const scope = yield* Scope.make()
        const agent = yield* Scope.extend(Agent.make({ maxSockets: 1 }), scope)
        const fibers = yield* Effect.forEach([1, 2, 3], () =>
          Effect.fork(Effect.flip(text({ url: server.url, agent })))
        )
        yield* server.accept
        yield* until(({ open }) => open === 1, agent.state)
        yield* Scope.close(scope, Exit.void)
        for (const fiber of fibers) assert.deepInclude(yield* fiber, { code: "ERR_HTTPFX_CLIENT_CLOSED" })
        const after = yield* agent.state
        assert.deepInclude(after, { open: 0, idle: 0, connecting: 0, queued: 0 })
        assert.strictEqual(after.keys.size, 0)
        assert.deepStrictEqual(Array.from(after.closed), [["Draining", 1]])
      })
    )
)

it.effect("An agent's options come from the configuration", () =>
  Effect.gen(function* () {
    const layer = Agent.layerConfig({
      maxSockets: Config.integer("MAX_SOCKETS"),
      idleTimeout: Config.duration("IDLE_TIMEOUT")
    })
    const configured = Client.layerAgent().pipe(
      Layer.provideMerge(layer),
      Layer.provideMerge(MemoryNetwork.layer()),
      Layer.provide(
        Layer.setConfigProvider(
          ConfigProvider.fromMap(
            new Map([
              ["MAX_SOCKETS", "1"],
              ["IDLE_TIMEOUT", "2 seconds"]
            ])
          )
        )
      )
    )
    yield* Effect.gen(function* () {
      const server = yield* RawPeer.listen()
      const raw = yield* first(server)
      yield* TestClock.adjust(2_000)
      yield* raw.rest
    }).pipe(Effect.scoped, Effect.provide(configured))
  })
)

describe("Events", () => {
  const collect = Effect.gen(function* () {
    const agent = yield* Agent.Agent
    const events: Array<AgentEvent.AgentEvent> = []
    yield* Effect.forkScoped(
      Stream.runForEach(agent.events, (event) => Effect.sync(() => events.push(event)))
    )
    yield* Effect.yieldNow()
    return events
  })
  const tags = (events: ReadonlyArray<AgentEvent.AgentEvent>, id: number) =>
    events.filter((event) => "id" in event && event.id === id).map(({ _tag }) => _tag)

  it.effect("report each step of a request and its duration", () =>
    withAgent({ maxSockets: 1 })(
      Effect.gen(function* () {
        const events = yield* collect
        const { accept, url } = yield* RawPeer.listen()
        const one = yield* Effect.fork(text({ url: `${url}/a` }))
        const two = yield* Effect.fork(text({ url: `${url}/b`, method: "DELETE" }))
        const raw = yield* accept
        yield* raw.head
        yield* TestClock.adjust(30)
        yield* raw.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
        yield* Effect.repeat(Effect.yieldNow(), { until: () => events.some(({ _tag }) => _tag === "Head") })
        yield* TestClock.adjust(12)
        yield* raw.send("x")
        yield* one
        yield* answer(raw)
        yield* two
        yield* TestClock.adjust(4_000)
        yield* Effect.repeat(Effect.yieldNow(), { until: () => events.some(({ _tag }) => _tag === "Closed") })
        assert.deepStrictEqual(tags(events, 1), ["Connecting", "Connected", "Sent", "Head", "End"])
        assert.deepStrictEqual(tags(events, 2), ["Queued", "Reused", "Sent", "Head", "End"])
        const ends = events.filter((event) => event._tag === "End")
        assert.deepInclude(ends[0], { key: url, method: "GET", path: "/a" })
        assert.deepInclude(ends[0]!.timings, { queue: 0, head: 30, body: 12, total: 42 })
        assert.deepInclude(ends[1], { key: url, method: "DELETE", path: "/b" })
        assert.deepInclude(ends[1]!.timings, { queue: 42, head: 0, body: 0, total: 42 })
        assert.deepInclude(events.at(-1), { _tag: "Closed", key: url, exchanges: 2, reason: "IdleTimeout" })
      })
    )
  )

  it.effect("report failures, interruptions and resent requests", () =>
    withAgent()(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const raw = yield* first(server)
        const events = yield* collect
        const again = yield* Effect.fork(text({ url: server.url }))
        yield* raw.head
        yield* raw.reset
        const fresh = yield* server.accept
        yield* fresh.head
        yield* fresh.reset
        yield* Effect.flip(again)
        const interrupted = yield* Effect.fork(text({ url: server.url }))
        yield* server.accept
        yield* Fiber.interrupt(interrupted)
        yield* Effect.repeat(Effect.yieldNow(), { until: () => tags(events, 2).includes("Error") })
        const resent = ["Reused", "Sent", "Resent", "Connecting", "Connected", "Sent", "Error"]
        assert.deepStrictEqual(tags(events, 1), resent)
        const errors = events.filter((event) => event._tag === "Error")
        assert.deepInclude(errors[0]!.error as object, { _tag: "ConnectionReset", reused: false })
        assert.isUndefined(errors[1]!.error)
      })
    )
  )

  it.effect("are not created while nobody listens", () =>
    withAgent()(
      Effect.gen(function* () {
        const agent = yield* Agent.Agent
        const server = yield* RawPeer.listen()
        yield* first(server)
        yield* Effect.scoped(Effect.flatMap(Stream.toPull(agent.events), () => Effect.void))
        const later = yield* collect
        const raw = yield* first(yield* RawPeer.listen())
        yield* raw.end
        yield* Effect.repeat(Effect.yieldNow(), { until: () => later.some(({ _tag }) => _tag === "Closed") })
        // Numbers count only observed requests, so the first observed request has number 1.
        assert.isNotEmpty(tags(later, 1))
        assert.isEmpty(tags(later, 2))
      })
    )
  )
})

describe("A client's options come from the configuration", () => {
  const layer = (given: Readonly<Record<string, string>>) =>
    Client.layerConfig({
      maxSockets: Config.integer("MAX_SOCKETS"),
      timeouts: { queue: Config.duration("QUEUE_TIMEOUT") }
    }).pipe(
      Layer.provideMerge(MemoryNetwork.layer()),
      Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(given)))))
    )

  it.effect("its own and its agent's", () =>
    Effect.gen(function* () {
      const { accept, url } = yield* RawPeer.listen()
      yield* Effect.fork(Client.request({ url }))
      yield* accept
      const waits = yield* Effect.fork(Effect.flip(Client.request({ url })))
      yield* Effect.yieldNow()
      yield* TestClock.adjust(50)
      assert.strictEqual((yield* waits)._tag, "QueueTimedOut")
    }).pipe(Effect.scoped, Effect.provide(layer({ MAX_SOCKETS: "1", QUEUE_TIMEOUT: "50 millis" })))
  )

  it.effect("a missing or invalid value fails the layer", () =>
    Effect.gen(function* () {
      const failure = (given: Readonly<Record<string, string>>) =>
        Effect.flip(Effect.scoped(Layer.build(layer(given))))
      assert.isTrue(ConfigError.isConfigError(yield* failure({ MAX_SOCKETS: "1" })))
      assert.deepInclude(yield* failure({ MAX_SOCKETS: "0", QUEUE_TIMEOUT: "1 second" }), {
        _tag: "InvalidOption",
        option: "maxSockets"
      })
    })
  )
})
