/**
 * Origins: replies of stubs, reports about requests that no stub matched, and recordings of real services.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Client, type Network, Server } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Origin from "@httpfx/testing/Origin"
import * as Recording from "@httpfx/testing/Recording"

const run = <A, E>(test: Effect.Effect<A, E, Client.Client | Network.Network | Scope.Scope>) =>
  Effect.provide(Effect.scoped(test), Layer.provideMerge(Client.layer, MemoryNetwork.layer()))

const ask = (url: string, request: Partial<Client.Request> = {}) =>
  Effect.gen(function* () {
    const response = yield* Client.request({ ...request, url })
    return [response.status, yield* response.text] as const
  })

const text = HttpServerResponse.text

describe("Origin", () => {
  it.effect("replies from the newest matching stub, with its replies in sequence", () =>
    run(
      Effect.gen(function* () {
        const { stub, url, ...origin } = yield* Origin.make(
          { host: "api.stripe.test" },
          {
            method: "GET",
            path: /^\/charges\//,
            reply: [text("first"), text("second", { status: 503 }), text("last")]
          },
          {
            method: "POST",
            path: "/charges",
            headers: { "Idempotency-Key": /^k/ },
            json: { amount: 1, currency: "eur" },
            reply: (call) => text(`charged on connection ${call.connection}`)
          }
        )
        assert.strictEqual(url, "http://api.stripe.test")
        const get = ask(`${url}/charges/1`)
        assert.deepStrictEqual(
          [yield* get, yield* get, yield* get, yield* get],
          [
            [200, "first"],
            [503, "second"],
            [200, "last"],
            [200, "last"]
          ]
        )
        const body = `{"currency":"eur","amount":1}`
        const post = ask(`${url}/charges`, { method: "POST", body, headers: ["idempotency-key", "k1"] })
        assert.deepStrictEqual(yield* post, [200, "charged on connection 1"])
        yield* stub({
          path: "/charges/1",
          query: { expand: "all" },
          times: 1,
          reply: Effect.succeed(text("once"))
        })
        assert.deepStrictEqual(yield* ask(`${url}/charges/1?expand=all`), [200, "once"])
        assert.deepStrictEqual(yield* ask(`${url}/charges/1?expand=all`), [200, "last"])
        yield* origin.assertAllCalled
        const calls = yield* origin.calls
        assert.lengthOf(calls, 7)
        assert.deepInclude(calls[4], {
          number: 5,
          time: 0,
          connection: 1,
          method: "POST",
          target: "/charges",
          text: body,
          stub: "POST /charges"
        })
        assert.strictEqual(yield* origin.connections, 1)
      })
    )
  )

  it.effect("reports requests that no stub matched, in the response and when the scope closes", () =>
    Effect.gen(function* () {
      let answer = ""
      const exit = yield* Effect.exit(
        run(
          Effect.gen(function* () {
            const { url } = yield* Origin.make(
              { host: "api.test", port: 8080 },
              {
                name: "create",
                method: "POST",
                path: "/users",
                headers: { accept: "a/b" },
                json: { a: 1 },
                reply: text("")
              }
            )
            const [status, body] = yield* ask(`${url}/user?x=1`, { method: "PUT", body: "{}" })
            assert.strictEqual(status, 501)
            answer = body
          })
        )
      )
      const expected = [
        "no stub of http://api.test:8080 matches PUT /user?x=1",
        "  create",
        `    method: expected "POST", received "PUT"`,
        `    path: expected "/users", received "/user"`,
        `    header "accept": expected "a/b", received nothing`,
        `    body: expected JSON "{"a":1}", received "{}"`
      ].join("\n")
      assert.strictEqual(answer, `${expected}\n`)
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", expected)
    })
  )

  it.effect("reports stubs that were not called", () =>
    run(
      Effect.gen(function* () {
        const origin = yield* Origin.make(
          { host: "api.test" },
          { path: "/a", times: 2, reply: text("") },
          { path: "/b", reply: text("") },
          { path: "/c", optional: true, reply: text("") }
        )
        yield* ask(`${origin.url}/a`)
        const error = yield* Effect.flip(origin.assertAllCalled)
        assert.deepStrictEqual(error.pending, ["any method /a (1 of 2 times)", "any method /b"])
        assert.include(error.message, "stub of http://api.test not called: any method /b")
      })
    )
  )

  it.effect("serves a whole app", () =>
    run(
      Effect.gen(function* () {
        const url = yield* Origin.app(
          { host: "app.test" },
          Effect.map(HttpServerRequest.HttpServerRequest, (request) => text(`app ${request.url}`))
        )
        assert.deepStrictEqual(yield* ask(`${url}/x`), [200, "app /x"])
      })
    )
  )
})

describe("Recording", () => {
  it.live("records a service over sockets, and replays it without the service", () =>
    Effect.gen(function* () {
      let counter = 0
      const service = Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        if (request.url === "/binary") return HttpServerResponse.uint8Array(Uint8Array.of(0, 255, 10))
        const headers = { "set-cookie": "session=secret", "x-count": String(++counter) }
        return text(`${request.headers["authorization"]} ${yield* request.text}`, { headers })
      })
      const recording = yield* Effect.gen(function* () {
        const outside = yield* Layer.build(NodeNetwork.layer)
        const { address, httpServer } = yield* Effect.provide(
          Server.make({ port: 0, host: "127.0.0.1" }),
          outside
        )
        yield* httpServer.serve(service)
        const target = `http://127.0.0.1:${(address as { readonly port: number }).port}`
        const recorder = yield* Recording.record({ host: "real.test", target, network: NodeNetwork.layer })
        const headers = ["authorization", "Bearer secret", "x-mine", "1"]
        const post = ask(`${recorder.url}/post?a=b`, { method: "POST", body: "grüß", headers })
        assert.deepStrictEqual(yield* post, [200, "Bearer secret grüß"])
        yield* post
        yield* ask(`${recorder.url}/binary`)
        return yield* recorder.recording
      }).pipe(run)

      const fixture = JSON.stringify(recording)
      assert.notInclude(fixture.replace("Bearer secret grüß", "").replace("Bearer secret grüß", ""), "secret")
      assert.deepStrictEqual(recording.exchanges[2]!.response.body, { encoding: "base64", data: "AP8K" })
      assert.deepInclude(recording.exchanges[0]!.request.headers, ["authorization", "[redacted]"])

      const read = yield* Schema.decodeUnknown(Recording.Recording)(JSON.parse(fixture))
      yield* Effect.gen(function* () {
        const origin = yield* Recording.replay({ host: "real.test" }, read)
        const post = Client.request({ url: `${origin.url}/post?a=b`, method: "POST", body: "grüß" })
        const counts = [yield* post, yield* post, yield* post].map((response) => response.header("x-count"))
        assert.deepStrictEqual(counts, ["1", "2", "2"])
        const binary = yield* Client.request({ url: `${origin.url}/binary` })
        assert.deepStrictEqual([...(yield* binary.bytes)], [0, 255, 10])
        yield* origin.assertAllCalled
      }).pipe(run)
    })
  )
})
