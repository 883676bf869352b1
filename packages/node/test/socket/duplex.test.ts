/**
 * Conversions between transports and streams. A stream that goes through both conversions behaves as before,
 * and has the members of `net.Socket` that libraries use.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { once } from "node:events"
import * as net from "node:net"
import { Duplex } from "node:stream"
import { pipeline } from "node:stream/promises"
import { expect, vi } from "vitest"
import { Network } from "@httpfx/core/Network"
import type { Timers } from "@httpfx/core/Timers"
import type { Transport } from "@httpfx/core/Transport"
import { duplexFromTransport, transportFromDuplex, type DuplexOptions } from "@httpfx/node/NodeDuplex"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"

/** Creates two connected streams. */
const duplexPair = (
  options: { readonly allowHalfOpen: boolean } = { allowHalfOpen: true }
): [Duplex, Duplex] => {
  const waiting: Array<(() => void) | undefined> = [undefined, undefined]
  const make = (own: number): Duplex =>
    new Duplex({
      ...options,
      read() {
        const done = waiting[own]
        waiting[own] = undefined
        done?.()
      },
      write(chunk, _encoding, done) {
        waiting[1 - own] = done
        if (ends[1 - own]!.push(chunk)) this.emit("handed")
      },
      final(done) {
        ends[1 - own]!.push(null)
        done()
      }
    })
  const ends = [make(0), make(1)] as [Duplex, Duplex]
  return ends
}

/** Opens a connection on the network in the context, and returns both ends. */
const pair = Effect.gen(function* () {
  const network = yield* Network
  const accepted = yield* Deferred.make<Transport>()
  const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
    Deferred.unsafeDone(accepted, Effect.succeed(transport))
  })
  const client = yield* network.connect(listener.address)
  const server = yield* Deferred.await(accepted)
  yield* Effect.addFinalizer(() => Effect.sync(() => (client.reset(), server.reset())))
  return { client, server }
})

const promise = <A>(evaluate: () => Promise<A>) => Effect.promise(evaluate)

// Reads with `data` events, because async iteration would destroy the stream.
const collect = (stream: Duplex): Promise<string> =>
  new Promise((done, fail) => {
    const chunks: Array<Buffer> = []
    stream.on("data", (chunk: Buffer) => chunks.push(chunk))
    stream.once("end", () => done(Buffer.concat(chunks).toString("latin1")))
    stream.once("error", fail)
  })

// The listener ignores the error of the reset at the end of a test.
const open = (transport: Transport, options?: DuplexOptions) =>
  duplexFromTransport(transport, options).on("error", () => {})

const both: ReadonlyArray<readonly [string, Layer.Layer<Network>]> = [
  ["TCP", NodeNetwork.layer],
  ["memory", MemoryNetwork.layer()]
]

for (const [name, network] of both) {
  describe(`a stream over a transport (${name})`, () => {
    it.scopedLive("echoes a large body through pipeline, with backpressure", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair
        const [near, far] = [open(client), open(server, { allowHalfOpen: true })]
        const body = Buffer.alloc(3_000_000, "0123456789abcdef")
        const echo = pipeline(far, far)
        near.end(body)
        near.resume()
        const chunks: Array<Buffer> = []
        near.on("data", (chunk: Buffer) => chunks.push(chunk))
        yield* promise(() => Promise.all([echo, once(near, "close")]))
        assert.isTrue(Buffer.concat(chunks).equals(body))
        assert.strictEqual(near.bytesRead, body.length)
        assert.strictEqual(near.bytesWritten, body.length)
        assert.isTrue(chunks.every(Buffer.isBuffer))
      }).pipe(Effect.provide(network))
    )

    it.scopedLive("pauses a writer whose peer does not read, in both directions", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair
        const near = open(client)
        const far = open(server)
        let written = 0
        const chunk = Buffer.alloc(64 * 1024)
        while (written < 64 * 1024 * 1024) {
          written += chunk.length
          if (near.write(chunk)) continue
          const drained = yield* promise(() =>
            Promise.race([
              once(near, "drain").then(() => true),
              new Promise((no) => setTimeout(no, 50, false))
            ])
          )
          if (!drained) break
        }
        assert.isBelow(written, 64 * 1024 * 1024)
        assert.isAtMost(far.readableLength, 256 * 1024)
        near.end()
        let read = 0
        far.on("data", (bytes: Buffer) => void (read += bytes.length))
        yield* promise(() => once(far, "end"))
        assert.strictEqual(read, written)
      }).pipe(Effect.provide(network))
    )

    it.scopedLive("encodes strings as requested", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair
        const near = open(client)
        near.write("é", "latin1")
        near.write("é", "utf8")
        near.cork()
        near.write("6869", "hex")
        near.write(new Uint8Array([33]))
        near.uncork()
        near.end()
        const text = yield* promise(() => collect(open(server)))
        assert.strictEqual(text, "\xe9\xc3\xa9hi!")
      }).pipe(Effect.provide(network))
    )

    it.scopedLive("replies with FIN to FIN, unless allowHalfOpen is set", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair
        const near = open(client)
        const far = open(server, { allowHalfOpen: true })
        near.end("question")
        assert.strictEqual(yield* promise(() => collect(far)), "question")
        assert.strictEqual(far.readyState, "writeOnly")
        far.end("answer")
        assert.strictEqual(yield* promise(() => collect(near)), "answer")
        const next = yield* pair
        const closing = open(next.client)
        closing.resume()
        next.server.start({ data() {}, end() {}, drain() {}, error() {}, close() {} })
        next.server.end()
        yield* promise(() => once(closing, "close"))
      }).pipe(Effect.provide(network))
    )

    it.scopedLive("fails like a socket: an error with code and syscall, then close", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair
        const near = open(client)
        server.reset()
        const [error] = (yield* promise(() => once(near, "error"))) as [NodeJS.ErrnoException]
        assert.deepStrictEqual([error.code, error.syscall], ["ECONNRESET", "read"])
        assert.strictEqual(error.message, "read ECONNRESET")
        if (!near.closed) yield* promise(() => once(near, "close"))
        const failed = yield* promise(
          () => new Promise<Error | null | undefined>((done) => near.write("x", done))
        )
        assert.instanceOf(failed, Error)
      }).pipe(Effect.provide(network))
    )

    it.scopedLive(
      "destroy without an error lets the peer read all sent bytes; an error or resetAndDestroy may lose some",
      () =>
        Effect.gen(function* () {
          const first = yield* pair
          const polite = open(first.client)
          polite.write("last words")
          polite.destroy()
          assert.strictEqual(yield* promise(() => collect(open(first.server))), "last words")
          for (const leave of ["resetAndDestroy", "destroySoon"] as const) {
            const next = yield* pair
            const near = open(next.client)
            const far = open(next.server)
            far.on("error", () => {})
            near[leave]()
            const [event] = yield* promise(() =>
              Promise.race([
                once(far, "error").then(() => ["error"]),
                collect(far).then(() => ["end"])
              ]).catch(() => ["error"])
            )
            assert.strictEqual(event, leave === "destroySoon" ? "end" : "error")
          }
        }).pipe(Effect.provide(network))
    )

    it.scopedLive("has the members of net.Socket that libraries use", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair
        const near = open(client)
        const far = open(server)
        assert.deepStrictEqual(
          [near.remoteAddress, near.remotePort, near.remoteFamily],
          [far.localAddress, far.localPort, far.localFamily]
        )
        assert.strictEqual(near.localPort, far.remotePort)
        assert.strictEqual(near.remoteFamily, "IPv4")
        assert.deepStrictEqual(near.address(), {
          address: near.localAddress,
          family: "IPv4",
          port: near.localPort
        })
        assert.deepStrictEqual([near.connecting, near.pending, near.readyState], [false, false, "open"])
        for (const same of [
          near.setNoDelay(),
          near.setKeepAlive(true, 1000),
          near.ref(),
          near.unref(),
          near.setTimeout(0)
        ]) {
          assert.strictEqual(same, near)
        }
        near.ref()
      }).pipe(Effect.provide(network))
    )

    it.scopedLive("delivers the bytes of the option initial first", () =>
      Effect.gen(function* () {
        const { client, server } = yield* pair
        client.start({ data() {}, end() {}, drain() {}, error() {}, close() {} })
        client.write(" and more")
        client.end()
        const stream = open(server, { initial: Buffer.from("first") })
        assert.strictEqual(yield* promise(() => collect(stream)), "first and more")
      }).pipe(Effect.provide(network))
    )
  })
}

/** Creates timers whose time the test advances. */
const manualTimers = () => {
  let now = 0
  const waiting = new Set<readonly [deadline: number, f: () => void]>()
  const timers: Timers = {
    now: () => now,
    wallTime: () => now,
    turn: (f) => void setImmediate(f),
    at(deadline, f) {
      const entry = [deadline, f] as const
      waiting.add(entry)
      return () => waiting.delete(entry)
    }
  }
  const advance = (millis: number) => {
    now += millis
    for (const entry of [...waiting]) {
      if (entry[0] <= now && waiting.delete(entry)) entry[1]()
    }
  }
  return { timers, advance }
}

describe("setTimeout", () => {
  it.scoped("emits timeout after silence in both directions, not during traffic", () =>
    Effect.gen(function* () {
      const time = manualTimers()
      const { client, server } = yield* pair
      const near = open(client, { timers: time.timers })
      const far = open(server)
      const timedOut = vi.fn()
      near.setTimeout(1000, timedOut)
      time.advance(900)
      near.write("x")
      yield* promise(() => once(far, "data"))
      time.advance(900)
      far.write("y")
      yield* promise(() => once(near, "data"))
      time.advance(900)
      expect(timedOut).not.toHaveBeenCalled()
      time.advance(100)
      expect(timedOut).toHaveBeenCalledTimes(1)
      near.setTimeout(0)
      time.advance(5000)
      expect(timedOut).toHaveBeenCalledTimes(1)
      assert.isFalse(near.destroyed)
    }).pipe(Effect.provide(MemoryNetwork.layer()))
  )
})

describe("a stream that is converted to a transport and back", () => {
  const roundTrip = (stream: Duplex) =>
    duplexFromTransport(transportFromDuplex(stream), { allowHalfOpen: true })

  it("behaves as before", async () => {
    const [left, right] = duplexPair()
    const [near, far] = [roundTrip(left), roundTrip(right)]
    near.write("a")
    near.end("b")
    assert.strictEqual(await collect(far), "ab")
    far.end("c")
    assert.strictEqual(await collect(near), "c")
  })

  it("emits the errors of the original stream unchanged", async () => {
    const [left] = duplexPair()
    const near = roundTrip(left)
    const failure = Object.assign(new Error("out of order"), { code: "EX" })
    left.destroy(failure)
    const [error] = await once(near, "error")
    assert.strictEqual(error, failure)
  })

  it("destroys the original stream when it is destroyed", async () => {
    const [left] = duplexPair()
    const near = roundTrip(left)
    near.destroy()
    await once(left, "close")
    assert.isTrue(left.destroyed)
  })

  it("keeps the addresses of a net.Socket, and serves node's own client", async () => {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      const outer = roundTrip(socket)
      assert.strictEqual(outer.remotePort, socket.remotePort)
      outer.pipe(outer)
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const client = net.connect({
      port: (server.address() as net.AddressInfo).port,
      host: "127.0.0.1",
      allowHalfOpen: true
    })
    client.end("echo")
    assert.strictEqual(await collect(client), "echo")
    server.close()
  })
})
