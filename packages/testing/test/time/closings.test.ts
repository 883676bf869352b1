/**
 * A test ends with its own result although its clock never advances, whatever is still open and in whatever
 * order its layers close.
 */
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterEach, assert, beforeEach, describe, expect, it, vi } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { Client, Exchange, Network, Server } from "@httpfx/core"
import { NodeWebSocket } from "@httpfx/node"
import { Leaks, MemoryNetwork, Quiet, RawPeer, VirtualClock, Wiretap } from "@httpfx/testing"
import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"

let printed: Array<string>
beforeEach(() => {
  printed = []
  vi.spyOn(console, "warn").mockImplementation((line: string) => void printed.push(line))
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** Completed when a request for `/slow` arrives. */
class Begun extends Effect.Service<Begun>()("Begun", { effect: Deferred.make<void>() }) {}

const app = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  switch (request.url) {
    case "/asleep":
    case "/kept":
    case "/never":
      yield* Deferred.succeed(yield* Begun, undefined)
      yield* request.url === "/never"
        ? Effect.never
        : request.url === "/kept"
          ? Effect.uninterruptible(Effect.sleep("1 hour"))
          : Effect.sleep("1 hour")
      return HttpServerResponse.text("late")
    case "/taken": {
      const socket = yield* Exchange.upgrade()
      yield* Effect.forever(Effect.flatMap(socket.read, () => socket.write("x")))
      return HttpServerResponse.empty()
    }
    case "/socket": {
      const socket = yield* HttpServerRequest.upgrade
      yield* socket.runRaw(() => {})
      return HttpServerResponse.empty()
    }
    default:
      return HttpServerResponse.text("hello")
  }
})

type World = Client.Client | Network.Network | Begun
const network = MemoryNetwork.layer()
const begun = Begun.Default
const server = Server.layer({ host: "server.test", port: 80 }).pipe(Layer.provide(NodeWebSocket.layer()))
const served = HttpServer.serve(app as Effect.Effect<HttpServerResponse.HttpServerResponse, never, Begun>)
const base = Layer.provideMerge(begun, network)

/** The layers of the test in different orders. Merged layers are built, and close, at the same time. */
const orders = {
  "the server first": served.pipe(
    Layer.provideMerge(Layer.mergeAll(server, Client.layer)),
    Layer.provideMerge(base)
  ),
  "the client first": served.pipe(
    Layer.provideMerge(Layer.mergeAll(Client.layer, server)),
    Layer.provideMerge(base)
  ),
  "the client beside": served.pipe(
    Layer.provide(server),
    Layer.merge(Client.layer),
    Layer.provideMerge(base)
  ),
  "the client above": Layer.provideMerge(Client.layer, served.pipe(Layer.provideMerge(server))).pipe(
    Layer.provideMerge(base)
  ),
  "the client beneath": served.pipe(
    Layer.provideMerge(server),
    Layer.provideMerge(Client.layer),
    Layer.provideMerge(base)
  ),
  "a server made in the layer": Layer.scopedDiscard(
    Effect.flatMap(Server.make({ host: "server.test", port: 80 }), ({ httpServer }) =>
      httpServer.serve(app as never)
    )
  ).pipe(Layer.provide(NodeWebSocket.layer()), Layer.provideMerge(Client.layer), Layer.provideMerge(base))
} as unknown as Readonly<Record<string, Layer.Layer<World, unknown>>>

const clientFirst = new Set(["the client beside", "the client above"])

type Situation = Effect.Effect<unknown, unknown, World | Scope.Scope>

const get = (path: string) =>
  Effect.flatMap(Client.request({ url: `http://server.test${path}` }), (response) => response.text)
const underWay = (path: string) =>
  Effect.gen(function* () {
    yield* Effect.fork(get(path))
    yield* Deferred.await(yield* Begun)
  })
const raw = (bytes: string, answer: string) =>
  Effect.gen(function* () {
    const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
    yield* peer.send(bytes)
    if (answer !== "") yield* peer.until(answer)
  })
const request = (path: string, fields = "") => `GET ${path} HTTP/1.1\r\nHost: server.test\r\n${fields}\r\n`
const opening =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

const kept = /gracefulShutdownTimeout once more .*: 0 connections reset, 1 handler left behind/
const interrupted = /gracefulShutdownTimeout \(19s 500ms\): 1 connection reset, 1 handler interrupted/

interface Row {
  readonly situation: Situation
  /** The report that is printed. `undefined` if nothing is printed. */
  readonly told?: RegExp
  /** Whether the work ends when the client closes, so that nothing is printed if the client closes first. */
  readonly ends?: "with its client"
}

/** The work that is still open when the test ends. */
const situations: Readonly<Record<string, Row>> = {
  "an idle connection of a pool": { situation: get("/") },
  "a handler that sleeps": { situation: underWay("/asleep"), told: interrupted, ends: "with its client" },
  "a handler that is not interrupted": { situation: underWay("/kept"), told: kept },
  "a peer that says nothing": { situation: raw("", "") },
  "a peer that was answered": { situation: raw(request("/"), "hello") },
  "a peer that was told to close": { situation: raw(request("/", "Connection: close\r\n"), "hello") },
  "a peer that was refused": { situation: raw("what\r\n\r\n", "400 Bad Request") },
  "a peer in the midst of a request": {
    situation: raw("GET / HTTP/1.1\r\nHo", ""),
    told: /1 connection reset, 0 handlers/
  },
  "an upgraded connection of a client": {
    situation: Client.upgrade({ url: "http://server.test/taken", protocol: "echo" }),
    told: interrupted
  },
  "an upgraded connection of a peer": {
    situation: raw(request("/taken", "Connection: Upgrade\r\nUpgrade: echo\r\n"), "101 Switching Protocols"),
    told: interrupted
  },
  "a WebSocket that does not answer": {
    situation: raw(request("/socket", opening), "101 Switching Protocols"),
    told: /gracefulShutdownTimeout .*: 1 connection reset, 1 handler interrupted/
  }
}

const outcomes = {
  "that succeeds": Exit.succeed("done"),
  "that fails": Exit.fail("its own failure")
} as const

type Around = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.Effect<A, unknown, R>

const expectTold = (told: RegExp | undefined) => {
  if (told === undefined) return assert.deepStrictEqual(printed, [])
  expect(printed.at(-1)).toMatch(told)
  expect(printed.at(-1)).toMatch(/\nfibers: \d+/)
}

const all = Object.keys(situations)

const tests = (
  name: string,
  rows: ReadonlyArray<string>,
  clock: Layer.Layer<never> = TestContext.TestContext as Layer.Layer<never>,
  around: Around = (test) => test
) => {
  for (const what of rows)
    for (const [how, outcome] of Object.entries(outcomes))
      it(`ends a test ${how} with ${what}`, async () => {
        const { ends, situation, told } = situations[what]!
        const test = Effect.zipRight(situation, outcome)
        // Resources in the scope of the situation are released after all layers.
        const whole = Effect.scoped(around(Effect.provide(test, orders[name]!)))
        assert.deepStrictEqual(await Effect.runPromiseExit(Effect.provide(whole, clock)), outcome)
        expectTold(ends !== undefined && clientFirst.has(name) ? undefined : told)
      })
}

describe.each(Object.keys(orders))("%s", (name) => {
  // Only one order tests the WebSocket, because this row takes a second of real time.
  tests(name, name === "the server first" ? all : all.filter((what) => !what.includes("WebSocket")))
})

describe("under a VirtualClock", () => {
  tests("the server first", all, Layer.discard(VirtualClock.layer()))
})

describe("under Leaks.check", () => {
  const own = all.filter((what) => what.includes("pool") || what.includes("handler that sleeps"))
  tests("the server first", own, undefined, (test) => Leaks.check(test))
  tests("the client beside", own, undefined, (test) => Leaks.check(test))
  tests("the server first", own, Layer.discard(VirtualClock.layer()), (test) => Leaks.check(test))
})

/** Starts a server with this handler. `closing` shuts the server down in a fiber. */
const closing = (handler: Effect.Effect<HttpServerResponse.HttpServerResponse>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const server = yield* Scope.extend(Server.make({ host: "server.test", port: 80 }), scope)
    yield* Scope.extend(server.httpServer.serve(handler), scope)
    return { server, closing: Effect.fork(Scope.close(scope, Exit.void)) }
  })
const hello = HttpServerResponse.text("hello")
const clientOnly = Layer.provideMerge(Client.layer, network)

describe("A closing server waits for", () => {
  it.effect("a test that advances the clock step by step", () =>
    Effect.gen(function* () {
      const { closing: close, server } = yield* closing(Effect.succeed(hello))
      yield* get("/")
      const closed = yield* close
      yield* TestClock.adjust("499 millis")
      assert.strictEqual(yield* server.connections, 1)
      const peer = yield* Effect.flip(RawPeer.connect({ host: "server.test", port: 80 }))
      assert.strictEqual(peer._tag, "ConnectionRefused")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* server.connections, 0)
      yield* Fiber.join(closed)
    }).pipe(Effect.scoped, Effect.provide(clientOnly))
  )

  const outside = {
    "a timer": Effect.promise(() => new Promise((done) => setTimeout(done, 300))),
    "a file": Effect.promise(() => readFile(new URL(import.meta.url))),
    "a process": Effect.promise(
      () => new Promise((done) => execFile(process.execPath, ["-e", "setTimeout(() => {}, 100)"], done))
    ),
    "a callback that fulfils a Deferred": Effect.gen(function* () {
      const deferred = yield* Deferred.make<void>()
      setTimeout(() => Deferred.unsafeDone(deferred, Exit.void), 300)
      yield* Deferred.await(deferred)
    })
  }
  it.effect.each(Object.entries(outside))("a handler that waits for %s", ([, wait]) =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const { closing: close } = yield* closing(
        Deferred.succeed(begun, undefined).pipe(Effect.zipRight(wait), Effect.as(hello))
      )
      const asked = yield* Effect.fork(get("/"))
      yield* Deferred.await(begun)
      yield* Effect.flatMap(close, Fiber.join)
      assert.strictEqual(yield* Fiber.join(asked), "hello")
      assert.deepStrictEqual(printed, [])
    }).pipe(Effect.scoped, Effect.provide(clientOnly))
  )

  it.effect("an advance of the clock by Quiet", () =>
    Effect.gen(function* () {
      const { closing: close } = yield* closing(Effect.as(Effect.sleep("10 seconds"), hello))
      const asked = yield* Effect.fork(get("/"))
      yield* Effect.zipRight(Effect.sleep("1 second"), Effect.flatMap(close, Fiber.join)).pipe(Effect.fork)
      assert.strictEqual(yield* Quiet.run({ until: () => asked.unsafePoll() !== null }), 10_000)
      assert.strictEqual(yield* Fiber.join(asked), "hello")
      assert.deepStrictEqual(printed, [])
    }).pipe(Effect.scoped, Effect.provide(clientOnly))
  )
})

describe("A test also ends if its clock never advances, with", () => {
  const idle = (world: Layer.Layer<Client.Client, unknown>) => Effect.provide(get("/"), world)
  const over = (network: Layer.Layer<Network.Network>) =>
    HttpServer.serve(hello).pipe(
      Layer.provideMerge(Server.layer({ host: "server.test", port: 80 })),
      Layer.provideMerge(Client.layer),
      Layer.provideMerge(network)
    )

  it.effect("a world behind a wiretap", () => idle(over(Wiretap.layer().pipe(Layer.provide(network)))))

  it.effect("a lame-duck period", () =>
    idle(
      HttpServer.serve(hello).pipe(
        Layer.provideMerge(Server.layer({ host: "server.test", port: 80, lameDuckPeriod: "1 hour" })),
        Layer.provideMerge(Client.layer),
        Layer.provideMerge(network)
      )
    )
  )

  it.effect("a client whose server does not close", () =>
    Effect.gen(function* () {
      const server = yield* RawPeer.listen({ host: "server.test", port: 80 })
      const asked = yield* Effect.fork(Effect.provide(get("/"), Client.layer))
      const peer = yield* server.accept
      yield* peer.head
      yield* peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
      assert.strictEqual(yield* Fiber.join(asked), "hi")
    }).pipe(Effect.scoped, Effect.provide(network))
  )

  it("a ManagedRuntime", async () => {
    const runtime = ManagedRuntime.make(Layer.provideMerge(over(network), TestContext.TestContext))
    assert.strictEqual(await runtime.runPromise(get("/")), "hello")
    await runtime.dispose()
  })

  it.effect("a custom network, after the timeouts in real time", () =>
    idle(
      over(
        Layer.map(network, (context) => {
          const { closing: _, ...own } = Context.get(context, Network.Network)
          return Context.make(Network.Network, own)
        })
      )
    )
  )

  it("concurrent tests that have their own clocks", async () => {
    const busy = Effect.gen(function* () {
      for (let times = 0; times < 5; times++) {
        const asked = yield* Effect.fork(Effect.zipRight(Effect.sleep("1 second"), get("/")))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(asked), "hello")
      }
    }).pipe(Effect.provide(over(network)))
    const both = [busy, idle(over(network)), busy, idle(over(network))]
    await Promise.all(both.map((test) => Effect.runPromise(Effect.provide(test, TestContext.TestContext))))
    assert.deepStrictEqual(printed, [])
  })
})
