/** Raw peers on memory and on sockets: their scripts and failure messages. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import type { Network } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as RawPeer from "@httpfx/testing/RawPeer"

const networks: ReadonlyArray<readonly [string, Layer.Layer<Network.Network>]> = [
  ["memory", MemoryNetwork.layer()],
  ["node", NodeNetwork.layer]
]

const both = (options: RawPeer.Options = {}) =>
  Effect.gen(function* () {
    const listening = yield* RawPeer.listen({ port: 0, host: "127.0.0.1", name: "server", ...options })
    const client = yield* RawPeer.connect(listening.address, { name: "client", ...options })
    return { client, server: yield* listening.accept }
  })

describe.each(networks)("RawPeer on %s", (_, network) => {
  const run = <A, E>(test: Effect.Effect<A, E, Network.Network | Scope.Scope>) =>
    Effect.provide(Effect.scoped(test), network)

  it.effect("scripts both ends of a connection", () =>
    run(
      Effect.gen(function* () {
        const { client, server } = yield* both()
        yield* client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n", RawPeer.hex("00 ff"))
        assert.strictEqual(yield* server.head, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        yield* server.expect(Uint8Array.of(0, 255))
        yield* server.sendParts(["HTTP/1.1 2", "00 OK\r\n", "\r\n", "rest"])
        const match = yield* client.expectMatch(/HTTP\/1\.1 (\d{3}) [^\r]*\r\n/)
        assert.strictEqual(match[1], "200")
        assert.strictEqual(yield* client.until("\r\n"), "\r\n")
        assert.strictEqual(yield* client.take(2), "re")
        yield* server.end
        assert.strictEqual(yield* client.rest, "st")
        yield* client.expectFin
        yield* client.send("still")
        yield* server.expect("still")
        yield* server.expectNothing()
        yield* client.end
        yield* server.expectFin
        yield* server.expectClosed
        yield* client.expectClosed
        assert.deepStrictEqual([client.state(), server.state()], ["closed", "closed"])
      })
    )
  )

  it.effect("reads bytes that arrived while the process was busy, before its patience ends", () =>
    run(
      Effect.gen(function* () {
        const { client, server } = yield* both({ patience: "60 millis" })
        const waiting = yield* Effect.fork(client.until("x"))
        yield* Effect.yieldNow()
        yield* server.send("x")
        for (const end = performance.now() + 100; performance.now() < end;);
        assert.strictEqual(yield* waiting, "x")
      })
    )
  )

  it.effect("distinguishes a reset from FIN", () =>
    run(
      Effect.gen(function* () {
        const { client, server } = yield* both()
        yield* client.send("x")
        yield* server.expect("x")
        yield* client.reset
        yield* server.expectReset
        assert.strictEqual(server.state(), "ECONNRESET")
        const error = yield* Effect.flip(server.expect("y"))
        assert.deepInclude(error, { _tag: "WireMismatch", reason: "over", state: "ECONNRESET", start: 1 })
      })
    )
  )

  it.effect("shows expected and received bytes", () =>
    run(
      Effect.gen(function* () {
        const { client, server } = yield* both()
        yield* server.send("xyz", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\x00")
        yield* client.expect("xyz")
        const error = yield* Effect.flip(client.expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
        assert.strictEqual(error.reason, "differs")
        assert.strictEqual(error.offset, 3 + 33)
        assert.strictEqual(
          error.message,
          [
            "client expected these bytes: received other bytes (connection: open; consumed before: 3 bytes)",
            "    HTTP/1.1 200 OK\\r\\n",
            "  - Content-Length: 5\\r\\n",
            "  + Content-Length: 6\\r\\n",
            "                    ^ offset 36: expected 0x35, received 0x36",
            "  - \\r\\n",
            "  - hello",
            "  + \\r\\n",
            "  + hello\\x00"
          ].join("\n")
        )
      })
    )
  )

  it.effect("shows the bytes received so far if no more arrive, under any clock", () =>
    run(
      Effect.gen(function* () {
        const { client, server } = yield* both({ patience: "30 millis" })
        yield* server.send("HTTP/1.1 200")
        const silent = yield* Effect.flip(client.expect("HTTP/1.1 200 OK\r\n"))
        assert.include(silent.message, "client expected these bytes: nothing more arrived (connection: open;")
        assert.include(
          silent.message,
          "  + HTTP/1.1 200\n                ^ offset 12: expected 0x20, received nothing yet"
        )
        assert.strictEqual((yield* Effect.flip(client.until("\r\n\r\n"))).wanted, `"\\r\\n\\r\\n"`)
        yield* server.end
        const over = yield* Effect.flip(client.expectMatch(/.*\r\n/))
        assert.deepInclude(over, { reason: "over", received: "HTTP/1.1 200", state: "fin" })
        assert.strictEqual((yield* Effect.flip(client.expectFin)).reason, "unexpected")
      })
    )
  )

  it.effect("fails at once if bytes arrive where the script expects nothing", () =>
    run(
      Effect.gen(function* () {
        const { client, server } = yield* both()
        const silence = yield* Effect.fork(Effect.flip(client.expectNothing("1 hour")))
        yield* server.send("late")
        assert.deepInclude(yield* silence, { reason: "unexpected", received: "late" })
      })
    )
  )
})

describe("RawPeer", () => {
  it.effect("measures an expected silence on the test's clock", () =>
    Effect.gen(function* () {
      const { client, server } = yield* both()
      const silence = yield* Effect.fork(client.expectNothing("1 hour"))
      yield* TestClock.adjust(Duration.hours(1))
      yield* silence
      yield* Effect.fork(Effect.delay(server.send("later"), "2 seconds"))
      const broken = yield* Effect.fork(Effect.flip(client.expectNothing("3 seconds")))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* broken).received, "later")
    }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()))
  )

  it.effect("connects by name, and fails if no client connects", () =>
    Effect.gen(function* () {
      const listening = yield* RawPeer.listen({ port: 80, host: "api.test", patience: "10 millis" })
      const client = yield* RawPeer.connect({ host: "api.test", port: 80 })
      const server = yield* listening.accept
      yield* client.send("hi")
      yield* server.expect("hi")
      assert.strictEqual(listening.count(), 1)
      const error = yield* Effect.flip(listening.accept)
      assert.include(
        error.message,
        "expected another connection: nothing more arrived (connection: 1 connections so far"
      )
    }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()))
  )

  it("converts hexadecimal digits, texts and templates to bytes", () => {
    const length = 3
    assert.strictEqual(
      RawPeer.wire`
        POST / HTTP/1.1
        Content-Length: ${length}
          X: \x00

        a${"\n"}b
      `,
      "POST / HTTP/1.1\r\nContent-Length: 3\r\n  X: \x00\r\n\r\na\nb\r\n"
    )
    assert.strictEqual(RawPeer.wire`GET / HTTP/1.1\r\n\r\n`, "GET / HTTP/1.1\r\n\r\n")
    assert.deepStrictEqual([...RawPeer.hex("0d 0A\nff")], [13, 10, 255])
    assert.throws(() => RawPeer.hex("0g"))
    assert.strictEqual(RawPeer.utf8("ü"), "Ã¼")
    assert.deepStrictEqual([...RawPeer.latin1("\xff\x80")], [255, 128])
  })
})
