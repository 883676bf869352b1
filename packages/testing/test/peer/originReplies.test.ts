/** Stubs that match by predicates, and stubs that end the connection in place of a complete response. */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Client, type Network } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as MemoryTls from "@httpfx/testing/MemoryTls"
import * as Origin from "@httpfx/testing/Origin"
import * as Quiet from "@httpfx/testing/Quiet"

const text = HttpServerResponse.text
const authority = MemoryTls.authority("Test CA")

type World = Client.Client | Network.Network
const inMemory: Layer.Layer<World> = Layer.provideMerge(
  Layer.orDie(Client.layerWith({ tls: { ca: authority.ca } })),
  MemoryNetwork.layer()
)

const run = <A, E>(test: Effect.Effect<A, E, World | Scope.Scope>, world = inMemory) =>
  Effect.provide(Effect.scoped(test), world)

const ask = (url: string, request: Partial<Client.Request> = {}) =>
  Effect.flatMap(Client.request({ ...request, url }), (response) =>
    Effect.map(response.text, (body) => `${response.status} ${body}`)
  )

interface Asked {
  readonly route: Omit<Origin.Route, "reply">
  readonly fits: Partial<Client.Request> & { readonly target?: string }
  readonly not: Partial<Client.Request> & { readonly target?: string }
  /** The reason why the request `not` does not match. */
  readonly reason: string
}
const asked: Readonly<Record<string, Asked>> = {
  "the method": {
    route: { method: (method) => method !== "GET" },
    fits: { method: "PUT" },
    not: {},
    reason: 'method: expected (method) => method !== "GET", received "GET"'
  },
  "the method by a pattern": {
    route: { method: /^(PUT|PATCH)$/ },
    fits: { method: "PATCH" },
    not: {},
    reason: 'method: expected /^(PUT|PATCH)$/, received "GET"'
  },
  "the path": {
    route: { path: (path) => path.length === 3 },
    fits: { target: "/ab?c" },
    not: { target: "/abc" },
    reason: 'path: expected (path) => path.length === 3, received "/abc"'
  },
  "a parameter": {
    route: { query: { page: (page) => Number(page) > 1 } },
    fits: { target: "/?page=2" },
    not: { target: "/" },
    reason: 'query "page": expected (page) => Number(page) > 1, received nothing'
  },
  "a field": {
    route: { headers: { "X-Key": (key) => key?.startsWith("k") === true } },
    fits: { headers: ["x-key", "k1"] },
    not: { headers: ["x-key", "other"] },
    reason: 'header "X-Key": expected (key) => key?.startsWith("k") === true, received "other"'
  },
  "the absence of a field": {
    route: { headers: { cookie: (cookie) => cookie === undefined } },
    fits: {},
    not: { headers: ["cookie", "a=b"] },
    reason: 'header "cookie": expected (cookie) => cookie === void 0, received "a=b"'
  },
  "the body": {
    route: { body: (body) => body.includes("needle") },
    fits: { method: "POST", body: "a needle" },
    not: { method: "POST", body: "hay" },
    reason: 'body: expected (body) => body.includes("needle"), received "hay"'
  },
  "the body as JSON": {
    route: { json: (json: { readonly amount: number }) => json.amount > 5 },
    fits: { method: "POST", body: `{"amount":6}` },
    not: { method: "POST", body: `{"amount":5}` },
    reason: 'body: expected JSON (json) => json.amount > 5, received "{"amount":5}"'
  },
  "a body that is no JSON": {
    route: { json: (json: unknown) => json !== null },
    fits: { method: "POST", body: "1" },
    not: { method: "POST", body: "no" },
    reason: 'body: expected JSON (json) => json !== null, received "no"'
  },
  "what the path has chosen": {
    route: {
      path: "/charges",
      json: (json: { readonly amount: { readonly euro: number } }) => json.amount.euro > 5
    },
    fits: { target: "/charges", method: "POST", body: `{"amount":{"euro":6}}` },
    not: { target: "/other", method: "POST", body: `{}` },
    reason: 'body: expected JSON (json) => json.amount.euro > 5, received "{}"'
  },
  "the whole call": {
    route: { when: ({ number, target }) => number === 1 && target === "/" },
    fits: {},
    not: {},
    reason: 'when: expected ({ number, target }) => number === 1 && target === "/"'
  },
  "a pattern that remembers where it was": {
    route: { path: /^\/a/g },
    fits: { target: "/a" },
    not: { target: "/b" },
    reason: 'path: expected /^\\/a/g, received "/b"'
  }
}

describe("A stub with a predicate or pattern for", () => {
  it.effect.each(Object.entries(asked))("%s", ([, { fits, not, reason, route }]) =>
    run(
      Effect.gen(function* () {
        const { url } = yield* Origin.make(
          { host: "api.test", strict: false },
          { ...route, reply: text("yes") }
        )
        const told = ({ target = "/", ...request }: Asked["fits"]) => ask(url + target, request)
        assert.strictEqual(yield* told(fits), "200 yes")
        const answer = yield* told(not)
        assert.include(answer, "501 ")
        assert.include(answer, `    ${reason}\n`)
      })
    )
  )

  it.effect("matches every call with the same pattern with flag g", () =>
    run(
      Effect.gen(function* () {
        const { url } = yield* Origin.make({ host: "api.test" }, { path: /^\/a/g, reply: text("yes") })
        for (let times = 0; times < 4; times++) assert.strictEqual(yield* ask(`${url}/a`), "200 yes")
      })
    )
  )

  it.effect("that throws: the failure is reported", () =>
    run(
      Effect.gen(function* () {
        const wrong = () => {
          throw new Error("a wrong predicate")
        }
        const origin = yield* Origin.make({ host: "api.test" }, { when: wrong, reply: text("") })
        assert.include(yield* ask(origin.url), "500 ")
        assert.include(String((yield* origin.failures)[0]?.cause), "a wrong predicate")
      })
    )
  )

  it.effect("has the source of the predicate as its default name", () =>
    run(
      Effect.gen(function* () {
        const origin = yield* Origin.make(
          { host: "api.test" },
          { path: (path) => path === "/", reply: text("") }
        )
        assert.deepStrictEqual((yield* Effect.flip(origin.assertAllCalled)).pending, [
          'any method (path) => path === "/"'
        ])
      })
    )
  )
})

const whole = text("0123456789")

interface Broken {
  readonly reply: Origin.Reply
  readonly told: { readonly _tag: string; readonly phase?: string; readonly received?: number }
}
const post = { method: "POST", body: "x" } as const
const broken: Readonly<Record<string, Broken>> = {
  reset: { reply: Origin.reset(), told: { _tag: "ConnectionReset", phase: "head", received: 0 } },
  FIN: { reply: Origin.hangUp(), told: { _tag: "HangUp", phase: "head", received: 0 } },
  "reset, as an effect": { reply: Effect.succeed(Origin.reset()), told: { _tag: "ConnectionReset" } },
  "FIN, as a function": { reply: () => Origin.hangUp(), told: { _tag: "HangUp" } },
  "reset after the head": {
    reply: Origin.reset({ response: whole }),
    told: { _tag: "ConnectionReset", phase: "body" }
  },
  "FIN after the head": {
    reply: Origin.hangUp({ response: whole }),
    told: { _tag: "HangUp", phase: "body" }
  },
  "reset within the head": {
    reply: Origin.reset({ response: whole, afterBytes: 20 }),
    told: { _tag: "ConnectionReset", phase: "head", received: 20 }
  },
  "FIN within the head": {
    reply: Origin.hangUp({ response: whole, afterBytes: 20 }),
    told: { _tag: "HangUp", phase: "head", received: 20 }
  },
  "FIN within a streamed body": {
    reply: Origin.hangUp({
      response: HttpServerResponse.uint8Array(new Uint8Array(500_000)),
      afterBytes: 300_000
    }),
    told: { _tag: "HangUp", phase: "body", received: 300_000 }
  },
  "reset within a streamed body": {
    reply: Origin.reset({
      response: HttpServerResponse.uint8Array(new Uint8Array(50_000)),
      afterBytes: 30_000
    }),
    told: { _tag: "ConnectionReset", phase: "body", received: 30_000 }
  }
}

const places = {
  memory: { host: "api.test", world: inMemory },
  "memory TLS": { host: "api.test", tls: authority.certificate({ names: "api.test" }), world: inMemory }
}

describe.each(Object.entries(places))("A stub on %s may reply with", (_, { host, world, ...place }) => {
  it.effect.each(Object.entries(broken))("%s", ([, { reply, told }]) =>
    run(
      Effect.gen(function* () {
        const origin = yield* Origin.make(
          { host, onHandlerFailure: "die", ...place },
          { reply: [reply, whole] }
        )
        const error = yield* Effect.flip(ask(origin.url, post))
        assert.deepInclude(error as object, told)
        assert.strictEqual(yield* ask(origin.url, post), "200 0123456789")
        assert.strictEqual(yield* origin.connections, 2)
        const calls = yield* origin.calls
        assert.deepStrictEqual(
          calls.map(({ stub }) => stub),
          ["any method any path", "any method any path"]
        )
      }),
      world
    )
  )
})

describe("A stub", () => {
  it.effect("resets a reused connection, and the client retries an idempotent request", () =>
    run(
      Effect.gen(function* () {
        const origin = yield* Origin.make(
          { host: "api.test" },
          { reply: [whole, Origin.reset(), text("again")] }
        )
        yield* ask(origin.url)
        assert.strictEqual(yield* ask(origin.url), "200 again")
        assert.deepStrictEqual(
          (yield* origin.calls).map(({ connection }) => connection),
          [1, 1, 2]
        )
      })
    )
  )

  it.effect("never replies with Effect.never", () =>
    run(
      Effect.gen(function* () {
        const { url } = yield* Origin.make({ host: "api.test" }, { reply: Effect.never })
        const waiting = yield* Effect.fork(
          Effect.timeoutFail(ask(url), { duration: 5000, onTimeout: () => "late" })
        )
        yield* Quiet.run({ until: () => waiting.unsafePoll() !== null })
        assert.deepStrictEqual(yield* Fiber.await(waiting), Exit.fail("late"))
      })
    )
  )

  it.effect("decides by the request whether to end the connection", () =>
    run(
      Effect.gen(function* () {
        const { url } = yield* Origin.make(
          { host: "api.test" },
          {
            reply: Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
              request.url === "/broken" ? Origin.hangUp() : whole
            )
          }
        )
        assert.strictEqual(yield* ask(`${url}/`, post), "200 0123456789")
        assert.strictEqual((yield* Effect.flip(ask(`${url}/broken`, post)))._tag, "HangUp")
      })
    )
  )

  it.live("works on real sockets", () =>
    run(
      Effect.gen(function* () {
        const origin = yield* Origin.make(
          { host: "127.0.0.1", port: 0 },
          { reply: [Origin.reset(), Origin.hangUp({ response: whole, afterBytes: 30 }), whole] }
        )
        const first = yield* Effect.flip(ask(origin.url, post))
        const second = yield* Effect.flip(ask(origin.url, post))
        assert.deepInclude(first, { _tag: "ConnectionReset", received: 0 })
        assert.deepInclude(second, { _tag: "HangUp", received: 30 })
        assert.strictEqual(yield* ask(origin.url), "200 0123456789")
      }),
      Layer.provideMerge(Layer.orDie(Client.layer), NodeNetwork.layer)
    )
  )
})
