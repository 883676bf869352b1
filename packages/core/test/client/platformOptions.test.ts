// Platform's client with our request options, and platform's combinators on top of it.
import {
  Cookies,
  HttpClient,
  HttpClientRequest,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Client, Server, type Network } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"

const run = <A, E>(
  test: Effect.Effect<A, E, Client.Client | HttpClient.HttpClient | Network.Network | Scope.Scope>
) => Effect.scoped(test).pipe(Effect.provide(Layer.provideMerge(Client.layer, MemoryNetwork.layer())))

const url = "http://api.test/"
const listen = RawPeer.listen({ host: "api.test", port: 80 })
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

describe("Client.withRequestOptions", () => {
  it.effect("trailers, 1xx and the wait for 100 with platform's request", () =>
    run(
      Effect.gen(function* () {
        const server = yield* listen
        const seen: Array<number> = []
        const request = HttpClientRequest.post(url).pipe(HttpClientRequest.bodyText("abc"))
        const fiber = yield* HttpClient.execute(request).pipe(
          Effect.flatMap((response) => Effect.as(response.text, response)),
          Client.withRequestOptions({
            trailers: { "X-Sum": "1" },
            expectContinue: true,
            onInformational: ({ status }) => seen.push(status)
          }),
          Effect.fork
        )
        const peer = yield* server.accept
        assert.match(yield* peer.head, /content-type: text\/plain\r\n.*Expect: 100-continue\r\n/s)
        yield* peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        yield* peer.expect("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")
        yield* peer.send(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-End: 1\r\n\r\n"
        )
        const response = Client.fromHttpClientResponse(yield* fiber)
        assert.deepStrictEqual(Option.getOrThrow(response).rawTrailers, ["X-End", "1"])
        assert.deepStrictEqual(seen, [100])
      })
    )
  )

  it.effect("the innermost options take precedence, one by one, and apply only inside", () =>
    run(
      Effect.gen(function* () {
        const server = yield* listen
        const get = HttpClient.get(url).pipe(Effect.flatMap((response) => response.text))
        const served = (effect: typeof get) =>
          Effect.gen(function* () {
            const fiber = yield* Effect.fork(effect)
            const peer = yield* server.accept
            const head = yield* peer.head
            yield* peer.send(ok)
            yield* fiber
            return head
          })
        const alone = Client.withRequestOptions({ agent: false })
        assert.include(yield* served(alone(get)), "Connection: close")
        assert.include(
          yield* served(alone(Client.withRequestOptions(get, { agent: undefined }))),
          "Connection: keep-alive"
        )
      })
    )
  )

  it.effect("an invalid request is an Encode error with ours as its cause", () =>
    run(
      Effect.gen(function* () {
        const error = yield* HttpClient.get(url).pipe(
          Client.withRequestOptions({ trailers: ["Host", "x"] }),
          Effect.flip
        )
        assert.deepInclude(error, { _tag: "RequestError", reason: "Encode" })
        assert.deepInclude(error.cause, { _tag: "TrailerInvalid" })
      })
    )
  )
})

class Word extends Context.Tag("Word")<Word, string>() {}

describe("Platform's combinators", () => {
  const app = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const path = new URL(request.url, url).pathname
    if (path === "/from") return HttpServerResponse.redirect("/to", { status: 302 })
    if (path === "/cookie") return HttpServerResponse.unsafeSetCookie(HttpServerResponse.empty(), "id", "7")
    if (path.startsWith("/status/")) return HttpServerResponse.empty({ status: Number(path.slice(8)) })
    return HttpServerResponse.text(`${path} ${request.headers.cookie ?? "-"} ${yield* request.text}`)
  })
  const world = HttpServer.serve(Effect.orDie(app)).pipe(
    Layer.provide(Server.layer({ host: "api.test", port: 80 })),
    Layer.merge(Client.layer),
    Layer.provide(MemoryNetwork.layer())
  )
  const client = Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.prependUrl(url)))
  const text = Effect.flatMap((response: { readonly text: Effect.Effect<string, unknown> }) => response.text)

  it.effect("redirects are followed on demand", () =>
    Effect.gen(function* () {
      const plain = yield* client
      assert.strictEqual((yield* plain.get("/from")).status, 302)
      const following = HttpClient.followRedirects(yield* HttpClient.HttpClient)
      assert.strictEqual(yield* text(following.get(`${url}from`)), "/to - ")
    }).pipe(Effect.provide(world))
  )

  it.effect("cookies are kept and sent", () =>
    Effect.gen(function* () {
      const jar = yield* Ref.make(Cookies.empty)
      const withJar = HttpClient.withCookiesRef(yield* client, jar)
      yield* withJar.get("/cookie")
      assert.strictEqual(yield* text(withJar.get("/x")), "/x id=7 ")
    }).pipe(Effect.provide(world))
  )

  it.effect("a streamed body runs with the context of the caller", () =>
    Effect.gen(function* () {
      const body = Stream.fromEffect(Effect.map(Word, (word) => new TextEncoder().encode(word)))
      const request = HttpClientRequest.post("/up").pipe(
        HttpClientRequest.bodyStream(body as unknown as Stream.Stream<Uint8Array>)
      )
      const answer = (yield* client).execute(request)
      assert.strictEqual(yield* Effect.provideService(text(answer), Word, "spoken"), "/up - spoken")
    }).pipe(Effect.provide(world))
  )

  it.effect.each([408, 429, 500, 502, 503, 504])("%i is retried, and 501 is not", (status) =>
    Effect.gen(function* () {
      const tried = yield* Ref.make(0)
      const counted = HttpClient.tapRequest(yield* client, () => Ref.update(tried, (n) => n + 1))
      const retrying = HttpClient.retryTransient(counted, { times: 2 })
      assert.strictEqual((yield* retrying.get(`/status/${status}`)).status, status)
      assert.strictEqual(yield* Ref.getAndSet(tried, 0), 3)
      yield* retrying.get("/status/501")
      assert.strictEqual(yield* Ref.get(tried), 1)
    }).pipe(Effect.provide(world))
  )
})
