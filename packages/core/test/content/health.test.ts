// Health checks on a separate port: their results, their time limits, and readiness from the start to the
// shutdown.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import type { Network } from "@httpfx/core"
import { Health, Server } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { last } from "../support/served.js"

const inMemory = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())
const host = "127.0.0.1"

/** Sends a request to the port of the health checks. */
const asked = (path: string, method = "GET") =>
  Effect.scoped(
    Effect.gen(function* () {
      const client = yield* RawPeer.connect({ host, port: 9000 })
      yield* client.send(last(path).replace("GET", method))
      const text = yield* client.rest
      const [head = "", body = ""] = text.split("\r\n\r\n")
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1])
      return { head, status, body: body === "" ? undefined : (JSON.parse(body) as Record<string, unknown>) }
    })
  )

const app = HttpServer.serve(HttpServerResponse.text("hello"))
const serverOf = (options: Server.ServerOptions = {}) =>
  Server.layer({ host, port: 80, idleConnectionGrace: 0, ...options })

/** A server with an app, and its health checks on port 9000. */
const world = (options: Health.AppOptions = {}) =>
  Layer.merge(app, Health.layer({ host, port: 9000, ...options })).pipe(Layer.provideMerge(serverOf()))

const running = <A, E>(
  options: Health.AppOptions,
  test: Effect.Effect<A, E, Network.Network | VirtualClock.VirtualClock>
) => Effect.zipRight(Layer.build(world(options)), test).pipe(Effect.scoped, Effect.provide(inMemory))

describe("Health", () => {
  it.live("passes without checks, and is not cached", () =>
    running(
      {},
      Effect.gen(function* () {
        for (const path of ["/livez", "/readyz"]) {
          const { body, head, status } = yield* asked(path)
          assert.strictEqual(status, 200)
          assert.deepStrictEqual(body, { status: "pass", state: "ready", checks: {} })
          assert.match(head, /^content-type: application\/json/im)
          assert.match(head, /^cache-control: no-store$/im)
        }
        assert.deepInclude(yield* asked("/readyz", "HEAD"), { status: 200, body: undefined })
        assert.deepInclude(yield* asked("/"), { status: 404 })
      })
    )
  )

  const failures: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>, string]> = [
    ["an error", Effect.fail(new Error("no connection")), "no connection"],
    ["a text", Effect.fail("no connection"), "no connection"],
    ["an object without text", Effect.fail(Object.create(null)), "an object"],
    ["a defect", Effect.die(new Error("a defect")), "a defect"],
    ["a throw", Effect.sync(() => JSON.parse("{")), "JSON"],
    ["an interruption", Effect.interrupt, "interrupted"],
    ["a password", Effect.fail(new Error("no http://user:hunter2@db/")), "no http://REDACTED:REDACTED@db/"]
  ]
  it.live.each(failures)("names the check that failed, by %s", ([, check, message]) =>
    running(
      { ready: { good: Effect.succeed(1), bad: check }, live: { alive: Effect.void } },
      Effect.gen(function* () {
        const { body, status } = yield* asked("/readyz")
        assert.strictEqual(status, 503)
        const { bad, good } = body!["checks"] as Record<string, Health.Result>
        assert.deepStrictEqual(good, { status: "pass", millis: 0 })
        assert.strictEqual(bad!.status, "fail")
        assert.include(bad!.error, message)
        assert.deepInclude(yield* asked("/livez"), { status: 200 })
      })
    )
  )

  it.live("fails liveness only by checks of liveness", () =>
    running(
      { live: { loop: Effect.fail("stuck") } },
      Effect.gen(function* () {
        assert.deepInclude(yield* asked("/livez"), { status: 503 })
        assert.deepInclude(yield* asked("/readyz"), { status: 200 })
      })
    )
  )

  it.live("runs checks concurrently, each within its time limit", () =>
    running(
      {
        timeout: "500 millis",
        ready: {
          slow: Effect.sleep("400 millis"),
          slower: Effect.sleep("450 millis"),
          never: Effect.never,
          stuck: Effect.uninterruptible(Effect.sleep("3 seconds"))
        }
      },
      Effect.gen(function* () {
        const answer = yield* Effect.fork(asked("/readyz"))
        yield* VirtualClock.advance("499 millis")
        assert.isTrue((yield* Fiber.poll(answer))._tag === "None")
        yield* VirtualClock.advance("1 millis")
        const { body, status } = yield* answer
        assert.strictEqual(status, 503)
        const error = "no result within 500ms"
        assert.deepStrictEqual(body!["checks"], {
          slow: { status: "pass", millis: 400 },
          slower: { status: "pass", millis: 450 },
          never: { status: "fail", millis: 500, error },
          stuck: { status: "fail", millis: 500, error }
        })
      })
    )
  )

  it.live("does not start a check that is still running", () => {
    let started = 0
    const stuck = Effect.zipRight(
      Effect.sync(() => started++),
      Effect.uninterruptible(Effect.sleep("10 seconds"))
    )
    return running(
      { timeout: "1 second", ready: { stuck } },
      Effect.gen(function* () {
        const three = yield* Effect.fork(Effect.all([asked("/readyz"), asked("/readyz"), asked("/readyz")]))
        yield* VirtualClock.advance("4 seconds")
        for (const { status } of yield* three) assert.strictEqual(status, 503)
        assert.strictEqual(started, 1)
        yield* VirtualClock.advance("7 seconds")
        const again = yield* Effect.fork(asked("/readyz"))
        yield* VirtualClock.advance("1 second")
        yield* again
        assert.strictEqual(started, 2)
      })
    )
  })

  it.effect("runs a check only once at a time, wherever fibers yield, and again after it has ended", () => {
    let runs = 0
    let most = 0
    let all = 0
    const check = Effect.acquireUseRelease(
      Effect.sync(() => {
        all++
        most = Math.max(most, ++runs)
      }),
      () => Effect.yieldNow(),
      () => Effect.sync(() => runs--)
    )
    const request = HttpServerRequest.fromWeb(new Request("http://a.test/readyz"))
    return Effect.gen(function* () {
      const answers = yield* Health.app({ state: Effect.succeed("ready") }, { ready: { check } })
      const ask = Effect.scoped(Effect.provideService(answers, HttpServerRequest.HttpServerRequest, request))
      for (let ops = 16; ops <= 80; ops++) {
        const before = all
        const asked = Effect.all(Array<typeof ask>(5).fill(ask), { concurrency: "unbounded" })
        yield* Effect.withMaxOpsBeforeYield(asked, ops)
        assert.isAbove(all, before, "the result of an earlier run was told")
      }
      assert.strictEqual(most, 1)
    })
  })

  it.live("uses the paths of its options, and shows no details with `detail: false`", () =>
    running(
      { livePath: "/a", readyPath: "/b", detail: false, ready: { bad: Effect.fail("secret") } },
      Effect.gen(function* () {
        assert.deepInclude(yield* asked("/a"), { status: 200, body: { status: "pass" } })
        assert.deepInclude(yield* asked("/b"), { status: 503, body: { status: "fail" } })
        assert.deepInclude(yield* asked("/livez"), { status: 404 })
      })
    )
  )

  it.live("gives checks the services of its layer", () => {
    class Database extends Context.Tag("Database")<
      Database,
      { readonly ping: Effect.Effect<void, string> }
    >() {}
    const database = Layer.succeed(Database, { ping: Effect.fail("gone") })
    const ping = Effect.flatMap(Database, ({ ping }) => ping)
    const health = Layer.provide(Health.layer({ host, port: 9000, ready: { ping } }), database)
    return Effect.gen(function* () {
      yield* Layer.build(Layer.provide(Layer.merge(app, health), serverOf()))
      assert.deepInclude(yield* asked("/readyz"), { status: 503 })
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  })

  it.live(
    "is ready only while an app is served, and not in the lame-duck phase or the drain, but always live",
    () =>
      Effect.gen(function* () {
        let ran = 0
        const scope = yield* Scope.make()
        const done = yield* Deferred.make<void>()
        const slow = HttpServer.serve(Effect.as(Deferred.await(done), HttpServerResponse.text("done")))
        const check = Effect.sync(() => ran++)
        const options = { lameDuckPeriod: "5 seconds", gracefulShutdownTimeout: "10 seconds" } as const
        const context = yield* Layer.buildWithScope(serverOf(options), scope)
        const server = Context.get(context, Server.Server)
        const build = <E>(
          layer: Layer.Layer<never, E, Server.Server | HttpServer.HttpServer | Network.Network>
        ) => Layer.buildWithScope(Layer.provide(layer, Layer.succeedContext(context)), scope)
        yield* build(Health.layer({ host, port: 9000, ready: { check } }))
        const states = Effect.map(Effect.all([asked("/readyz"), asked("/livez")]), ([ready, live]) => [
          ready.body!["state"],
          ready.status,
          live.status
        ])
        assert.deepStrictEqual(yield* states, ["starting", 503, 200])
        yield* build(slow)
        assert.deepStrictEqual(yield* states, ["ready", 200, 200])
        const client = yield* RawPeer.connect({ host, port: 80 })
        yield* client.send(last())
        yield* VirtualClock.settle
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* VirtualClock.settle
        assert.deepStrictEqual(yield* states, ["lameDuck", 503, 200])
        yield* VirtualClock.advance("5 seconds")
        assert.deepStrictEqual(yield* states, ["draining", 503, 200])
        assert.strictEqual(ran, 1)
        yield* Deferred.succeed(done, undefined)
        yield* client.rest
        yield* client.end
        yield* VirtualClock.settle
        yield* closing
        assert.strictEqual(yield* server.state, "closed")
        assert.isTrue(Exit.isFailure(yield* Effect.exit(asked("/livez"))))
      }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("answers until its server has closed, wherever its layer is provided", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const slow = HttpServer.serve(Effect.as(Effect.sleep("5 seconds"), HttpServerResponse.text("done")))
      const health = Health.layer({ host, port: 9000 })
      yield* Layer.buildWithScope(Layer.provide(Layer.merge(slow, health), serverOf()), scope)
      const client = yield* RawPeer.connect({ host, port: 80 })
      yield* client.send(last())
      yield* VirtualClock.settle
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* VirtualClock.advance("4 seconds")
      assert.deepInclude(yield* asked("/readyz"), { status: 503 })
      assert.deepInclude(yield* asked("/livez"), { status: 200 })
      yield* VirtualClock.advance("1 second")
      yield* client.rest
      yield* client.end
      yield* closing
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("leaves other paths to an app, with the services of its layer and a scope per request", () =>
    Effect.gen(function* () {
      class Name extends Context.Tag("Name")<Name, string>() {}
      const events: Array<string> = []
      const fallback = Effect.gen(function* () {
        const { url } = yield* HttpServerRequest.HttpServerRequest
        yield* Effect.addFinalizer(() => Effect.sync(() => events.push(`end of ${url}`)))
        if (url === "/broken") return yield* Effect.fail("broken")
        return HttpServerResponse.unsafeJson({ name: yield* Name, url })
      })
      const ready = { dependency: Effect.void }
      const health = Health.layer({ host, port: 9000, ready, fallback })
      yield* Layer.build(Layer.merge(app, Layer.provide(health, Layer.succeed(Name, "metrics")))).pipe(
        Effect.provide(yield* Layer.build(serverOf()))
      )
      assert.deepInclude(yield* asked("/metrics"), {
        status: 200,
        body: { name: "metrics", url: "/metrics" }
      })
      assert.deepInclude(yield* asked("/broken"), { status: 500 })
      assert.deepStrictEqual(events, ["end of /metrics", "end of /broken"])
      assert.deepInclude(yield* asked("/readyz"), { status: 200 })
    }).pipe(Effect.scoped, Effect.provide(inMemory), Logger.withMinimumLogLevel(LogLevel.None))
  )

  const invalid: ReadonlyArray<readonly [string, unknown]> = [
    ["timeout", 0],
    ["timeout", "Infinity"],
    ["timeout", "soon"],
    ["livePath", "livez"],
    ["readyPath", 1],
    ["fallback", () => 1]
  ]
  it.live.each(invalid)("refuses the option %s with the value %s", ([option, value]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(world({ [option]: value })))
      assert.deepInclude(error, { _tag: "InvalidOption", option })
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("refuses a check that is not an effect", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(world({ ready: { db: (() => 1) as never } })))
      assert.deepInclude(error, { _tag: "InvalidOption", option: "ready.db" })
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )
})
