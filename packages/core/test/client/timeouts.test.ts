// Every timeout of a client. None expires early, each has its own error, and each leaves no connection.
import { assert, describe, it } from "@effect/vitest"
import { HttpClient } from "@effect/platform"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { Agent, Client, Network, Timers } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { ok, withClient } from "../support/withClient.js"

const memory = MemoryNetwork.layer()

/** The network in memory, in which one step never completes. */
const stuck = (step: "resolve" | "connect" | "secure") =>
  Layer.provideMerge(
    Layer.effect(
      Network.Network,
      Effect.map(Network.Network, (network) => ({
        ...network,
        resolve: step === "resolve" ? () => Effect.never : network.resolve,
        connect: step === "connect" ? () => Effect.never : network.connect,
        secure: step === "secure" ? () => Effect.never : network.secure
      }))
    ),
    memory
  )

const connections = Effect.flatMap(Client.Client, (client) => client.connections)
const nothing = { open: 0, idle: 0, connecting: 0 }

const text = (request: Client.Request) => Effect.flatMap(Client.request(request), (response) => response.text)

/** Asserts that the fiber fails after exactly `millis`, and that no connection is left. Returns the error. */
const failsAt = <A, E>(fiber: Fiber.RuntimeFiber<A, E>, millis: number) =>
  Effect.gen(function* () {
    yield* TestClock.adjust(millis - 1)
    assert.isNull(fiber.unsafePoll())
    yield* TestClock.adjust(1)
    const error = yield* Effect.flip(Fiber.join(fiber))
    yield* Effect.repeat(Effect.zipLeft(connections, Effect.yieldNow()), {
      until: (now) => JSON.stringify(now) === JSON.stringify(nothing)
    })
    return error
  })

const tells = (error: unknown, facts: object) => assert.deepInclude(error as object, facts)

const noSend = { written: "none", received: 0, reused: false, limit: 100 }

describe("A limit on", () => {
  for (const [step, tag, code] of [
    ["resolve", "ResolveTimedOut", "ERR_HTTPFX_RESOLVE_TIMEOUT"],
    ["connect", "ConnectTimedOut", "ERR_HTTPFX_CONNECT_TIMEOUT"],
    ["secure", "SecureTimedOut", "ERR_HTTPFX_SECURE_TIMEOUT"]
  ] as const) {
    it.effect(step, () =>
      withClient(stuck(step))(
        Effect.gen(function* () {
          const { host } = new URL((yield* RawPeer.listen()).url)
          const url = `https://${host}/`
          const fiber = yield* Effect.fork(Client.request({ url, timeouts: { [step]: 100 } }))
          const error = yield* failsAt(fiber, 100)
          tells(error, { ...noSend, _tag: tag, code, phase: step, address: host })
        })
      )
    )
  }

  it.effect("queueing, excluding the time for connecting", () =>
    withClient(memory, { maxSockets: 1, timeouts: { connect: 10 } })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const first = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        const second = yield* Effect.fork(Client.request({ url, timeouts: { queue: 100 } }))
        yield* TestClock.adjust(99)
        assert.isNull(second.unsafePoll())
        yield* TestClock.adjust(1)
        tells(yield* Effect.flip(second), { ...noSend, _tag: "QueueTimedOut", phase: "queue" })
        yield* raw.head
        yield* raw.send(ok("x"))
        assert.strictEqual(yield* first, "x")
        assert.strictEqual(raw.received().split("\r\n\r\n").length, 2)
      })
    )
  )

  const begun = (
    options: Client.Options,
    request: Client.Request,
    step: (raw: RawPeer.RawPeer) => Effect.Effect<unknown, unknown>
  ) =>
    withClient(
      memory,
      options
    )(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(text({ ...request, url }))
        const raw = yield* accept
        yield* raw.head
        yield* step(raw)
        return yield* failsAt(fiber, 100)
      })
    )

  it.effect("sending, of an endless stream", () =>
    Effect.gen(function* () {
      const error = yield* begun(
        {},
        { url: "", method: "POST", body: Stream.never, timeouts: { send: 100, head: 10 } },
        () => Effect.void
      )
      tells(error, { ...noSend, _tag: "SendTimedOut", written: "some", phase: "send" })
    })
  )

  it.effect("sending, of bytes that the server does not read", () =>
    Effect.gen(function* () {
      const request = {
        url: "",
        method: "POST",
        body: new Uint8Array(8_000_000),
        timeouts: { send: 100, head: 10 }
      }
      const error = yield* begun({}, request, (raw) => raw.pause)
      tells(error, { _tag: "SendTimedOut", written: "all", phase: "send" })
    })
  )

  it.effect("the head, not extended by an informational response", () =>
    Effect.gen(function* () {
      const early = (raw: RawPeer.RawPeer) => raw.send("HTTP/1.1 102 Processing\r\n\r\n")
      const error = yield* begun({ timeouts: { head: 100 } }, { url: "" }, early)
      tells(error, { _tag: "HeadTimedOut", written: "all", phase: "head", limit: 100 })
    })
  )

  it.effect("inactivity within the body, extended by each byte", () =>
    withClient(memory, { timeouts: { body: 100, head: 1_000 } })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        yield* raw.head
        yield* raw.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for (let i = 0; i < 5; i++) {
          yield* TestClock.adjust(90)
          yield* raw.send("x")
          yield* TestClock.adjust(0)
        }
        const error = yield* failsAt(fiber, 100)
        tells(error, { _tag: "BodyTimedOut", written: "all", phase: "body" })
      })
    )
  )

  it.effect("inactivity within the body does not count under backpressure from the reader", () =>
    withClient(memory, { timeouts: { body: 100 } })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const reading = yield* Effect.fork(
          Effect.flatMap(Client.request({ url }), (response) =>
            Stream.runFoldEffect(response.body, 0, (sum, slice) =>
              Effect.as(sum === 0 ? Effect.sleep(5_000) : Effect.void, sum + slice.length)
            )
          )
        )
        const raw = yield* accept
        yield* raw.head
        yield* raw.send("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + "x".repeat(200_000))
        yield* TestClock.adjust(1)
        // Backpressure delays these bytes until the reader continues.
        yield* raw.send("x".repeat(100_000))
        yield* TestClock.adjust(5_000)
        assert.strictEqual(yield* reading, 300_000)
      })
    )
  )

  it.effect("the total, in any step", () =>
    Effect.gen(function* () {
      const head = yield* begun({ timeouts: { total: 100 } }, { url: "" }, () => Effect.void)
      tells(head, { _tag: "RequestTimedOut", code: "ERR_HTTPFX_TOTAL_TIMEOUT", phase: "head" })
      const body = yield* begun({ timeouts: { total: 100 } }, { url: "" }, (raw) =>
        raw.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nx")
      )
      tells(body, { _tag: "RequestTimedOut", phase: "body" })
    })
  )

  it.effect("inactivity within the body counts again after the reader's backpressure", () =>
    withClient(memory, { timeouts: { body: 100 } })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        let taken = 0
        const reading = yield* Effect.fork(
          Effect.flatMap(Client.request({ url }), (response) =>
            Stream.runForEach(response.body, (slice) => {
              taken += slice.length
              return taken === slice.length ? Effect.sleep(5_000) : Effect.void
            })
          )
        )
        const raw = yield* accept
        yield* raw.head
        // The server sends one byte less than announced. All sent bytes have arrived when the reader
        // continues.
        yield* raw.send("HTTP/1.1 200 OK\r\nContent-Length: 200001\r\n\r\n" + "x".repeat(200_000))
        yield* TestClock.adjust(5_000)
        yield* Effect.repeat(Effect.yieldNow(), { until: () => taken === 200_000 })
        const error = yield* failsAt(reading, 100)
        tells(error, { _tag: "BodyTimedOut", phase: "body", limit: 100 })
      })
    )
  )

  it.effect("the total, while each step keeps its own limit", () =>
    withClient(memory, { timeouts: { total: 500, head: 400, body: 90 } })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        yield* raw.head
        yield* TestClock.adjust(300)
        yield* raw.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for (let i = 0; i < 2; i++) {
          yield* TestClock.adjust(80)
          yield* raw.send("x")
          yield* TestClock.adjust(0)
        }
        const error = yield* failsAt(fiber, 40)
        tells(error, { _tag: "RequestTimedOut", phase: "body", limit: 500 })
      })
    )
  )

  it.effect("every inactivity, by the agent's `timeout`, which a request may disable", () =>
    Effect.gen(function* () {
      const error = yield* begun({ timeout: 100 }, { url: "" }, () => Effect.void)
      tells(error, { _tag: "HeadTimedOut", limit: 100 })
      yield* withClient(memory, { timeout: 100 })(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          const fiber = yield* Effect.fork(text({ url, timeouts: { head: "1 minute" } }))
          const raw = yield* accept
          yield* raw.head
          yield* TestClock.adjust(1_000)
          yield* raw.send(ok("x"))
          assert.strictEqual(yield* fiber, "x")
          yield* TestClock.adjust(100)
          assert.strictEqual(raw.state(), "fin")
        })
      )
    })
  )
})

describe("Limits", () => {
  const late = (
    server: RawPeer.RawServer,
    request: Effect.Effect<unknown, unknown, Client.Client | HttpClient.HttpClient>
  ) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(request)
      const raw = yield* server.accept
      yield* raw.head
      yield* TestClock.adjust(100)
      return yield* Effect.flip(Fiber.join(fiber))
    })

  it.effect("of a request override the client's, which override the agent's", () =>
    withClient(memory, { timeout: 3, timeouts: { head: 2_000 } })(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const error = yield* late(server, Client.request({ url: server.url, timeouts: { head: 100 } }))
        tells(error, { _tag: "HeadTimedOut", limit: 100 })
      })
    )
  )

  it.effect("apply to platform's client through the fiber, and are the cause of its error", () =>
    withClient(memory)(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const request = HttpClient.get(server.url).pipe(
          Client.withRequestOptions({ timeouts: { head: 100 } }),
          Client.withRequestOptions({ timeouts: { head: 5, total: 1_000 } })
        )
        const error = yield* late(server, request)
        tells(error, { _tag: "RequestError", reason: "Transport" })
        tells((error as Error).cause, { _tag: "HeadTimedOut", limit: 100 })
      })
    )
  )

  it.effect("cost no timer if there are none, and none per request otherwise", () =>
    Effect.gen(function* () {
      const clock = VirtualClock.make()
      const timers = Timers.fromClock(clock)
      const made = (options: Client.Options) => {
        let made = 0
        const at: Timers.Timers["at"] = (deadline, f) => {
          made++
          return timers.at(deadline, f)
        }
        const counting = Object.create(clock, {
          [Timers.ClockTimers]: { value: { ...timers, now: () => timers.now(), at } }
        })
        const exchanges = Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          const first = yield* Effect.fork(text({ url }))
          const raw = yield* accept
          for (let i = 1; i <= 20; i++) {
            const fiber = i === 1 ? first : yield* Effect.fork(text({ url }))
            yield* raw.head
            yield* raw.send(ok("x"))
            yield* fiber
          }
          return made
        })
        return Effect.withClock(withClient(memory, options)(exchanges), counting)
      }
      const unset = yield* made({ idleTimeout: "1 hour" })
      const set = yield* made({ idleTimeout: "1 hour", timeouts: { head: 5_000, total: 6_000, body: 1_000 } })
      assert.isAtMost(set - unset, 3)
    })
  )

  it.effect("apply to requests over another agent too", () =>
    withClient(memory, { timeouts: { head: 100 } })(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const agent = yield* Agent.make({ timeout: 3 })
        const error = yield* late(server, Client.request({ url: server.url, agent }))
        tells(error, { _tag: "HeadTimedOut", limit: 100 })
        assert.strictEqual((yield* agent.state).closed.get("TimedOut"), 1)
      })
    )
  )
})
