/**
 * Limits on the requests per origin, with both clients, in virtual time: rate, concurrency, `Retry-After`,
 * order, and requests that are aborted while they wait.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import { pipe } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Client, type Network, RateLimit, Retry } from "@httpfx/core"
import { MemoryNetwork, Origin, Quiet, VirtualClock } from "@httpfx/testing"

const world = Layer.provideMerge(
  Client.layer,
  Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())
)
const after = VirtualClock.advance
const ok = HttpServerResponse.text("ok")
const slow = (time: "1 second" | "10 seconds") => () => Effect.delay(Effect.succeed(ok), time)
const busy = (seconds: string, status = 429) =>
  HttpServerResponse.empty({ status, headers: { "retry-after": seconds } })

const faces: Record<string, (client: Client.Service, url: string) => Effect.Effect<number, unknown>> = {
  Client: (client, url) =>
    Effect.flatMap(client.request({ url }), ({ status, text }) => Effect.as(text, status)),
  "platform's": (client, url) =>
    Effect.flatMap(client.httpClient.get(url), ({ status, text }) => Effect.as(text, status))
}

describe.each(Object.keys(faces))("Limits of the %s client", (name) => {
  interface World {
    readonly ask: (path: string, host?: string) => Effect.Effect<number, unknown>
    readonly limits: RateLimit.RateLimit
    /** For each call to a.test, its path and its time in seconds. */
    readonly calls: Effect.Effect<ReadonlyArray<string>>
  }
  const run = <A, E>(
    options: RateLimit.Options,
    reply: Origin.Route["reply"],
    test: (
      world: World
    ) => Effect.Effect<A, E, Scope.Scope | Client.Client | Network.Network | VirtualClock.VirtualClock>,
    compose: (client: Client.Service) => Client.Service = (same) => same
  ) =>
    Effect.gen(function* () {
      const origins = yield* Effect.forEach(["a.test", "b.test"], (host) =>
        Origin.make({ host }, { reply, optional: true })
      )
      const limits = yield* RateLimit.make(options)
      const client = pipe(yield* Client.Client, RateLimit.client(limits), compose)
      const begun = VirtualClock.epoch
      return yield* test({
        limits,
        ask: (path, host = "a.test") => faces[name]!(client, `http://${host}${path}`),
        calls: Effect.map(origins[0]!.calls, (calls) =>
          calls.map(({ target, time }) => `${target} ${(time - begun) / 1000}`)
        )
      })
    }).pipe(Effect.scoped, Effect.provide(world))
  const paths = (count: number) => Array.from({ length: count }, (_, i) => `/${i}`)
  const all = (ask: World["ask"], count: number) =>
    Effect.forEach(paths(count), (path) => ask(path), { concurrency: "unbounded" })

  it.live("start at most `requests` requests per interval, in order", () =>
    run({ requests: 3, interval: "10 seconds" }, ok, ({ ask, calls }) =>
      Effect.gen(function* () {
        yield* Quiet.complete(all(ask, 8))
        assert.deepStrictEqual(yield* calls, [
          "/0 0",
          "/1 0",
          "/2 0",
          "/3 10",
          "/4 10",
          "/5 10",
          "/6 20",
          "/7 20"
        ])
      })
    )
  )

  it.live("apply to every interval, wherever it begins", () =>
    run({ requests: 2, interval: "10 seconds" }, ok, ({ ask, calls }) =>
      Effect.gen(function* () {
        yield* after("1 seconds")
        yield* Quiet.complete(ask("/a"))
        yield* after("8 seconds")
        yield* Quiet.complete(Effect.all([ask("/b"), ask("/c"), ask("/d")], { concurrency: "unbounded" }))
        assert.deepStrictEqual(yield* calls, ["/a 1", "/b 9", "/c 11", "/d 19"])
      })
    )
  )

  it.live("allow at most `concurrency` requests to wait for a response, in order", () =>
    run({ concurrency: 2 }, slow("1 second"), ({ ask, calls, limits }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(all(ask, 5))
        yield* after(0)
        assert.strictEqual(yield* limits.waiting("http://a.test"), 3)
        assert.strictEqual(yield* limits.waiting("http://b.test"), 0)
        yield* after("1 minute")
        yield* fiber
        assert.deepStrictEqual(yield* calls, ["/0 0", "/1 0", "/2 1", "/3 1", "/4 2"])
      })
    )
  )

  it.live("apply to each origin separately", () =>
    run({ requests: 1, interval: "1 hour" }, ok, ({ ask }) =>
      Effect.gen(function* () {
        yield* Quiet.complete(Effect.all([ask("/"), ask("/", "b.test")], { concurrency: 2 }), {
          maxTime: "1 minute"
        })
      })
    )
  )

  it.live.each([429, 503])("pause an origin for the `Retry-After` of a %i", (status) =>
    run({}, [busy("20", status), ok], ({ ask, calls }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* Quiet.complete(ask("/0")), status)
        yield* after("5 seconds")
        yield* Quiet.complete(all(ask, 2))
        yield* Quiet.complete(ask("/b", "b.test"), { maxTime: "1 second" })
        assert.deepStrictEqual(yield* calls, ["/0 0", "/0 20", "/1 20"])
      })
    )
  )

  it.live(
    "accept a date in `Retry-After`, pause for `maxRetryAfter` at most, and not for other statuses",
    () =>
      run(
        { maxRetryAfter: "10 seconds" },
        [
          busy(new Date(VirtualClock.epoch + 5_000).toUTCString()),
          busy("1000"),
          busy("1000", 404),
          busy("nonsense"),
          ok
        ],
        ({ ask, calls }) =>
          Effect.gen(function* () {
            for (const path of paths(5)) yield* Quiet.complete(ask(path))
            assert.deepStrictEqual(yield* calls, ["/0 0", "/1 5", "/2 15", "/3 15", "/4 15"])
          })
      )
  )

  it.live("pause requests that are already waiting", () =>
    run({ requests: 2, interval: "5 seconds" }, [busy("20"), ok], ({ ask, calls }) =>
      Effect.gen(function* () {
        yield* Quiet.complete(all(ask, 4))
        assert.deepStrictEqual(yield* calls, ["/0 0", "/1 0", "/2 20", "/3 20"])
      })
    )
  )

  it.live("give the place of an interrupted request to the next request", () =>
    run({ concurrency: 1, requests: 2, interval: "1 minute" }, slow("10 seconds"), ({ ask, calls, limits }) =>
      Effect.gen(function* () {
        const [first, second, third] = yield* Effect.forEach(["/0", "/1", "/2"], (path) =>
          Effect.zipLeft(Effect.fork(ask(path)), after(0))
        )
        yield* Fiber.interrupt(second!)
        yield* after("1 seconds")
        yield* Fiber.interrupt(first!)
        yield* after("10 seconds")
        yield* third!
        assert.deepStrictEqual(yield* calls, ["/0 0", "/2 1"])
        const last = yield* Effect.fork(ask("/3"))
        yield* after(0)
        assert.strictEqual((yield* VirtualClock.pending).size > 0, true)
        yield* Fiber.interrupt(last)
        assert.strictEqual(yield* limits.waiting("http://a.test"), 0)
        // After the interruption, no timer of the limit is left.
        yield* after("20 seconds")
        assert.strictEqual((yield* VirtualClock.pending).size, 0)
      })
    )
  )

  it.live("release the place of a request that fails", () =>
    run({ concurrency: 1 }, [Origin.reset(), ok], ({ ask, calls }) =>
      Effect.gen(function* () {
        const both = Effect.all([Effect.either(ask("/0")), ask("/1")], { concurrency: 2 })
        const [failed, status] = yield* Quiet.complete(both)
        assert.deepStrictEqual([failed._tag, status], ["Left", 200])
        assert.strictEqual((yield* calls).length, 2)
      })
    )
  )

  it.live("count each attempt of a retry, which waits for `Retry-After`", () =>
    Effect.gen(function* () {
      const policy = yield* Retry.make({ base: 0 })
      yield* run(
        { requests: 1, interval: "3 seconds" },
        [busy("1"), ok],
        ({ ask, calls }) =>
          Effect.gen(function* () {
            assert.strictEqual(yield* Quiet.complete(ask("/")), 200)
            assert.deepStrictEqual(yield* calls, ["/ 0", "/ 3"])
          }),
        Retry.client(policy)
      )
    })
  )

  it.live("are switched off by `Client.without`", () =>
    run({ requests: 1, interval: "1 hour" }, ok, ({ ask, calls }) =>
      Effect.gen(function* () {
        yield* Quiet.complete(all(ask, 3).pipe(Client.without("limits")), { maxTime: "1 second" })
        assert.strictEqual((yield* calls).length, 3)
      })
    )
  )
})

describe("Limits", () => {
  it.effect("are refused by name if they are invalid", () =>
    Effect.gen(function* () {
      const cases = {
        requests: [0, -1, 1.5, NaN, "1"],
        interval: [-1, NaN, "soon"],
        concurrency: [0, 1.5, "1"],
        maxRetryAfter: [-1, "soon"]
      }
      for (const [option, values] of Object.entries(cases))
        for (const value of values)
          assert.deepInclude(yield* Effect.flip(RateLimit.make({ [option]: value })), {
            _tag: "InvalidOption",
            option
          })
    })
  )

  it("apply, in order, to requests that arrive, complete and are interrupted at any time", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(
        // All arrival times differ. Two requests at the same time would change places, because a timeout
        // forks a fiber.
        FastCheck.uniqueArray(
          FastCheck.record({
            at: FastCheck.nat(5_000),
            takes: FastCheck.nat(3_000),
            leaves: FastCheck.option(FastCheck.nat(3_000))
          }),
          { minLength: 1, maxLength: 30, selector: ({ at }) => at }
        ),
        FastCheck.integer({ min: 1, max: 5 }),
        FastCheck.integer({ min: 1, max: 4 }),
        async (arrivals, requests, concurrency) => {
          const interval = 1_000
          const begun: Array<{ readonly index: number; readonly time: number }> = []
          let active = 0
          let most = 0
          const sorted = [...arrivals].sort((one, other) => one.at - other.at)
          const test = Effect.gen(function* () {
            const limits = yield* RateLimit.make({ requests, interval, concurrency })
            const client = HttpClient.make((request) =>
              Effect.gen(function* () {
                const index = Number(request.url.slice("http://a.test/".length))
                begun.push({ index, time: yield* Clock.currentTimeMillis })
                most = Math.max(most, ++active)
                yield* Effect.sleep(sorted[index]!.takes)
                return HttpClientResponse.fromWeb(request, new Response())
              }).pipe(Effect.ensuring(Effect.sync(() => active--)))
            ).pipe(RateLimit.httpClient(limits))
            const ask = ({ at, leaves }: (typeof sorted)[number], index: number) =>
              client
                .get(`http://a.test/${index}`)
                .pipe(leaves === null ? Effect.asSome : Effect.timeoutOption(leaves), Effect.delay(at))
            yield* Quiet.complete(Effect.forEach(sorted, ask, { concurrency: "unbounded" }))
            assert.strictEqual(yield* limits.waiting("http://a.test"), 0)
          })
          await Effect.runPromise(Effect.provide(test, VirtualClock.layer()))
          assert.isAtMost(most, concurrency)
          assert.strictEqual(active, 0)
          const times = begun.map(({ time }) => time)
          times.forEach((time, i) => assert.isAtLeast(time - (times[i - requests] ?? -Infinity), interval))
          const order = begun.map(({ index }) => index)
          assert.deepStrictEqual(
            order,
            [...order].sort((one, other) => one - other)
          )
          const stayed = sorted.flatMap(({ leaves }, index) => (leaves === null ? [index] : []))
          assert.deepStrictEqual(
            stayed.filter((index) => !order.includes(index)),
            []
          )
        }
      ),
      { numRuns: 40 }
    ))

  it.live("can be shared by clients of both kinds", () =>
    Effect.gen(function* () {
      const origin = yield* Origin.make({ host: "a.test" }, { reply: ok })
      const limits = yield* RateLimit.make({ requests: 1, interval: "5 seconds" })
      const client = yield* Client.Client
      const ours = RateLimit.client(limits)(client)
      const platforms = RateLimit.httpClient(limits)(client.httpClient)
      const url = "http://a.test/"
      yield* Quiet.complete(Effect.all([ours.request({ url }), platforms.get(url)], { concurrency: 2 }))
      const [first, second] = yield* origin.calls
      assert.strictEqual(second!.time - first!.time, 5_000)
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("are kept for thousands of origins while an interval runs, and forgotten afterwards", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const anyClient = HttpClient.make((request, url) =>
        Effect.sync(() => {
          asked.push(url.host)
          return HttpClientResponse.fromWeb(request, new Response())
        })
      )
      const limits = yield* RateLimit.make({ requests: 1, interval: "1 hour" })
      const limited = RateLimit.httpClient(limits)(anyClient)
      const hosts = Array.from({ length: 1_200 }, (_, n) => `${n}.test`)
      const all = Effect.forEach(hosts, (host) => limited.get(`http://${host}/`), { discard: true })
      yield* all
      assert.lengthOf(asked, 1_200)
      // No host has been forgotten, so the second request to each of the oldest hosts must wait.
      const again = yield* Effect.forkScoped(
        Effect.forEach(hosts.slice(0, 100), (host) => limited.get(`http://${host}/`), {
          concurrency: "unbounded",
          discard: true
        })
      )
      yield* after("59 minutes")
      assert.lengthOf(asked, 1_200)
      yield* after("1 minute")
      yield* Fiber.join(again)
      assert.lengthOf(asked, 1_300)
      for (const host of hosts) assert.strictEqual(yield* limits.waiting(`http://${host}`), 0)
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
