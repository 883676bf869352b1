// A server responds and closes at once, without announcing the close. A request that must not be resent must
// never be lost on such an idle connection.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Agent, Client, Lease, Network, PlatformTimers } from "@httpfx/core"
import { RawPeer } from "@httpfx/testing"
import { networks } from "../support/networks.js"
import { withClient } from "../support/withClient.js"

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/**
 * Starts a server that responds to each head at once, followed by FIN if `closes` is `true`. Returns its URL
 * and the number of its connections.
 */
const server = (closes: boolean) =>
  Effect.gen(function* () {
    let count = 0
    const nothing = () => {}
    const listener = yield* Network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
      count++
      transport.start({
        data: (chunk) => {
          // Ignore a chunked body that arrives in a separate segment after its head.
          if (!new TextDecoder().decode(chunk).includes("HTTP/1.1")) return
          transport.write(answer)
          if (closes) transport.end()
        },
        end: () => transport.end(),
        drain: nothing,
        error: nothing,
        close: nothing
      })
    })
    const { port } = listener.address as { readonly port: number }
    return { url: `http://127.0.0.1:${port}/`, port, count: () => count }
  })

type Options = Omit<Client.Request, "url">
const requests: ReadonlyArray<readonly [string, Options]> = [
  ["POST", { method: "POST", body: "x" }],
  ["PATCH without a body", { method: "PATCH" }],
  ["PUT with a stream", { method: "PUT", body: Stream.make(new TextEncoder().encode("x")) }],
  ["GET", {}]
]

const ask = (url: string, options: Options) =>
  Effect.flatMap(Client.request({ url, ...options }), (response) =>
    Effect.map(response.text, (text) => ({ text, reused: response.reused }))
  )

describe.each(networks)("A server that responds and closes, on %s", (_, network) => {
  it.effect.each(requests)("loses none of 30 requests in a row: %s", ([, options]) =>
    withClient(network)(
      Effect.gen(function* () {
        const { url } = yield* server(true)
        for (let i = 0; i < 30; i++) assert.strictEqual((yield* ask(url, options)).text, "ok")
      })
    )
  )

  it.effect("loses none of the requests queued for the only connection allowed", () =>
    withClient(network, { maxSockets: 1 })(
      Effect.gen(function* () {
        const { url } = yield* server(true)
        const all = Array.from({ length: 10 }, () => ask(url, { method: "POST", body: "x" }))
        const answers = yield* Effect.all(all, { concurrency: "unbounded" })
        assert.deepStrictEqual(
          answers.map(({ text }) => text),
          all.map(() => "ok")
        )
      })
    )
  )

  it.effect("a loan never gets a connection that the server has closed", () =>
    withClient(network)(
      Effect.gen(function* () {
        const { port, url } = yield* server(true)
        const agent = yield* Agent.make()
        const client = yield* Client.fromAgent(agent)
        for (let i = 0; i < 10; i++) {
          yield* Effect.flatMap(client.request({ url }), ({ text }) => text)
          const lease = yield* Lease.take(agent, { protocol: "http:", host: "127.0.0.1", port })
          assert.isFalse(lease.reused)
          lease.close()
        }
      }).pipe(Effect.scoped)
    )
  )

  it.effect.each(requests)("a server that keeps connections serves all requests on one: %s", ([, options]) =>
    withClient(network)(
      Effect.gen(function* () {
        const { count, url } = yield* server(false)
        for (let i = 0; i < 10; i++) assert.strictEqual((yield* ask(url, options)).reused, i > 0)
        assert.strictEqual(count(), 1)
      })
    )
  )
})

describe("An idle connection", () => {
  const run = withClient(networks[0]![1])

  /** Completes a request, and starts another request on its connection. */
  const second = (options: Options) =>
    Effect.gen(function* () {
      const { accept, url } = yield* RawPeer.listen()
      const first = yield* Effect.fork(ask(url, {}))
      const raw = yield* accept
      yield* raw.head
      yield* raw.send(answer)
      yield* first
      const next = yield* Effect.fork(ask(url, options))
      // Let the second request proceed as far as it can without a turn of the event loop.
      yield* Effect.repeatN(Effect.yieldNow(), 5)
      return { raw, next, accept }
    })

  it.effect("serves a request that may be resent without waiting", () =>
    run(
      Effect.gen(function* () {
        const { next, raw } = yield* second({})
        assert.strictEqual(PlatformTimers.pendingTurns(), 0)
        yield* raw.head
        yield* raw.send(answer)
        assert.isTrue((yield* next).reused)
      })
    )
  )

  it.effect("is not used by a request interrupted while waiting for it", () =>
    run(
      Effect.gen(function* () {
        const { next, raw } = yield* second({ method: "POST", body: "x" })
        assert.strictEqual(PlatformTimers.pendingTurns(), 1)
        yield* Fiber.interrupt(next)
        yield* raw.rest
        assert.notInclude(raw.received(), "POST")
      })
    )
  )

  it.effect("that is reset during that wait is replaced", () =>
    run(
      Effect.gen(function* () {
        const { accept, next, raw } = yield* second({ method: "POST", body: "x" })
        yield* raw.reset
        const fresh = yield* accept
        yield* fresh.until("\r\n\r\nx")
        yield* fresh.send(answer)
        assert.deepStrictEqual(yield* next, { text: "ok", reused: false })
      })
    )
  )

  it.effect("closes with its client during that wait, and the request fails", () =>
    Effect.gen(function* () {
      let waiting: Fiber.RuntimeFiber<unknown, unknown> | undefined
      yield* run(
        Effect.gen(function* () {
          waiting = (yield* second({ method: "POST", body: "x" })).next
          yield* Effect.forkDaemon(Fiber.await(waiting))
        })
      )
      assert.strictEqual((yield* Fiber.await(waiting!))._tag, "Failure")
    })
  )
})
