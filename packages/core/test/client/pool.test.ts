// Connections between requests: they are kept, reused, closed in time, and replaced if the server has closed
// them.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { Client } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { networks } from "../support/networks.js"
import { ok, withClient } from "../support/withClient.js"

/** Serves one request on a connection. */
const exchange = (raw: RawPeer.RawPeer, answer = ok("x")) => Effect.zipRight(raw.head, raw.send(answer))

const text = (request: Client.Request) =>
  Effect.flatMap(Client.request(request), (response) =>
    Effect.map(response.text, (text) => ({ text, reused: response.reused, resent: response.resent }))
  )

const counts = Effect.flatMap(Client.Client, (client) => client.connections)

/** Waits until the client has these numbers of connections. */
const settled = (expected: Client.Connections) =>
  Effect.repeat(
    Effect.tap(counts, () => Effect.yieldNow()),
    { until: (now) => JSON.stringify(now) === JSON.stringify(expected) }
  )

describe.each(networks)("Client's connections on %s", (_, network) => {
  const run = withClient(network)

  it.effect("serve one request after the other, the most recently used first", () =>
    run(
      Effect.gen(function* () {
        const { accept, count, url } = yield* RawPeer.listen()
        const first = yield* Effect.fork(text({ url }))
        const second = yield* Effect.fork(text({ url }))
        const a = yield* accept
        const b = yield* accept
        yield* exchange(a)
        yield* first
        yield* exchange(b)
        yield* second
        yield* settled({ open: 2, idle: 2, connecting: 0 })
        const third = yield* Effect.fork(text({ url }))
        yield* exchange(b)
        assert.deepInclude(yield* third, { text: "x", reused: true, resent: 0 })
        assert.strictEqual(count(), 2)
        assert.strictEqual(a.received().split("\r\n\r\n").length, 2)
      })
    )
  )

  it.effect("are separated by host, port and protocol", () =>
    run(
      Effect.gen(function* () {
        const one = yield* RawPeer.listen()
        const other = yield* RawPeer.listen()
        for (const { accept, url } of [one, other, one]) {
          const fiber = yield* Effect.fork(text({ url }))
          if (url === one.url && one.count() > 0 && other.count() > 0) break
          yield* exchange(yield* accept)
          assert.isFalse((yield* fiber).reused)
        }
      })
    )
  )

  const closing: ReadonlyArray<readonly [string, string]> = [
    ["Connection: close in the response", ok("x", "Connection: close\r\n")],
    [
      "Connection: close on a chunked response",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    ],
    ["HTTP/1.0 without keep-alive", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"],
    ["bytes after the response", ok("x") + "HTTP/1.1 200 OK\r\n"],
    ["a second response", ok("x") + ok("y")]
  ]
  for (const [why, answer] of closing) {
    it.effect(`are not used again after ${why}`, () =>
      run(
        Effect.gen(function* () {
          const { accept, count, url } = yield* RawPeer.listen()
          const first = yield* Effect.fork(text({ url }))
          const raw = yield* accept
          yield* exchange(raw, answer)
          assert.strictEqual((yield* first).text, "x")
          yield* raw.rest
          const second = yield* Effect.fork(text({ url }))
          yield* exchange(yield* accept)
          assert.isFalse((yield* second).reused)
          assert.strictEqual(count(), 2)
        })
      )
    )
  }

  it.effect("are kept for as long as their own server announced, not another server", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const answers = [ok("x", "Keep-Alive: timeout=3\r\n"), ok("x")]
        const both = yield* Effect.forEach(answers, () => Effect.fork(text({ url })))
        const raws = [yield* accept, yield* accept]
        for (const [at, answer] of answers.entries()) {
          yield* exchange(raws[at]!, answer)
          yield* both[at]!
        }
        yield* settled({ open: 2, idle: 2, connecting: 0 })
        yield* TestClock.adjust("2 seconds")
        yield* raws[0]!.rest
        assert.strictEqual(raws[1]!.state(), "open")
        // `answers[0]` announces a short timeout. It must not apply after the later response `answers[1]`.
        const again = yield* Effect.fork(text({ url }))
        yield* exchange(raws[1]!, answers[0])
        yield* again
        const third = yield* Effect.fork(text({ url }))
        yield* exchange(raws[1]!, answers[1])
        yield* third
        yield* TestClock.adjust("2500 millis")
        assert.strictEqual(raws[1]!.state(), "open")
        yield* TestClock.adjust("1500 millis")
        yield* raws[1]!.rest
      })
    )
  )

  it.effect("make room for another host's request: the least recently used is closed", () =>
    withClient(network, { maxTotalSockets: 3 })(
      Effect.gen(function* () {
        const peers = [
          yield* RawPeer.listen(),
          yield* RawPeer.listen(),
          yield* RawPeer.listen(),
          yield* RawPeer.listen()
        ]
        const raws: Array<RawPeer.RawPeer> = []
        for (const { accept, url } of peers) {
          const fiber = yield* Effect.fork(text({ url }))
          const raw = yield* accept
          raws.push(raw)
          yield* exchange(raw)
          yield* fiber
          yield* TestClock.adjust("10 millis")
        }
        yield* raws[0]!.rest
        yield* raws[0]!.end
        assert.deepStrictEqual(
          raws.slice(1).map((raw) => raw.state()),
          ["open", "open", "open"]
        )
        yield* settled({ open: 3, idle: 3, connecting: 0 })
      })
    )
  )

  it.effect("are reused after HTTP/1.0 with keep-alive", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const answer = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"
        const first = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        yield* exchange(raw, answer)
        yield* first
        const second = yield* Effect.fork(text({ url }))
        yield* exchange(raw, answer)
        assert.isTrue((yield* second).reused)
      })
    )
  )

  it.effect("with keepAlive off, announce the close and close after each request", () =>
    withClient(network, { keepAlive: false })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        yield* exchange(raw)
        yield* fiber
        yield* raw.rest
        assert.include(raw.received(), "Connection: close\r\n")
        yield* raw.end
        yield* settled({ open: 0, idle: 0, connecting: 0 })
      })
    )
  )

  it.effect("close when the server closes them while idle", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        yield* exchange(raw)
        yield* fiber
        yield* raw.end
        yield* raw.rest
        yield* settled({ open: 0, idle: 0, connecting: 0 })
      })
    )
  )

  it.effect("close when the server sends bytes while they are idle", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        yield* exchange(raw)
        yield* fiber
        yield* raw.send("HTTP/1.1 408 Request Timeout\r\n\r\n")
        yield* settled({ open: 0, idle: 0, connecting: 0 })
      })
    )
  )

  it.effect("close with the scope of the client, idle or not, and in-flight requests fail", () =>
    withClient(network)(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const scope = yield* Scope.make()
        const client = yield* Scope.extend(Client.make(), scope)
        const idle = yield* Effect.fork(Effect.flatMap(client.request({ url }), (response) => response.text))
        yield* exchange(yield* accept)
        yield* idle
        const head = yield* Effect.fork(client.request({ url: `${url}/waits` }))
        const body = yield* Effect.fork(Effect.flatMap(client.request({ url }), (response) => response.text))
        const waiting = yield* accept
        yield* waiting.head.pipe(Effect.raceFirst(Effect.yieldNow()), Effect.ignore)
        yield* Scope.close(scope, Exit.void)
        for (const failed of [Effect.flip(head), Effect.flip(body)]) {
          assert.propertyVal(yield* failed, "code", "ERR_HTTPFX_CLIENT_CLOSED")
        }
        assert.deepStrictEqual(yield* client.connections, { open: 0, idle: 0, connecting: 0 })
        assert.propertyVal(yield* Effect.flip(client.request({ url })), "code", "ERR_HTTPFX_CLIENT_CLOSED")
      })
    )
  )

  describe("that close at the moment of reuse", () => {
    /**
     * Completes one exchange. The server ends the connection by `die` when the second request has arrived.
     */
    const dying = (
      second: Client.Request,
      die: (raw: RawPeer.RawPeer) => Effect.Effect<void, RawPeer.WireMismatch>
    ) =>
      Effect.gen(function* () {
        const { accept, count, url } = yield* RawPeer.listen()
        const first = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        yield* exchange(raw)
        yield* first
        const fiber = yield* Effect.fork(Effect.either(text({ ...second, url })))
        yield* raw.head
        yield* die(raw)
        yield* Effect.fork(Effect.flatMap(accept, (fresh) => exchange(fresh, ok("again"))))
        return [yield* fiber, count()] as const
      })
    const reset = (raw: RawPeer.RawPeer) => raw.reset
    const close = (raw: RawPeer.RawPeer) => raw.end

    for (const [how, die] of [
      ["reset", reset],
      ["closed", close]
    ] as const) {
      it.effect(`${how}: an idempotent request is resent once`, () =>
        run(
          Effect.gen(function* () {
            const [result, accepted] = yield* dying({ url: "" }, die)
            assert.deepStrictEqual(Exit.isSuccess(yield* Effect.exit(result)) && (yield* result), {
              text: "again",
              reused: false,
              resent: 1
            })
            assert.strictEqual(accepted, 2)
          })
        )
      )
    }

    it.effect("with its body, if it is in memory", () =>
      run(
        Effect.gen(function* () {
          const [result] = yield* dying({ url: "", method: "PUT", body: "abc" }, reset)
          assert.strictEqual((yield* result).text, "again")
        })
      )
    )

    const told: ReadonlyArray<
      readonly [
        string,
        Client.Request,
        (raw: RawPeer.RawPeer) => Effect.Effect<void, RawPeer.WireMismatch>,
        string
      ]
    > = [
      ["a POST", { url: "", method: "POST", body: "abc" }, reset, "ConnectionReset"],
      ["a POST", { url: "", method: "POST", body: "abc" }, close, "HangUp"],
      ["a streamed PUT", { url: "", method: "PUT", body: Stream.never }, reset, "ConnectionReset"],
      [
        "a GET whose response had begun",
        { url: "" },
        (raw) => Effect.zipRight(raw.send("HTTP/1.1 2"), raw.end),
        "HangUp"
      ]
    ]
    for (const [what, request, die, tag] of told) {
      it.effect(`but not ${what}: ${tag}`, () =>
        run(
          Effect.gen(function* () {
            const [result, accepted] = yield* dying(request, die)
            const error = yield* Effect.flip(result)
            assert.strictEqual(error._tag, tag)
            assert.propertyVal(error, "reused", true)
            assert.strictEqual(accepted, 1)
          })
        )
      )
    }

    it.effect("and only once", () =>
      run(
        Effect.gen(function* () {
          const { accept, count, url } = yield* RawPeer.listen()
          const first = yield* Effect.fork(text({ url }))
          const raw = yield* accept
          yield* exchange(raw)
          yield* first
          const fiber = yield* Effect.fork(Effect.flip(text({ url })))
          yield* raw.head
          yield* reset(raw)
          const fresh = yield* accept
          yield* fresh.head
          yield* reset(fresh)
          assert.strictEqual((yield* fiber)._tag, "ConnectionReset")
          assert.strictEqual(count(), 2)
        })
      )
    )
  })
})

describe("Client's connections in time", () => {
  const memory = MemoryNetwork.layer()

  it.effect("close when idle for longer than the limit, not before", () =>
    withClient(memory, { idleTimeout: "3 seconds" })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        yield* exchange(raw)
        yield* fiber
        yield* TestClock.adjust("2999 millis")
        yield* Effect.yieldNow()
        assert.strictEqual(raw.state(), "open")
        yield* TestClock.adjust("1 millis")
        yield* raw.rest
        yield* raw.end
        yield* settled({ open: 0, idle: 0, connecting: 0 })
      })
    )
  )

  it.effect("start the limit anew with each exchange", () =>
    withClient(memory, { idleTimeout: "3 seconds" })(
      Effect.gen(function* () {
        const { accept, count, url } = yield* RawPeer.listen()
        const first = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        yield* exchange(raw)
        yield* first
        for (let n = 2; n < 5; n++) {
          yield* TestClock.adjust("2 seconds")
          const fiber = yield* Effect.fork(text({ url }))
          yield* exchange(raw)
          assert.isTrue((yield* fiber).reused)
        }
        assert.strictEqual(count(), 1)
      })
    )
  )

  it.effect("are reset if the server does not close its side", () =>
    withClient(memory, { keepAlive: false })(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(text({ url }))
        const raw = yield* accept
        yield* exchange(raw)
        yield* fiber
        yield* raw.rest
        yield* settled({ open: 1, idle: 0, connecting: 0 })
        yield* TestClock.adjust("1 seconds")
        yield* settled({ open: 0, idle: 0, connecting: 0 })
      })
    )
  )
})
