// Bodies in both directions: backpressure, early responses, and the end of unread bodies.
import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { Client } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { networks } from "../support/networks.js"
import { ok, withClient } from "../support/withClient.js"

const kilobyte = new Uint8Array(1_024).fill(97)
const text = (length: number) => "x".repeat(length)
const head = (length: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`

/** Waits 50 turns of the event loop, so that everything that needs no timer has happened. */
const settle = Effect.repeatN(
  Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
  50
)

const connections = Effect.flatMap(Client.Client, (client) => client.connections)

/** Starts a request and sends the start of a response, including its head. The test sends the rest. */
const begun = (answer: string, request: Partial<Client.Request> = {}) =>
  Effect.gen(function* () {
    const { accept, count, url } = yield* RawPeer.listen()
    const fiber = yield* Effect.fork(Client.request({ url, ...request }))
    const raw = yield* accept
    yield* raw.head
    yield* raw.send(answer)
    return { response: yield* fiber, raw, url, accept, count }
  })

describe.each(networks)("Client's bodies on %s", (_, network) => {
  const run = withClient(network)

  describe("of a response", () => {
    it.effect("are decoded separately: half a character at the end of one does not affect the next", () =>
      run(
        Effect.gen(function* () {
          const { raw, response, url } = yield* begun(head(2))
          yield* raw.send(Uint8Array.of(0xe2, 0x82))
          assert.strictEqual(yield* response.text, "\ufffd")
          const next = yield* Effect.fork(
            Effect.flatMap(Client.request({ url }), (response) => response.text)
          )
          yield* raw.head
          yield* raw.send(head(2))
          yield* raw.send(Uint8Array.of(0xac, 0x21))
          assert.strictEqual(yield* next, "\ufffd!")
        })
      )
    )

    it.effect("apply backpressure while nobody reads, and continue with a reader", () =>
      run(
        Effect.gen(function* () {
          const size = 8 * 1_024 * 1_024
          const { raw, response } = yield* begun(head(size))
          let sent = 0
          const send = Effect.sync(() => {
            while (sent < size && raw.transport.buffered < 262_144) {
              raw.transport.write(text(65_536))
              sent += 65_536
            }
          })
          for (let i = 0; i < 40; i++) {
            yield* send
            yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          }
          assert.isFalse(response.complete)
          assert.isBelow(sent, size)
          const filler = yield* Effect.fork(Effect.forever(Effect.zipRight(send, settle)))
          let read = 0
          yield* Stream.runForEach(response.body, (chunk) => Effect.sync(() => (read += chunk.length)))
          yield* Fiber.interrupt(filler)
          assert.strictEqual(read, size)
        })
      )
    )

    // 70 000 bytes exceed the look-ahead, but the end of the body arrives in the same read as its last bytes.
    for (const size of [65_536, 70_000]) {
      it.effect(`of ${size} bytes release the connection, read or not`, () =>
        run(
          Effect.gen(function* () {
            const { count, raw, response, url } = yield* begun(ok(text(size)))
            yield* Effect.repeat(Effect.zipRight(settle, connections), { until: ({ idle }) => idle === 1 })
            const next = yield* Effect.fork(Client.request({ url }))
            yield* raw.head
            yield* raw.send(ok("next"))
            assert.isTrue((yield* next).reused)
            assert.strictEqual(count(), 1)
            assert.strictEqual((yield* response.text).length, size)
          })
        )
      )
    }

    it.effect("are the same for all readers of the whole body", () =>
      run(
        Effect.gen(function* () {
          const { raw, response } = yield* begun(head(6) + "abc")
          const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(response.text))
          yield* settle
          yield* raw.send("def")
          assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), ["abcdef", "abcdef", "abcdef"])
        })
      )
    )

    it.effect("close the connection when their stream is ended early", () =>
      run(
        Effect.gen(function* () {
          const { raw, response } = yield* begun(head(1_000) + "abc")
          const taken = yield* Stream.runHead(response.body)
          assert.isTrue(taken._tag === "Some")
          yield* raw.expectClosed
          assert.strictEqual((yield* connections).open, 0)
        })
      )
    )

    it.effect("close the connection when their last reader is interrupted", () =>
      run(
        Effect.gen(function* () {
          const { raw, response } = yield* begun(head(6) + "abc")
          const first = yield* Effect.fork(response.text)
          const second = yield* Effect.fork(response.text)
          yield* settle
          yield* Fiber.interrupt(first)
          yield* settle
          assert.strictEqual((yield* connections).open, 1)
          yield* Fiber.interrupt(second)
          yield* raw.expectClosed
          assert.strictEqual((yield* connections).open, 0)
          assert.propertyVal(yield* Effect.flip(response.text), "code", "ABORT_ERR")
        })
      )
    )

    it.effect("close the connection when the scope of the request closes", () =>
      run(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          const client = yield* Client.Client
          const scope = yield* Scope.make()
          const fiber = yield* Effect.fork(Scope.extend(client.requestScoped({ url }), scope))
          const raw = yield* accept
          yield* raw.head
          yield* raw.send(head(1_000) + "abc")
          const response = yield* fiber
          yield* Scope.close(scope, Exit.void)
          yield* raw.expectClosed
          assert.propertyVal(yield* Effect.flip(response.text), "code", "ABORT_ERR")
        })
      )
    )

    it.effect("leave the connection open when read before the scope of the request closes", () =>
      run(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          const client = yield* Client.Client
          const fiber = yield* Effect.fork(
            Effect.scoped(Effect.flatMap(client.requestScoped({ url }), (response) => response.text))
          )
          const raw = yield* accept
          yield* raw.head
          yield* raw.send(ok("abc"))
          yield* fiber
          assert.deepStrictEqual(yield* client.connections, { open: 1, idle: 1, connecting: 0 })
        })
      )
    )
  })

  describe("of a request", () => {
    it.effect("are pulled only as fast as the server reads", () =>
      run(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          let pulled = 0
          const body = Stream.repeatEffect(Effect.sync(() => (pulled++, kilobyte))).pipe(Stream.take(16_384))
          const fiber = yield* Effect.fork(Client.request({ url, method: "POST", body }))
          const raw = yield* accept
          yield* raw.pause
          yield* settle
          yield* settle
          const held = pulled
          assert.isBelow(held, 16_384)
          yield* settle
          assert.strictEqual(pulled, held)
          yield* raw.resume
          yield* raw.head
          for (let i = 0; i < 16; i++) yield* raw.take(1_024 * 1_024)
          yield* raw.until("\r\n0\r\n\r\n")
          assert.strictEqual(pulled, 16_384)
          yield* raw.send(ok(""))
          yield* fiber
        })
      )
    )

    const answeredEarly = (answer: string) =>
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        let finalized = false
        const body = Stream.make(kilobyte).pipe(
          Stream.concat(Stream.never),
          Stream.ensuring(Effect.sync(() => (finalized = true)))
        )
        const fiber = yield* Effect.fork(Client.request({ url, method: "POST", body }))
        const raw = yield* accept
        yield* raw.until("aaa\r\n")
        yield* raw.send(answer)
        return { response: yield* fiber, raw, finalized: () => finalized }
      })

    it.effect("do not delay an early response, and continue while it arrives", () =>
      run(
        Effect.gen(function* () {
          const { finalized, raw, response } = yield* answeredEarly(head(6) + "abc")
          assert.strictEqual(response.status, 200)
          assert.isFalse(finalized())
          yield* raw.send("def")
          assert.strictEqual(yield* response.text, "abcdef")
        })
      )
    )

    it.effect("are aborted, with the connection, when the response completes first", () =>
      run(
        Effect.gen(function* () {
          const { finalized, raw, response } = yield* answeredEarly(
            "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
          )
          assert.strictEqual(response.status, 413)
          yield* raw.expectClosed
          yield* Effect.repeat(Effect.yieldNow(), { until: finalized })
          assert.strictEqual((yield* connections).open, 0)
        })
      )
    )

    it.effect("that fail after the response head fail the rest of the response", () =>
      run(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          let fail = (): void => {}
          const gate = new Promise<void>((resolve) => (fail = resolve))
          const body = Stream.concat(
            Stream.make(kilobyte),
            Stream.fromEffect(
              Effect.zipRight(
                Effect.promise(() => gate),
                Effect.fail("no more" as const)
              )
            )
          )
          const fiber = yield* Effect.fork(Client.request({ url, method: "POST", body }))
          const raw = yield* accept
          yield* raw.until("aaa\r\n")
          yield* raw.send(head(6) + "abc")
          const response = yield* fiber
          const reading = yield* Effect.fork(Effect.flip(response.text))
          fail()
          assert.deepInclude((yield* reading) as object, {
            code: "ERR_HTTPFX_UPLOAD_FAILED",
            cause: "no more"
          })
          yield* raw.expectClosed
        })
      )
    )
  })
})

describe("A response without a reader", () => {
  const memory = MemoryNetwork.layer()
  const run = withClient(memory, { unreadTimeout: "10 seconds" })

  /** Advances the clock in small steps, with turns of the event loop in between, so that bytes can arrive. */
  const pass = (seconds: number) =>
    Effect.repeatN(Effect.zipRight(TestClock.adjust("500 millis"), settle), seconds * 2 - 1)

  const cases: ReadonlyArray<readonly [string, (raw: RawPeer.RawPeer) => unknown]> = [
    ["small and unfinished", () => {}],
    ["larger than the look-ahead", (raw) => raw.transport.write(text(200_000))]
  ]
  for (const [name, send] of cases) {
    it.effect(`is aborted after the limit: ${name}`, () =>
      run(
        Effect.gen(function* () {
          const { raw, response } = yield* begun(head(1_000_000) + "abc")
          send(raw)
          yield* settle
          yield* pass(9)
          assert.strictEqual((yield* connections).open, 1)
          yield* pass(1)
          assert.strictEqual((yield* connections).open, 0)
          assert.propertyVal(
            yield* Effect.flip(Stream.runDrain(response.body)),
            "code",
            "ERR_HTTPFX_BODY_UNREAD"
          )
        })
      )
    )
  }

  it.effect("is aborted even if the server keeps sending small pieces", () =>
    run(
      Effect.gen(function* () {
        const { raw } = yield* begun(head(1_000_000) + "abc")
        yield* settle
        for (let second = 0; second < 10; second++) {
          yield* raw.send("x")
          yield* pass(1)
        }
        assert.strictEqual((yield* connections).open, 0)
      })
    )
  )

  it.effect("is not aborted while somebody reads, however slow the server", () =>
    run(
      Effect.gen(function* () {
        const { raw, response } = yield* begun(head(6) + "abc")
        const fiber = yield* Effect.fork(response.text)
        yield* settle
        yield* pass(60)
        yield* raw.send("def")
        assert.strictEqual(yield* fiber, "abcdef")
      })
    )
  )

  it.effect("starts the limit when a reader pauses between two chunks", () =>
    run(
      Effect.gen(function* () {
        const { response } = yield* begun(head(1_000) + "abc")
        const slow = Stream.runForEach(response.body, () => Effect.sleep("1 minute"))
        const fiber = yield* Effect.fork(Effect.flip(slow))
        yield* settle
        yield* pass(11)
        assert.strictEqual((yield* connections).open, 0)
        yield* TestClock.adjust("1 minute")
        assert.propertyVal(yield* fiber, "code", "ERR_HTTPFX_BODY_UNREAD")
      })
    )
  )

  it.effect("ends with its scope through platform's withScope", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const scope = yield* Scope.make()
        const client = HttpClient.withScope(yield* HttpClient.HttpClient)
        const fiber = yield* Effect.fork(Scope.extend(client.get(url), scope))
        const raw = yield* accept
        yield* raw.head
        yield* raw.send(head(1_000) + "abc")
        yield* fiber
        yield* Scope.close(scope, Exit.void)
        yield* raw.expectClosed
        assert.strictEqual((yield* connections).open, 0)
      })
    )
  )
})
