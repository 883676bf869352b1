/**
 * The promise client, a second driver of `connection/client` that does not use Effect, passes `ClientBattery`
 * and further tests.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Network } from "@httpfx/core"
import { ClientBattery, RawPeer, type VirtualClock } from "@httpfx/testing"
import type { Options, PromiseClient, Request, Response } from "../support/promise/client.js"
import { Lost } from "../support/promise/shared.js"
import { calling, client } from "../support/promised.js"
import { networks } from "../support/networks.js"
import { after, inVirtualTime } from "../support/virtual.js"

describe.each(networks)("a client of promises on %s", (_, network) => {
  const stack = Layer.provideMerge(client, network)
  for (const { effect, name } of ClientBattery.cases()) it.live(name, () => Effect.provide(effect, stack))
})

const bytes = (body: string) => new TextEncoder().encode(body)

async function* streamed(...parts: ReadonlyArray<string>) {
  for (const part of parts) yield bytes(part)
}

const textOf = async ({ body }: Response): Promise<string> => {
  let text = ""
  for await (const piece of body) text += new TextDecoder().decode(piece)
  return text
}

const lossOf = (promise: Promise<unknown>) =>
  Effect.promise(() =>
    promise.then(
      () => "none",
      (error: unknown) => (error instanceof Lost ? error.loss : error)
    )
  )

interface World {
  readonly client: PromiseClient
  readonly server: RawPeer.RawServer
  readonly ask: (request?: Partial<Request>) => Promise<Response>
}

const test = (
  name: string,
  body: (
    world: World
  ) => Effect.Effect<void, unknown, Network.Network | VirtualClock.VirtualClock | Scope.Scope>,
  pool?: Options["pool"]
) =>
  it.live(name, () =>
    Effect.gen(function* () {
      const server = yield* RawPeer.listen({ port: 80, host: "127.0.0.1" })
      const client = yield* calling(pool)
      const ask: World["ask"] = (request) =>
        client.request({ method: "GET", url: `${server.url}/`, ...request })
      yield* body({ client, server, ask })
    }).pipe(inVirtualTime)
  )

const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

describe("a client of promises on its own", () => {
  test("sends trailers, and reads some", ({ ask, server }) =>
    Effect.gen(function* () {
      const asked = ask({ method: "POST", body: streamed("h", "i"), trailers: () => ["X-Sum", "7"] })
      const peer = yield* server.accept
      assert.include(yield* peer.head, "Transfer-Encoding: chunked")
      yield* peer.expect("1\r\nh\r\n1\r\ni\r\n0\r\nX-Sum: 7\r\n\r\n")
      yield* peer.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nho\r\n0\r\nX-Sum: 8\r\n\r\n"
      )
      const response = yield* Effect.promise(() => asked)
      assert.strictEqual(yield* Effect.promise(() => textOf(response)), "ho")
      assert.deepEqual(response.trailers(), ["X-Sum", "8"])
    }))

  for (const how of ["when 100 comes", "after a second without 100"] as const)
    test(`a body that expects 100 is sent ${how}`, ({ ask, server }) =>
      Effect.gen(function* () {
        const asked = ask({ method: "POST", fields: ["Expect", "100-continue"], body: streamed("hi") })
        const peer = yield* server.accept
        yield* peer.head
        yield* after(999)
        assert.strictEqual(peer.unread(), "")
        if (how === "when 100 comes") yield* peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        else yield* after(1)
        yield* peer.expect("2\r\nhi\r\n0\r\n\r\n")
        yield* peer.send(ok(""))
        yield* Effect.promise(() => asked)
      }))

  test("a request on a lost connection is resent, a stream is not", ({ ask, server }) =>
    Effect.gen(function* () {
      const first = ask()
      const peer = yield* server.accept
      yield* peer.head
      yield* peer.send(ok(""))
      yield* Effect.promise(() => first)
      const second = ask()
      yield* peer.head
      yield* peer.reset
      const fresh = yield* server.accept
      yield* fresh.head
      yield* fresh.send(ok("again"))
      assert.strictEqual(yield* Effect.promise(async () => textOf(await second)), "again")
      const third = ask({ method: "PUT", body: streamed("once") })
      yield* fresh.head
      yield* fresh.expect("4\r\nonce\r\n0\r\n\r\n")
      yield* fresh.reset
      const loss = yield* lossOf(third)
      assert.deepInclude(loss, { _tag: "Failed", phase: "head", reused: true, written: "all" })
      assert.strictEqual(server.count(), 2)
    }))

  test("an unread response is aborted after 30 seconds", ({ ask, server }) =>
    Effect.gen(function* () {
      const asked = ask()
      const peer = yield* server.accept
      yield* peer.head
      yield* peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
      const response = yield* Effect.promise(() => asked)
      yield* after("29 seconds")
      assert.strictEqual(peer.state(), "open")
      yield* after("1 second")
      yield* peer.expectReset
      assert.deepInclude(yield* lossOf(textOf(response)), { _tag: "GivenUp", code: "ERR_HTTPFX_BODY_UNREAD" })
    }))

  test("a request that is aborted fails, and its connection closes", ({ ask, server }) =>
    Effect.gen(function* () {
      const controller = new AbortController()
      const asked = ask({ signal: controller.signal })
      const peer = yield* server.accept
      yield* peer.head
      controller.abort()
      assert.deepInclude(yield* lossOf(asked), { _tag: "GivenUp", code: "ABORT_ERR", written: "all" })
      yield* peer.expectReset
    }))

  test(
    "a request waits while the pool is full, and fails when the client closes",
    ({ ask, client, server }) =>
      Effect.gen(function* () {
        const first = ask()
        const second = ask()
        const third = ask()
        const peer = yield* server.accept
        yield* peer.head
        assert.strictEqual(client.pool.queued, 2)
        yield* peer.send(ok(""))
        yield* Effect.promise(() => first)
        yield* peer.head
        const closed = client.close()
        for (const asked of [second, third])
          assert.deepInclude(yield* lossOf(asked), { _tag: "GivenUp", code: "ERR_HTTPFX_CLIENT_CLOSED" })
        yield* peer.expectReset
        yield* Effect.promise(() => closed)
        assert.deepEqual(client.pool.counts, { open: 0, idle: 0, connecting: 0 })
      }),
    { limits: { maxSockets: 1, maxTotalSockets: Infinity } }
  )
})
