// Compressed streams: when pieces arrive, backpressure, the end of streams, and decoding by curl.
import { HttpServer, HttpServerResponse, type HttpApp } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import { execFile, spawnSync } from "node:child_process"
import * as zlib from "node:zlib"
import { Client, Server } from "@httpfx/core"
import { NodeCompression, NodeHttpServer } from "@httpfx/node"
import { Encoders } from "../../src/content/encoders.js"
import { incompressible } from "../support/incompressible.js"
import { MemoryNetwork, RawPeer, Simulation, TestServer, VirtualClock } from "@httpfx/testing"

const codings = ["gzip", "br", ...("createZstdCompress" in zlib ? ["zstd"] : [])]
const makers = zlib as unknown as Record<string, () => zlib.Gunzip>
const decoderOf = (coding: string) =>
  makers[{ gzip: "createGunzip", br: "createBrotliDecompress", zstd: "createZstdDecompress" }[coding]!]!()

const url = "http://server.test/"
const asked = (coding: string) => ({ url, headers: { "Accept-Encoding": coding } })
const served = (app: HttpApp.Default<unknown, never>, options?: NodeCompression.Options) =>
  TestServer.serve(NodeCompression.compress(options)(app))
const events = { contentType: "text/event-stream" }
const encoder = new TextEncoder()

describe("events arrive when they are emitted", () => {
  for (const coding of codings) {
    it.effect(coding, () =>
      Effect.gen(function* () {
        const queue = yield* Queue.unbounded<string>()
        const app = HttpServerResponse.stream(
          Stream.map(Stream.fromQueue(queue), (event) => encoder.encode(event)),
          events
        )
        yield* Effect.gen(function* () {
          const response = yield* Client.requestScoped(asked(coding))
          assert.strictEqual(response.header("content-encoding"), coding)
          const decoder = decoderOf(coding)
          const received = yield* Queue.unbounded<string>()
          decoder.on("data", (piece: Buffer) => Queue.unsafeOffer(received, piece.toString()))
          yield* Effect.fork(
            Stream.runForEach(response.body, (piece) => Effect.sync(() => decoder.write(piece)))
          )
          // Each event is emitted only after the previous event has arrived.
          for (const event of ["data: 1\n\n", "data: 2\n\n", `data: ${"x".repeat(50_000)}\n\n`, "\n"]) {
            yield* Queue.offer(queue, event)
            let text = ""
            while (text.length < event.length) text += yield* Queue.take(received)
            assert.strictEqual(text, event)
          }
        }).pipe(Effect.scoped, Effect.provide(served(app)))
      })
    )
  }
})

describe("backpressure", () => {
  it.effect("reaches the source of a client that does not read", () =>
    Effect.gen(function* () {
      let pulled = 0
      const source = Stream.repeatEffect(
        Effect.sync(() => {
          pulled++
          return incompressible(10_000, pulled)
        })
      )
      yield* Effect.gen(function* () {
        const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
        yield* peer.pause
        yield* peer.send("GET / HTTP/1.1\r\nHost: server.test\r\nAccept-Encoding: gzip\r\n\r\n")
        let before = -1
        while (pulled === 0 || pulled !== before) {
          before = pulled
          yield* VirtualClock.settle
        }
        assert.isBelow(pulled, 100)
        yield* peer.resume
        yield* peer.wait("more of the body", () => pulled > before + 10)
      }).pipe(Effect.scoped, Effect.provide(served(HttpServerResponse.stream(source, events))))
    })
  )
})

describe("when a response ends,", () => {
  it.effect("a client that disconnects interrupts the source and frees the zlib engine", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const source = Stream.make(encoder.encode("data: 1\n\n")).pipe(
        Stream.concat(Stream.never),
        Stream.ensuring(Deferred.succeed(closed, undefined))
      )
      yield* Effect.gen(function* () {
        yield* Effect.gen(function* () {
          const response = yield* Client.requestScoped(asked("gzip"))
          assert.strictEqual(response.header("content-encoding"), "gzip")
          // After the first piece, the engine is open.
          yield* Stream.runDrain(Stream.take(response.body, 1))
        }).pipe(Effect.scoped)
        yield* Deferred.await(closed)
        yield* VirtualClock.settle
        const again = yield* Client.requestScoped(asked("gzip"))
        assert.strictEqual(again.header("content-encoding"), "gzip")
      }).pipe(
        Effect.scoped,
        Effect.provide(served(HttpServerResponse.stream(source, events), { maxConcurrent: 1 }))
      )
    })
  )

  it.effect("a response above maxConcurrent is not compressed", () =>
    Effect.gen(function* () {
      const source = Stream.concat(Stream.make(encoder.encode("data: 1\n\n")), Stream.never)
      yield* Effect.gen(function* () {
        const codingOf = Effect.gen(function* () {
          const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
          yield* peer.send("GET / HTTP/1.1\r\nHost: server.test\r\nAccept-Encoding: gzip\r\n\r\n")
          const head = yield* peer.head
          yield* peer.take(1)
          return /content-encoding: (.*)\r/i.exec(head)?.[1]
        })
        assert.deepStrictEqual(yield* Effect.all([codingOf, codingOf]), ["gzip", undefined])
      }).pipe(
        Effect.scoped,
        Effect.provide(served(HttpServerResponse.stream(source, events), { maxConcurrent: 1 }))
      )
    })
  )

  it.effect("a client that disconnects frees the engine although the source's generator still waits", () =>
    Effect.gen(function* () {
      let isLeft = false
      async function* source() {
        yield encoder.encode("data: 1\n\n")
        isLeft = true
        await new Promise(() => {})
      }
      const app = Effect.sync(() => HttpServerResponse.raw(source(), events))
      yield* Effect.gen(function* () {
        yield* Effect.gen(function* () {
          const response = yield* Client.requestScoped(asked("gzip"))
          yield* Stream.runDrain(Stream.take(response.body, 1))
          while (!isLeft) yield* VirtualClock.settle
        }).pipe(Effect.scoped)
        yield* VirtualClock.settle
        // The engine is free again, so the next response is compressed.
        const again = yield* Client.requestScoped(asked("gzip"))
        assert.strictEqual(again.header("content-encoding"), "gzip")
      }).pipe(Effect.scoped, Effect.provide(served(app, { maxConcurrent: 1 })))
    })
  )

  for (const kind of ["bytes", "stream"] as const)
    it.live(`an interruption at any step frees the engine of ${kind}`, () =>
      Effect.gen(function* () {
        const content = new Uint8Array(100)
        for (let at = 0, isOver = false; !isOver; at++) {
          const encoders = new Encoders({}, 1)
          const run =
            kind === "bytes"
              ? encoders.bytes("gzip", content)
              : Stream.runDrain(encoders.stream("gzip", Stream.make(content), true))
          const scheduler = new Scheduler.MixedScheduler(2048)
          let step = 0
          let first: Fiber.RuntimeFiber<unknown, unknown> | undefined
          const fiber = Effect.runFork<unknown, unknown>(run, {
            scheduler: {
              scheduleTask: (task, priority) => scheduler.scheduleTask(task, priority),
              shouldYield: (fiber) => {
                first ??= fiber
                if (fiber !== first || step++ !== at) return false
                fiber.unsafeInterruptAsFork(fiber.id())
                return 0
              }
            }
          })
          yield* Fiber.await(fiber)
          // The work ended before the step at which it should be interrupted.
          isOver = step <= at
          assert.isFalse(encoders.full, `interrupted at step ${at}`)
        }
      })
    )

  it.effect("a source that fails resets the connection", () =>
    Effect.gen(function* () {
      const response = yield* Client.request(asked("gzip"))
      assert.strictEqual(response.status, 200)
      const error = yield* Effect.flip(response.bytes)
      assert.include(["HangUp", "ConnectionReset"], error._tag)
      const failures = yield* TestServer.failures
      assert.include(String(failures[0]?.cause), "no tea")
    }).pipe(
      Effect.provide(
        served(
          HttpServerResponse.stream(
            Stream.concat(Stream.make(encoder.encode("data: 1\n\n")), Stream.fail(new Error("no tea"))),
            events
          )
        )
      )
    )
  )

  it.effect("an empty stream is a complete, empty content", () =>
    Effect.gen(function* () {
      const response = yield* Client.request(asked("gzip"))
      assert.strictEqual(zlib.gunzipSync(yield* response.bytes).length, 0)
    }).pipe(Effect.provide(served(HttpServerResponse.stream(Stream.make(new Uint8Array(0)), events))))
  )

  it.effect("a fiber that is interrupted while it compresses frees the engine", () =>
    Effect.gen(function* () {
      const encoders = new Encoders({}, 1)
      const fiber = yield* Effect.fork(encoders.bytes("br", incompressible(1_000_000, 1)))
      while (!encoders.full) yield* Effect.yieldNow()
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isInterrupted(exit))
      assert.isFalse(encoders.full)
    })
  )
})

describe("virtual time", () => {
  const app = HttpServerResponse.stream(
    Stream.fromIterable([1, 2, 3]).pipe(
      Stream.schedule(Schedule.spaced("1 minute")),
      Stream.map((n) => encoder.encode(`data: ${n} ${"tea ".repeat(1000)}\n\n`))
    ),
    events
  )
  const program = (seed: number) =>
    Effect.gen(function* () {
      const { httpServer } = yield* Server.make({ host: "server.test", port: 80 })
      yield* httpServer.serve(NodeCompression.compress()(app))
      const client = yield* Client.make()
      const order = yield* Ref.make<ReadonlyArray<string>>([])
      const one = (coding: string) =>
        Effect.gen(function* () {
          const response = yield* client.request(asked(coding))
          const bytes = yield* response.bytes
          const at = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          yield* Ref.update(order, (all) => [...all, `${coding} ${bytes.length} ${at - VirtualClock.epoch}`])
        })
      yield* Effect.all([...codings, ...codings].map(one), { concurrency: "unbounded" })
      return yield* Ref.get(order)
    }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()), (world) =>
      Simulation.run({ seed, maxTime: "1 hour", anyOrder: true }, world)
    )

  it.effect("a simulation waits for the engines, and equal seeds give equal runs", () =>
    Effect.gen(function* () {
      const first = yield* program(1)
      assert.strictEqual(first.length, 2 * codings.length)
      for (const line of first) assert.match(line, / 180000$/)
      assert.deepStrictEqual(yield* program(1), first)
    })
  )
})

const curl = spawnSync("curl", ["--version"], { encoding: "utf8" })
const found = curl.status === 0

describe(found ? "curl" : "curl (not found on this machine)", () => {
  const text = "tea and more tea, ".repeat(10_000)
  const app = Effect.succeed(
    HttpServerResponse.stream(
      Stream.fromIterable([text.slice(0, 7), text.slice(7)]).pipe(
        Stream.map((piece) => encoder.encode(piece))
      ),
      {
        contentType: "text/plain"
      }
    )
  )
  const run = (...args: ReadonlyArray<string>) =>
    Effect.async<string>((resume) => {
      const child = execFile("curl", ["--silent", "--show-error", ...args], (error, out) =>
        resume(Effect.succeed(error === null ? out : String(error)))
      )
      return Effect.sync(() => child.kill())
    })

  it.live.runIf(found)("decodes every coding that it accepts with --compressed", () =>
    Effect.gen(function* () {
      const { address } = yield* Server.Server
      const at = `http://127.0.0.1:${address._tag === "TcpAddress" ? address.port : 0}/`
      assert.strictEqual(yield* run("--compressed", at), text)
      assert.strictEqual(yield* run(at), text)
      const head = yield* run("--compressed", "--head", at)
      assert.match(head, /content-encoding: (br|zstd|gzip)\r\n/i)
      for (const coding of curl.stdout.includes("brotli") ? ["gzip", "br"] : ["gzip"])
        assert.strictEqual(yield* run("--compressed", "-H", `Accept-Encoding: ${coding}`, at), text)
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          HttpServer.serve(app, NodeCompression.compress()),
          NodeHttpServer.layer({ port: 0, host: "127.0.0.1" })
        )
      )
    )
  )
})
