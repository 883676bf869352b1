// Many concurrent connections over Node's sockets keep the bytes of every chunk, even with slow readers. A
// misbehaving stream below a transport causes at most one error.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Duplex } from "node:stream"
import { vi } from "vitest"
import { Network } from "@httpfx/core/Network"
import type { Transport, TransportHandlers } from "@httpfx/core/Transport"
import { transportFromDuplex } from "@httpfx/node/NodeDuplex"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"

const nothing: TransportHandlers = { data() {}, end() {}, drain() {}, error() {}, close() {} }
const turns = async (n: number) => {
  for (let i = 0; i < n; i++) await new Promise((done) => setImmediate(done))
}

describe("concurrent connections", () => {
  it.scopedLive("keep every chunk unchanged, from one byte to bulk reads, even if readers pause", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const connections = 40
      const rounds = 60
      // Sizes around each threshold of reader.ts.
      const sizes = [1, 100, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 200_000]
      const open: Array<Transport> = []
      yield* Effect.addFinalizer(() => Effect.sync(() => open.forEach((transport) => transport.reset())))
      const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
        open.push(transport)
        let round = 0
        const send = () => {
          while (round < rounds) {
            const number = round++
            // The value of the bytes identifies the round, and their number the position.
            const bytes = new Uint8Array(sizes[number % sizes.length]!).fill(number)
            if (!transport.write(bytes)) return
          }
          transport.end()
        }
        transport.start({ ...nothing, drain: send })
        send()
      })
      const total = Array.from({ length: rounds }, (_, i) => sizes[i % sizes.length]!)
      const one = (id: number) =>
        Effect.flatMap(network.connect(listener.address), (transport) =>
          Effect.async<ReadonlyArray<Uint8Array>>((resume) => {
            open.push(transport)
            const kept: Array<Uint8Array> = []
            transport.start({
              ...nothing,
              data: (chunk) => {
                kept.push(chunk)
                if ((kept.length + id) % 3 !== 0) return
                transport.pause()
                void turns(1 + (id % 4)).then(() => transport.resume())
              },
              end: () => transport.end(),
              close: () => resume(Effect.succeed(kept))
            })
          })
        )
      const all = yield* Effect.forEach(
        Array.from({ length: connections }, (_, id) => id),
        one,
        { concurrency: "unbounded" }
      )
      for (const kept of all) {
        const bytes = Buffer.concat(kept)
        let at = 0
        for (const [round, size] of total.entries()) {
          assert.isTrue(bytes.subarray(at, at + size).equals(Buffer.alloc(size, round)), `round ${round}`)
          at += size
        }
        assert.strictEqual(bytes.length, at)
      }
    }).pipe(Effect.provide(NodeNetwork.layer))
  )

  it.scopedLive("continue to read after a pause that ends bulk mode", () =>
    Effect.gen(function* () {
      // Fakes only the timer that ends bulk mode. Sockets use timers inside Node.
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
      yield* Effect.addFinalizer(() => Effect.sync(() => vi.useRealTimers()))
      const network = yield* Network
      let received: Array<Uint8Array> = []
      const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) =>
        transport.start({
          ...nothing,
          data: (chunk) => void received.push(chunk),
          end: () => transport.end()
        })
      )
      const transport = yield* network.connect(listener.address)
      yield* Effect.addFinalizer(() => Effect.sync(() => transport.reset()))
      transport.start(nothing)
      const arrived = (length: number) =>
        Effect.promise(async () => {
          while (received.reduce((sum, chunk) => sum + chunk.length, 0) < length) await turns(1)
        })
      for (let i = 0; i < 3; i++) {
        received = []
        transport.write(new Uint8Array(4_000_000).fill(i))
        yield* arrived(4_000_000)
        vi.advanceTimersByTime(10_000)
        const after = `after silence ${i}`
        received = []
        transport.write(after)
        yield* arrived(after.length)
        assert.strictEqual(Buffer.concat(received).toString(), after)
      }
    }).pipe(Effect.provide(NodeNetwork.layer))
  )

  it.scopedLive("write head and body unchanged, whatever their bytes and sizes", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const head = "HTTP/1.1 200 \u00e9\u00ff\r\n\r\n"
      const sizes = [0, 1, 256, 2_047, 2_048, 2_049, 16_384, 16_385, 70_000]
      const bodies = sizes.map((size) => Uint8Array.from({ length: size }, (_, i) => i % 256))
      const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
        transport.start({ ...nothing, end: () => transport.reset() })
        for (const body of bodies) {
          transport.write(head, body)
          transport.write(Buffer.from(head, "latin1"), body)
        }
        transport.end()
      })
      const transport = yield* network.connect(listener.address)
      const received = yield* Effect.async<Buffer>((resume) => {
        const chunks: Array<Uint8Array> = []
        transport.start({
          ...nothing,
          data: (chunk) => void chunks.push(chunk),
          end: () => transport.end(),
          close: () => resume(Effect.succeed(Buffer.concat(chunks)))
        })
      })
      const expected = bodies.flatMap((body) => [
        Buffer.from(head, "latin1"),
        body,
        Buffer.from(head, "latin1"),
        body
      ])
      assert.isTrue(received.equals(Buffer.concat(expected)))
    }).pipe(Effect.provide(NodeNetwork.layer))
  )

  it.scopedLive("can be opened, used and closed in thousands", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const count = 2_000
      let closed = 0
      // The queue of the system has room for all of them: it may reset connections beyond it.
      const options = { port: 0, host: "127.0.0.1", backlog: count }
      const listener = yield* network.listen(options, (transport) => {
        transport.start({
          ...nothing,
          data: (chunk) => void transport.write(chunk),
          end: () => transport.end(),
          close: () => closed++
        })
      })
      const one = Effect.flatMap(network.connect(listener.address), (transport) =>
        Effect.async<number>((resume) => {
          let received = 0
          transport.start({
            ...nothing,
            data: (chunk) => {
              received += chunk.length
              if (received === 5) transport.end()
            },
            close: () => resume(Effect.succeed(received))
          })
          transport.write("hello")
        })
      )
      const all = yield* Effect.all(
        Array.from({ length: count }, () => one),
        { concurrency: "unbounded" }
      )
      assert.isTrue(all.every((received) => received === 5))
      for (let i = 0; i < 2_000 && closed < count; i++) yield* Effect.promise(() => turns(1))
      assert.strictEqual(closed, count)
    }).pipe(Effect.provide(NodeNetwork.layer))
  )
})

describe("a transport over a stream that", () => {
  const record = (transport: Transport) => {
    const told: Array<string> = []
    transport.start({
      data: (chunk) => void told.push(`data ${chunk.length}`),
      end: () => void told.push("end"),
      drain: () => void told.push("drain"),
      error: (fault) => void told.push(`error ${fault.code}`),
      close: () => void told.push("close")
    })
    return told
  }
  const make = (options: ConstructorParameters<typeof Duplex>[0] = {}) =>
    new Duplex({ allowHalfOpen: true, read() {}, write: (_chunk, _encoding, done) => done(), ...options })

  const cases: ReadonlyArray<
    readonly [string, () => Duplex, (duplex: Duplex) => void, ReadonlyArray<string>]
  > = [
    ["fails", () => make(), (duplex) => duplex.destroy(new Error("x")), ["error ERR_HTTPFX_STREAM", "close"]],
    [
      "is destroyed without an error",
      () => make(),
      (duplex) => duplex.destroy(),
      ["error ECONNRESET", "close"]
    ],
    [
      "emits errors repeatedly",
      () => make(),
      (duplex) => {
        for (const text of ["a", "b"]) duplex.emit("error", Object.assign(new Error(text), { code: text }))
        duplex.destroy()
        duplex.emit("error", new Error("c"))
      },
      ["error a", "close"]
    ],
    [
      "emits data, an end and an error after its close",
      () => make(),
      (duplex) => {
        duplex.destroy()
        duplex.on("close", () => {
          setImmediate(() => {
            duplex.emit("data", Buffer.from("late"))
            duplex.emit("end")
            duplex.emit("error", new Error("late"))
            duplex.emit("close")
          })
        })
      },
      ["error ECONNRESET", "close"]
    ],
    [
      "fails a write",
      () =>
        make({ write: (_chunk, _encoding, done) => done(Object.assign(new Error("no"), { code: "EPIPE" })) }),
      () => {},
      ["error EPIPE", "close"]
    ],
    [
      "throws in its destructor's callback twice",
      () =>
        make({
          destroy: (_error, done) => {
            done(null)
            done(new Error("again"))
          }
        }),
      (duplex) => duplex.destroy(),
      ["error ECONNRESET", "close"]
    ]
  ]
  for (const [what, stream, misbehave, expected] of cases) {
    it.live(`${what} reports at most one error and one close`, () =>
      Effect.promise(async () => {
        const duplex = stream()
        const transport = transportFromDuplex(duplex)
        const told = record(transport)
        transport.write("x")
        misbehave(duplex)
        await turns(5)
        transport.write("x")
        transport.end()
        transport.pause()
        transport.resume()
        transport.reset()
        await turns(3)
        assert.deepStrictEqual(told, expected)
        // A new owner still gets the `close` event.
        const later = record(transport)
        await turns(2)
        assert.include(later, "close")
      })
    )
  }
})
