// Retries: their conditions, delays and limits, and the results that are passed on unchanged.
import { assert, describe, it } from "@effect/vitest"
import { HttpClient, HttpClientRequest } from "@effect/platform"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { Client, HttpError, Retry } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { retryAfter } from "../../src/internal/client/retryFacts.js"
import { ok, withClient } from "../support/withClient.js"

const run = withClient(MemoryNetwork.layer(), { idleTimeout: "1 minute" })

const status = (code: number, fields = "", body = "no") =>
  `HTTP/1.1 ${code} Status\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`

type Answer = string | ((raw: RawPeer.RawPeer) => Effect.Effect<void, RawPeer.WireMismatch>)
const reset = (raw: RawPeer.RawPeer) => raw.reset

/**
 * Makes a request to a server that gives these responses one after the other, if necessary on new
 * connections.
 */
const asked = (options: Retry.Options, request: Client.Request, answers: ReadonlyArray<Answer>) =>
  Effect.gen(function* () {
    const server = yield* RawPeer.listen()
    const retries: Array<Retry.Retried> = []
    const stops: Array<Retry.Stopped> = []
    const policy = yield* Retry.make({
      onRetry: (retry) => Effect.sync(() => retries.push(retry)),
      onStop: (stop) => Effect.sync(() => stops.push(stop)),
      ...options
    })
    const client = Retry.client(policy)(yield* Client.Client)
    const fiber = yield* Effect.fork(
      Effect.either(
        Effect.flatMap(client.request({ ...request, url: `${server.url}/` }), (response) =>
          Effect.map(response.text, (text) => ({ status: response.status, text }))
        )
      )
    )
    let raw = yield* server.accept
    for (const [index, answer] of answers.entries()) {
      yield* raw.head
      if (typeof answer === "string") yield* raw.send(answer)
      else yield* answer(raw)
      if (index === answers.length - 1) break
      yield* Effect.repeat(Effect.yieldNow(), { until: () => retries.length > index })
      // The retry was reported just before its delay starts, so let the delay start first.
      yield* TestClock.adjust(0)
      yield* TestClock.adjust(retries.at(-1)!.delay)
      if (typeof answer === "string") continue
      raw = yield* server.accept
    }
    const result = yield* Fiber.join(fiber)
    return { result, retries, stops, accepted: server.count(), policy, server }
  })

describe("Retry", () => {
  it.effect("repeats after a transient status, on the same connection", () =>
    run(
      Effect.gen(function* () {
        const { accepted, result, retries, server } = yield* asked({}, { url: "" }, [status(503), ok("yes")])
        assert.deepStrictEqual(yield* result, { status: 200, text: "yes" })
        assert.strictEqual(accepted, 1)
        assert.deepInclude(retries[0], {
          attempt: 1,
          method: "GET",
          origin: server.url,
          what: { status: 503 }
        })
        assert.isAtMost(retries[0]!.delay, 200)
      })
    )
  )

  it.effect("repeats after a lost connection", () =>
    run(
      Effect.gen(function* () {
        const { accepted, result } = yield* asked({}, { url: "" }, [reset, ok("yes")])
        assert.deepInclude(yield* result, { text: "yes" })
        assert.strictEqual(accepted, 2)
      })
    )
  )

  it.effect("passes the last response on with its body, and the last error with its facts", () =>
    run(
      Effect.gen(function* () {
        const answered = yield* asked({ times: 1 }, { url: "" }, [status(503), status(503, "", "last")])
        assert.deepStrictEqual(yield* answered.result, { status: 503, text: "last" })
        assert.deepInclude(answered.stops[0], { reason: "TimesUsed", retried: 1, what: { status: 503 } })
        const lost = yield* asked({ times: 1 }, { url: "" }, [reset, reset])
        const error = yield* Effect.flip(lost.result)
        assert.deepInclude(error, { _tag: "ConnectionReset", written: "all" })
      })
    )
  )

  const once: ReadonlyArray<readonly [string, Client.Request, Answer, string]> = [
    [
      "a POST that the server may have acted on",
      { url: "", method: "POST", body: "x" },
      reset,
      "NotIdempotent"
    ],
    [
      "a streamed body",
      { url: "", method: "PUT", body: Stream.make(new Uint8Array(1)) },
      status(503),
      "NotReplayable"
    ],
    [
      "a server that asks for too long a wait",
      { url: "" },
      status(503, "Retry-After: 3600\r\n"),
      "AskedForTooLong"
    ],
    [
      "a server that asks for a wait beyond a number's range",
      { url: "" },
      status(503, `Retry-After: ${"9".repeat(400)}\r\n`),
      "AskedForTooLong"
    ],
    [
      "a server that asks for a date too far away",
      { url: "" },
      status(503, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"),
      "AskedForTooLong"
    ],
    ["a response that is not HTTP", { url: "" }, (raw) => raw.send("HTTP/9.9 x\r\n\r\n"), "NotTransient"]
  ]
  for (const [name, request, answer, reason] of once) {
    it.effect(`does not repeat ${name}`, () =>
      run(
        Effect.gen(function* () {
          const { retries, stops } = yield* asked({}, request, [answer])
          assert.lengthOf(retries, 0)
          assert.strictEqual(stops[0]?.reason, reason)
        })
      )
    )
  }

  it.effect("repeats any method if nothing was sent", () =>
    run(
      Effect.gen(function* () {
        const retries: Array<Retry.Retried> = []
        const policy = yield* Retry.make({ onRetry: (retry) => Effect.sync(() => retries.push(retry)) })
        const client = Retry.client(policy)(yield* Client.Client)
        const refused = yield* Effect.fork(
          Effect.flip(client.request({ method: "POST", url: "http://127.0.0.1:9" }))
        )
        yield* Effect.repeat(Effect.zipRight(TestClock.adjust(1_000), Effect.yieldNow()), {
          until: () => refused.unsafePoll() !== null
        })
        assert.instanceOf(yield* refused, HttpError.ConnectionRefused)
        assert.deepStrictEqual(
          retries.map(({ attempt }) => attempt),
          [1, 2]
        )
      })
    )
  )

  it.effect("waits at least as long as the server asks", () =>
    run(
      Effect.gen(function* () {
        const { retries } = yield* asked({}, { url: "" }, [status(429, "Retry-After: 7\r\n"), ok("yes")])
        assert.isAtLeast(retries[0]!.delay, 7_000)
        assert.isAtMost(retries[0]!.delay, 7_200)
      })
    )
  )

  it.effect("spends a budget shared by all requests to an origin", () =>
    run(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const stops: Array<string> = []
        let retries = 0
        const policy = yield* Retry.make({
          times: 1,
          budgetBurst: 3,
          budgetPerSecond: 0,
          budgetRatio: 0,
          base: 0,
          onRetry: () => Effect.sync(() => void retries++),
          onStop: ({ reason }) => Effect.sync(() => void stops.push(reason))
        })
        const client = Retry.client(policy)(yield* Client.Client)
        assert.strictEqual(yield* policy.budget(server.url), 3)
        const all = yield* Effect.fork(
          Effect.forEach(Array.from({ length: 5 }), () =>
            Effect.flatMap(client.request({ url: server.url }), (r) => r.text)
          )
        )
        const raw = yield* server.accept
        // The budget permits three retries, so three of the five requests are sent twice.
        // two.
        for (let i = 1; i <= 8; i++) {
          yield* raw.head
          yield* raw.send(status(503))
          yield* Effect.repeat(Effect.yieldNow(), { until: () => retries + stops.length === i })
          yield* TestClock.adjust(0)
        }
        yield* all
        assert.deepStrictEqual(stops, ["TimesUsed", "TimesUsed", "TimesUsed", "BudgetEmpty", "BudgetEmpty"])
        assert.strictEqual(yield* policy.budget(server.url), 0)
        assert.strictEqual(yield* policy.budget("http://elsewhere:80"), 3)
      })
    )
  )

  it.effect("works on platform's client, and closes the connection of a large discarded response", () =>
    run(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const client = Retry.httpClient(yield* Retry.make())(yield* HttpClient.HttpClient)
        const fiber = yield* Effect.fork(
          Effect.flatMap(client.execute(HttpClientRequest.get(server.url)), (response) => response.text)
        )
        const raw = yield* server.accept
        yield* raw.head
        yield* raw.send("HTTP/1.1 503 Busy\r\nContent-Length: 9000000\r\n\r\n" + "x".repeat(100_000))
        yield* Effect.repeat(Effect.zipRight(TestClock.adjust(100), Effect.yieldNow()), {
          until: () => server.count() === 2
        })
        const fresh = yield* server.accept
        yield* fresh.head
        yield* fresh.send(ok("yes"))
        assert.strictEqual(yield* fiber, "yes")
        yield* raw.expectClosed
      })
    )
  )

  it.effect("is switched off by `Client.without`, with both clients", () =>
    run(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const client = Retry.client(yield* Retry.make())(yield* Client.Client)
        const url = `${server.url}/`
        const both = Effect.all([
          Effect.map(client.request({ url }), (response) => response.status),
          Effect.map(client.httpClient.get(url), (response) => response.status)
        ])
        const fiber = yield* Effect.fork(Client.without("retries")(both))
        const raw = yield* server.accept
        for (const code of [503, 429]) {
          yield* raw.head
          yield* raw.send(status(code))
        }
        assert.deepStrictEqual(yield* fiber, [503, 429])
      })
    )
  )

  it.effect("ends when interrupted while waiting", () =>
    run(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const client = Retry.client(yield* Retry.make({ base: "1 hour", cap: "1 hour" }))(
          yield* Client.Client
        )
        const fiber = yield* Effect.fork(client.request({ url: server.url }))
        const raw = yield* server.accept
        yield* raw.head
        yield* raw.send(status(503))
        yield* TestClock.adjust(1)
        yield* Fiber.interrupt(fiber)
        assert.deepInclude(yield* Effect.flatMap(Client.Client, (c) => c.connections), { connecting: 0 })
      })
    )
  )
})

describe("Retry-After", () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 30)
  const cases: ReadonlyArray<readonly [string, number | undefined]> = [
    ["120", 120_000],
    ["0", 0],
    ["0000000000120", 120_000],
    ["9999999999", 9_999_999_999_000],
    ["99999999999", 99_999_999_999_000],
    ["9".repeat(30), Number.MAX_SAFE_INTEGER],
    ["9".repeat(400), Number.MAX_SAFE_INTEGER],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 7_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 7_000],
    ["Sun Nov  6 08:49:37 1994", 7_000],
    ["Sun, 06 Nov 1994 08:49:60 GMT", 29_000],
    ["Sunday, 06-Nov-94 08:49:60 GMT", 29_000],
    ["Sun Nov  6 08:49:60 1994", 29_000],
    ["Fri, 31 Dec 9999 23:59:59 GMT", Date.UTC(9999, 11, 31, 23, 59, 59) - now],
    ["Sun, 06 Nov 1994 08:49:00 GMT", 0],
    ["", undefined],
    ["-1", undefined],
    ["+1", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["120, 7", undefined],
    ["Sun, 06 Nov 1994 25:00:00 GMT", undefined],
    ["soon", undefined],
    ["2024-01-01T00:00:00Z", undefined]
  ]
  for (const [value, expected] of cases) {
    it(`${value.slice(0, 40)}, ${value.length} characters, is ${expected}`, () =>
      assert.strictEqual(retryAfter(value, now), expected))
  }
})
