// The functions that combinators of clients share: the test for clients, and the client whose requests all
// fail.
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { Client, HttpError } from "@httpfx/core"
import { MemoryNetwork } from "@httpfx/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

const world = Layer.provideMerge(Client.layer, MemoryNetwork.layer())
const url = "http://user:secret@a.test/"
const error = new HttpError.InvalidOption({
  option: "limit",
  code: "ERR_OUT_OF_RANGE",
  reason: "must be an integer >= 0",
  received: "-1"
})

/** Two ways to get a client that fails every request. Both behave alike. */
const refusing = {
  refusing: (client: Client.Service) => Client.refusing(client, error),
  followRedirects: (client: Client.Service) => Client.followRedirects(client, { limit: -1 })
}

describe("a client whose combinator has refused its options", () => {
  for (const [name, make] of Object.entries(refusing))
    it.scoped(name, () =>
      Effect.gen(function* () {
        const client = make(yield* Client.Client)
        const headers = { Connection: "Upgrade", Upgrade: "echo" }
        const sends: ReadonlyArray<Effect.Effect<unknown, unknown, Scope.Scope>> = [
          client.request({ url }),
          client.requestScoped({ url }),
          client.upgrade({ url, headers })
        ]
        for (const send of sends)
          assert.deepInclude(yield* Effect.flip(send), { _tag: "InvalidOption", option: "limit" })
        const failure = yield* Effect.flip(client.httpClient.get(url))
        assert.deepInclude(failure, { _tag: "RequestError", reason: "Encode" })
        assert.deepInclude(failure.cause, { _tag: "InvalidOption", option: "limit" })
        assert.notInclude(failure.message, "secret")
      }).pipe(Effect.provide(world))
    )

  it.effect("any platform client", () =>
    Effect.gen(function* () {
      const client = Client.refusing(
        HttpClient.make(() => Effect.never),
        error
      )
      const failure = yield* Effect.flip(client.get(url))
      assert.deepInclude(failure, { _tag: "RequestError", reason: "Encode" })
    })
  )
})

describe("isClient", () => {
  it.effect("clients of both kinds, and nothing else", () =>
    Effect.gen(function* () {
      const client = yield* Client.Client
      const others = [undefined, null, {}, { limit: 5 }, "client", () => client]
      assert.deepStrictEqual([client, client.httpClient, ...others].map(Client.isClient), [
        true,
        true,
        ...others.map(() => false)
      ])
    }).pipe(Effect.provide(world))
  )
})

it("shownRequest removes user and password, and nothing else", () => {
  const request = HttpClientRequest.get("http://user:secret@a.test/path?q=1")
  assert.strictEqual(Client.shownRequest(request).url, "http://a.test/path?q=1")
  const plain = HttpClientRequest.get("/relative")
  assert.strictEqual(Client.shownRequest(plain), plain)
})
