/**
 * Cases of the network battery about order and integrity of bytes, and backpressure.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import {
  checked,
  clog,
  connected,
  equal,
  isTrue,
  mebibyte,
  pattern,
  pour,
  scoped,
  settled,
  started
} from "./case.js"

export const bytesAndOrder = [
  scoped(
    "bytes arrive, and both ends know each other's addresses",
    Effect.gen(function* () {
      const { client, server, listener } = yield* started
      server.onData = (chunk) => void server.write(chunk)
      client.write("hello")
      yield* client.until(() => client.text === "hello")
      equal(server.transport.local, listener.address, "the server's address")
      equal(client.transport.remote, listener.address, "the address connected to")
      equal(client.transport.local, server.transport.remote, "the client's address")
      equal([client.reentered, server.reentered], [false, false], "callbacks inside calls")
    })
  ),
  scoped(
    "each character of a string is sent as one byte",
    Effect.gen(function* () {
      const { client, server } = yield* started
      const text = String.fromCharCode(...Array.from({ length: 256 }, (_, index) => index))
      client.write(text)
      yield* server.until(() => server.received === 256)
      equal(
        server.chunks.flatMap((chunk) => Array.from(chunk)),
        Array.from({ length: 256 }, (_, index) => index),
        "the bytes"
      )
    })
  ),
  scoped(
    "a body follows its head, whether small or large",
    Effect.gen(function* () {
      for (const size of [1, 1000, 16 * 1024, 16 * 1024 + 1, mebibyte]) {
        const { client, server } = yield* started
        client.write("head", pattern(size))
        client.write("tail")
        yield* server.until(() => server.received === size + 8)
        const { text } = server
        equal([text.slice(0, 4), text.slice(-4)], ["head", "tail"], `around ${size} bytes`)
        const body = new Uint8Array(size)
        for (let index = 0; index < size; index++) body[index] = text.charCodeAt(4 + index)
        isTrue(
          pattern(size).every((byte, index) => byte === body[index]),
          `a body of ${size} bytes was changed`
        )
      }
    })
  ),
  scoped(
    "nothing is sent between cork and uncork",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.call((transport) => transport.cork())
      client.write("a")
      client.write("b")
      yield* settled
      equal(server.log, [], "events while corked")
      client.call((transport) => transport.uncork())
      yield* server.until(() => server.text === "ab")
      equal(server.chunks.length, 1, "chunks")
    })
  ),
  scoped(
    "the buffer of a received chunk is never overwritten",
    Effect.gen(function* () {
      const { client, server } = yield* started
      for (let round = 0; round < 50; round++) {
        client.write(`${round};`)
        yield* server.until(() => server.text.endsWith(`${round};`))
      }
      const text = Array.from({ length: 50 }, (_, round) => `${round};`).join("")
      equal(server.text, text, "all received bytes, read again")
    })
  )
]

export const flowControl = [
  scoped(
    "large transfers in both directions at once, waiting for drain",
    Effect.gen(function* () {
      const { client, server } = yield* started
      const total = 8 * mebibyte
      const right = [checked(client), checked(server)]
      yield* Effect.all([pour(client, total, 50_000), pour(server, total, 70_000)], { concurrency: 2 })
      yield* client.until(() => client.received === total)
      yield* server.until(() => server.received === total)
      equal(
        right.map((check) => check()),
        [true, true],
        "the bytes in their order"
      )
    })
  ),
  scoped(
    "a paused reader puts backpressure on the writer and receives nothing",
    Effect.gen(function* () {
      const { client, server } = yield* started
      const right = checked(server)
      server.call((transport) => transport.pause())
      const total = yield* clog(client)
      isTrue(!client.write(""), "write on a full transport did not return false")
      equal(server.log, [], "events of the paused end")
      const drains = client.log.length
      server.call((transport) => transport.resume())
      yield* server.until(() => server.received === total)
      yield* client.until(() => client.transport.buffered === 0 && client.log.length > drains)
      isTrue(right(), "the bytes came out of order")
      isTrue(client.log.includes("drain"), "no drain")
    })
  ),
  scoped(
    "pause stops delivery at once, resume continues where it stopped",
    Effect.gen(function* () {
      const { client, server } = yield* started
      const right = checked(server)
      const check = server.onData
      let late = 0
      let paused = false
      server.onData = (chunk) => {
        check(chunk)
        if (paused) late++
        paused = true
        server.call((transport) => transport.pause())
      }
      const writing = yield* Effect.fork(pour(client, mebibyte, 10_000))
      while (server.received < mebibyte) {
        const before = server.received
        paused = false
        server.call((transport) => transport.resume())
        yield* server.until(() => server.received > before)
      }
      yield* Fiber.join(writing)
      equal([late, right()], [0, true], "chunks after a pause, and their order")
    })
  ),
  scoped(
    "a connection paused before start reads nothing",
    Effect.gen(function* () {
      const { client, server } = yield* connected()
      server.call((transport) => transport.pause())
      server.start()
      client.start().write("x")
      yield* settled
      equal(server.log, [], "events")
      server.call((transport) => transport.resume())
      yield* server.saw("data")
    })
  )
]
