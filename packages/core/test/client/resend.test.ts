/**
 * Failed resends. A request is resent because its reused connection closed, and then no server is reached or
 * the request is aborted. The server may have acted on the first attempt, so the error must not claim that
 * nothing was sent.
 */
import { HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Client from "@httpfx/core/Client"
import * as Network from "@httpfx/core/Network"
import * as Server from "@httpfx/core/Server"
import { Fault, MemoryNetwork, Quiet, RawPeer, Verdict } from "@httpfx/testing"
import { ok, withClient } from "../support/withClient.js"

const failures = [
  ["the name cannot be resolved", Fault.dnsFailure()],
  ["nobody listens", Fault.refuse()]
] as const

describe("a resent request", () => {
  const get = (url: string, path: string) =>
    Effect.fork(
      Effect.flatMap(Client.request({ url: url + path }), (response) =>
        Effect.map(response.text, (text) => ({ text, reused: response.reused, resent: response.resent }))
      )
    )
  const memory = MemoryNetwork.layer()

  it.effect("goes on a new connection, even if another one is idle", () =>
    withClient(memory)(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const first = [yield* get(url, "/a"), yield* get(url, "/b")]
        const raws = [yield* accept, yield* accept]
        for (const [at, raw] of raws.entries()) {
          yield* raw.head
          yield* raw.send(ok("x"))
          yield* first[at]!
        }
        const again = yield* get(url, "/c")
        yield* raws[1]!.until("GET /c")
        yield* raws[1]!.reset
        const fresh = yield* accept
        yield* fresh.until("GET /c")
        yield* fresh.send(ok("y"))
        assert.deepStrictEqual(yield* again, { text: "y", reused: false, resent: 1 })
        assert.notInclude(raws[0]!.received(), "/c")
      })
    )
  )

  it.effect("comes before queued requests", () =>
    withClient(memory, { maxSockets: 1 })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const first = yield* get(url, "/a")
        const raw = yield* accept
        yield* raw.head
        yield* raw.send(ok("x"))
        yield* first
        const again = yield* get(url, "/again")
        yield* raw.until("GET /again")
        const waiting = yield* Effect.forEach(["/1", "/2"], (path) => get(url, path))
        yield* Effect.repeatN(Effect.yieldNow(), 50)
        yield* raw.reset
        const fresh = yield* accept
        for (const fiber of [again, ...waiting]) {
          yield* fresh.head
          yield* fresh.send(ok("y"))
          yield* fiber
        }
        assert.deepStrictEqual(fresh.received().match(/\/\w+ /g), ["/again ", "/1 ", "/2 "])
      })
    )
  )
})

describe("a resent request without success", () => {
  it.effect("no server accepts in time: fails with the loss of its first connection", () => {
    let connections = 0
    const network = Layer.effect(
      Network.Network,
      Effect.map(Network.Network, (network) => ({
        ...network,
        connect: (...to: Parameters<typeof network.connect>) =>
          connections++ === 0 ? network.connect(...to) : Effect.never
      }))
    ).pipe(Layer.provideMerge(MemoryNetwork.layer()))
    return withClient(network)(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const put = Client.request({ method: "PUT", url, body: "x", timeouts: { connect: 100 } })
        const first = yield* Effect.fork(Effect.flatMap(put, (response) => response.text))
        const raw = yield* accept
        yield* raw.until("\r\n\r\nx")
        yield* raw.send(ok("done"))
        assert.strictEqual(yield* first, "done")
        const second = yield* Effect.fork(Effect.flip(put))
        yield* raw.until("\r\n\r\nx")
        yield* raw.reset
        yield* Effect.repeat(Effect.yieldNow(), { until: () => connections === 2 })
        yield* TestClock.adjust(100)
        assert.deepInclude(yield* second, { _tag: "ConnectionReset", reused: true, written: "all" })
      })
    )
  })

  for (const [what, fault] of failures) {
    it.scoped(`${what}: fails with the loss of its first connection`, () => {
      let runs = 0
      const app = Effect.map(HttpServerRequest.HttpServerRequest, () => {
        runs++
        return HttpServerResponse.text("done")
      })
      return Effect.gen(function* () {
        const send = Effect.flatMap(
          Client.request({ method: "PUT", url: "http://api.internal/", body: "x" }),
          (response) => response.text
        )
        yield* send
        // From now on the server's data is replaced by RST, so the second response is lost.
        yield* MemoryNetwork.rule(({ from, kind }) =>
          from === "server" && kind === "Segment" ? Verdict.Reset() : Verdict.Pass()
        )
        yield* fault
        const error = yield* Effect.flip(send)
        assert.strictEqual(runs, 2)
        assert.deepInclude(error, { _tag: "ConnectionReset", phase: "head", written: "all", reused: true })
      }).pipe(
        Effect.provide(
          Client.layer.pipe(
            Layer.merge(
              Layer.provide(HttpServer.serve(app), Server.layer({ host: "api.internal", port: 80 }))
            ),
            Layer.provideMerge(MemoryNetwork.layer())
          )
        )
      )
    })
  }
})

const url = "http://api.test/"

interface Case {
  /** The step at which the second attempt hangs. */
  readonly late: "Connect" | "Dns"
  readonly timeouts?: Client.Timeouts
  /** Whether the client's scope closes during the second attempt. */
  readonly closed?: boolean
  readonly told: object
}

const cases: Readonly<Record<string, Case>> = {
  "the total timeout": {
    late: "Connect",
    timeouts: { total: "5 seconds" },
    told: { _tag: "RequestTimedOut", phase: "connect", written: "all" }
  },
  "the total timeout, while the name is resolved": {
    late: "Dns",
    timeouts: { total: "5 seconds" },
    told: { _tag: "RequestTimedOut", phase: "resolve", written: "all" }
  },
  "the timeout for resolving": {
    late: "Dns",
    timeouts: { resolve: "5 seconds" },
    told: { _tag: "ConnectionReset", reused: true, written: "all" }
  },
  "closing the client": {
    late: "Connect",
    closed: true,
    told: { _tag: "ConnectionFailed", code: "ERR_HTTPFX_CLIENT_CLOSED", written: "all" }
  }
}

describe("a resent request that is meanwhile aborted by", () => {
  it.scoped.each(Object.entries(cases))(
    "%s: reports that its first connection had sent it",
    ([, { closed, late, told, timeouts }]) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const client = yield* Scope.extend(Client.make(), scope)
        const server = yield* RawPeer.listen({ host: "api.test", port: 80 })
        const ask = (timeouts?: Client.Timeouts) => Effect.fork(client.request({ url, timeouts }))

        const first = yield* ask()
        const connection = yield* server.accept
        yield* connection.head
        yield* connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        yield* first

        const second = yield* ask(timeouts)
        yield* connection.head
        yield* MemoryNetwork.rule(({ kind }) => (kind === late ? Verdict.Delay("1 hour") : Verdict.Pass()))
        yield* connection.reset
        yield* Effect.repeat(
          Effect.tap(client.connections, () => Effect.yieldNow()),
          {
            until: ({ connecting }) => connecting === 1
          }
        )
        if (closed === true) yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* Quiet.run()
        assert.deepInclude(yield* Effect.flip(second), told)
      }).pipe(Effect.provide(MemoryNetwork.layer()))
  )
})
