// Rate limits of a server: token buckets in virtual time, bounded memory, keys, responses, and the events and
// metrics that show them.
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Metric from "effect/Metric"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { AccessLog, ExchangeOutcome, Network, Server, ServerRateLimit } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { servedOn } from "../support/served.js"

const take = (limiter: ServerRateLimit.Limiter, key = "a") =>
  Effect.map(limiter.take(key), (decision) =>
    decision._tag === "Allowed" ? 0 : Duration.toMillis(decision.retryAfter)
  )

const times = (limiter: ServerRateLimit.Limiter, count: number, key?: string) =>
  Effect.all(Array.from({ length: count }, () => take(limiter, key)))

describe("A token bucket", () => {
  it.effect("is full at first, and regains its tokens one by one", () =>
    Effect.gen(function* () {
      const limiter = yield* ServerRateLimit.memory({ requests: 2, interval: "1 second", burst: 3 })
      assert.deepStrictEqual(yield* times(limiter, 5), [0, 0, 0, 500, 500])
      yield* TestClock.adjust("499 millis")
      assert.deepStrictEqual(yield* times(limiter, 1), [1])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* times(limiter, 2), [0, 500])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* times(limiter, 4), [0, 0, 0, 500])
    })
  )

  it.effect("exists for each key", () =>
    Effect.gen(function* () {
      const limiter = yield* ServerRateLimit.memory({ requests: 1, interval: "1 minute" })
      assert.deepStrictEqual(yield* times(limiter, 2, "a"), [0, 60_000])
      assert.deepStrictEqual(yield* times(limiter, 2, "__proto__"), [0, 60_000])
      assert.deepStrictEqual(yield* times(limiter, 2, ""), [0, 60_000])
    })
  )

  it.effect("is dropped if there are more keys than `maxKeys`, the least recently used first", () =>
    Effect.gen(function* () {
      const limiter = yield* ServerRateLimit.memory({ requests: 1, interval: "1 minute", maxKeys: 2 })
      yield* take(limiter, "a")
      yield* take(limiter, "b")
      assert.strictEqual(yield* take(limiter, "a"), 60_000)
      yield* take(limiter, "c")
      assert.strictEqual(yield* take(limiter, "a"), 60_000)
      assert.strictEqual(yield* take(limiter, "b"), 0)
    })
  )

  it("never permits more requests than burst and refill, and permits a client that has waited as told", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 40 }),
        (requests, burst, pauses) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const limiter = yield* ServerRateLimit.memory({ requests, burst })
              let [passed, now] = [0, 0]
              for (const pause of pauses) {
                yield* TestClock.adjust(pause)
                now += pause
                if ((yield* take(limiter)) === 0) passed++
                assert.isAtMost(passed, burst + (now * requests) / 1000 + 1e-6)
              }
              const wait = yield* take(limiter)
              if (wait === 0) return
              yield* TestClock.adjust(wait)
              assert.strictEqual(yield* take(limiter), 0)
            }).pipe(Effect.provide(TestContext.TestContext))
          )
      ),
      { numRuns: 50 }
    ))

  const invalid: ReadonlyArray<readonly [string, object]> = [
    ["requests", {}],
    ["requests", { requests: 0 }],
    ["requests", { requests: 1.5 }],
    ["interval", { requests: 1, interval: -1 }],
    ["interval", { requests: 1, interval: 0 }],
    ["interval", { requests: 1, interval: Infinity }],
    ["burst", { requests: 1, burst: 0 }],
    ["maxKeys", { requests: 1, maxKeys: 0 }]
  ]
  it.effect.each(invalid)("refuses an invalid option: %s", ([option, options]) =>
    Effect.map(Effect.flip(ServerRateLimit.memory(options as ServerRateLimit.MemoryOptions)), (error) =>
      assert.deepInclude(error, { _tag: "InvalidOption", option })
    )
  )
})

describe("The middleware", () => {
  const served = servedOn(MemoryNetwork.layer())
  const ask = (localAddress: string, fields = "", target = "/") =>
    Effect.gen(function* () {
      const { address } = yield* Server.Server
      const peer = yield* RawPeer.make(yield* Network.connect(address, { localAddress }))
      yield* peer.send(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`)
      const text = yield* peer.rest
      return { status: Number(text.slice(9, 12)), text }
    }).pipe(Effect.scoped)
  const statuses = (...addresses: ReadonlyArray<string>) =>
    Effect.forEach(addresses, (address) => Effect.map(ask(address), ({ status }) => status))

  const limited = (options: ServerRateLimit.MemoryOptions, more?: ServerRateLimit.Options) =>
    Effect.map(ServerRateLimit.memory(options), (limiter) =>
      ServerRateLimit.middleware(limiter, more)(Effect.succeed(HttpServerResponse.text("served")))
    )

  it.effect("responds 429 with Retry-After, by address, and records it in outcome, log and metric", () =>
    Effect.gen(function* () {
      const app = yield* limited({ requests: 1, interval: "1500 millis" }, { name: "per-client" })
      const lines: Array<string> = []
      const watched = Effect.zipRight(
        ExchangeOutcome.onEnd((outcome) => void lines.push(AccessLog.formatJson(outcome))),
        app
      )
      yield* served(
        watched,
        Effect.gen(function* () {
          assert.strictEqual((yield* ask("192.0.2.1")).status, 200)
          const { status, text } = yield* ask("192.0.2.1")
          assert.strictEqual(status, 429)
          assert.match(text, /\r\nretry-after: 2\r\n/i)
          assert.match(text, /\r\n\r\n$/)
          assert.strictEqual((yield* ask("192.0.2.2")).status, 200)
        })
      )
      assert.deepInclude(JSON.parse(lines[1]!), { status: 429, rateLimit: "per-client" })
      assert.notProperty(JSON.parse(lines[0]!), "rateLimit")
      const counter = Metric.tagged(ServerRateLimit.limited, "limit", "per-client")
      assert.strictEqual((yield* Metric.value(counter)).count, 1)
    })
  )

  it.effect("counts IPv6 clients by network, IPv4-mapped ones as IPv4", () =>
    Effect.gen(function* () {
      const app = yield* limited({ requests: 1, interval: "1 hour" })
      yield* served(
        app,
        Effect.gen(function* () {
          const seen = yield* statuses(
            ...["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"],
            ...["192.0.2.1", "::ffff:192.0.2.1"]
          )
          assert.deepStrictEqual(seen, [200, 429, 200, 200, 429])
        })
      )
    })
  )

  it.effect("counts the clients behind trusted proxies, and all unknown clients together", () =>
    Effect.gen(function* () {
      const app = yield* limited({ requests: 1, interval: "1 hour" })
      const behind = (client: string) => ask("10.0.0.1", `X-Forwarded-For: ${client}\r\n`)
      yield* served(
        app,
        Effect.gen(function* () {
          const clients = [
            "203.0.113.1",
            "203.0.113.1",
            "6.6.6.6, 203.0.113.1",
            "203.0.113.2",
            "unknown",
            "_x"
          ]
          const seen = yield* Effect.forEach(clients, (client) => behind(client))
          assert.deepStrictEqual(
            seen.map(({ status }) => status),
            [200, 429, 429, 200, 200, 429]
          )
        }),
        { trustedProxies: ["10.0.0.0/8"] }
      )
    })
  )

  it.effect("accepts any key, and can be added to a single route", () =>
    Effect.gen(function* () {
      const limiter = yield* ServerRateLimit.memory({ requests: 1, interval: "1 hour" })
      const key = Effect.map(
        HttpServerRequest.HttpServerRequest,
        ({ headers }) => headers["x-tenant"] ?? "none"
      )
      const app = HttpRouter.empty.pipe(
        HttpRouter.get(
          "/limited",
          ServerRateLimit.middleware(limiter, { key })(Effect.succeed(HttpServerResponse.text("served")))
        ),
        HttpRouter.get("/free", HttpServerResponse.text("served"))
      )
      yield* served(
        app,
        Effect.gen(function* () {
          const seen = []
          for (const [tenant, target] of [
            ["a", "/limited"],
            ["b", "/limited"],
            ["a", "/limited"],
            ["a", "/free"]
          ])
            seen.push((yield* ask("192.0.2.1", `X-Tenant: ${tenant}\r\n`, target)).status)
          assert.deepStrictEqual(seen, [200, 200, 429, 200])
        })
      )
    })
  )

  it.effect("uses a custom limiter, whose error becomes the app's error", () =>
    Effect.gen(function* () {
      const keys: Array<string> = []
      const limiter: ServerRateLimit.Limiter<"store down"> = {
        take: (key) => {
          keys.push(key)
          if (keys.length === 1) return Effect.succeed(ServerRateLimit.allowed)
          if (keys.length === 2) return Effect.succeed({ _tag: "Limited", retryAfter: "0 millis" })
          return Effect.fail("store down" as const)
        }
      }
      const app = ServerRateLimit.middleware(limiter)(Effect.succeed(HttpServerResponse.text("served"))).pipe(
        Effect.catchAll((error) => Effect.succeed(HttpServerResponse.text(error, { status: 500 })))
      )
      yield* served(
        app,
        Effect.gen(function* () {
          assert.strictEqual((yield* ask("192.0.2.1")).status, 200)
          assert.match((yield* ask("192.0.2.1")).text, /retry-after: 1\r\n/i)
          assert.include((yield* ask("192.0.2.1")).text, "store down")
        })
      )
      assert.deepStrictEqual(keys, ["192.0.2.1", "192.0.2.1", "192.0.2.1"])
    })
  )

  it.effect("leaves the response to a handler that calls `take` itself, and adds Retry-After", () =>
    Effect.gen(function* () {
      const limiter = yield* ServerRateLimit.memory({ requests: 1, interval: "90 seconds" })
      const lines: Array<string> = []
      const app = Effect.gen(function* () {
        yield* ExchangeOutcome.onEnd((outcome) => void lines.push(AccessLog.formatJson(outcome)))
        const decision = yield* ServerRateLimit.take(limiter, { name: "by-itself" })
        return HttpServerResponse.text(decision._tag, { status: decision._tag === "Allowed" ? 200 : 420 })
      })
      yield* served(
        app,
        Effect.gen(function* () {
          const allowed = yield* ask("192.0.2.1")
          assert.strictEqual(allowed.status, 200)
          assert.notMatch(allowed.text, /retry-after/i)
          const { status, text } = yield* ask("192.0.2.1")
          assert.strictEqual(status, 420)
          assert.match(text, /\r\nretry-after: 90\r\n/i)
          assert.match(text, /\r\n\r\nLimited$/)
        })
      )
      assert.deepInclude(JSON.parse(lines[1]!), { status: 420, rateLimit: "by-itself" })
      const counter = Metric.tagged(ServerRateLimit.limited, "limit", "by-itself")
      assert.strictEqual((yield* Metric.value(counter)).count, 1)
    })
  )
})
