/**
 * A price feed over a WebSocket: the client reconnects after a loss with growing delays, and subscribes
 * again.
 */
import { HttpServerRequest, HttpServerResponse, Socket } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { NodeWebSocket } from "@httpfx/node"
import { Fault, MemoryNetwork, Quiet, TestServer } from "@httpfx/testing"
import { Clock, Effect, Fiber, Layer, Schedule } from "effect"

// Replies to a subscription with a price each second.
const feed = Effect.gen(function* () {
  const socket = yield* HttpServerRequest.upgrade
  const write = yield* socket.writer
  yield* socket.runRaw((message) =>
    write(`${String(message)} 100`).pipe(Effect.repeat(Schedule.spaced("1 second")), Effect.forkScoped)
  )
  return HttpServerResponse.empty()
}).pipe(Effect.scoped)

const subscribe = (name: string, onPrice: (price: string) => void) => {
  const connection = Effect.gen(function* () {
    const socket = yield* Socket.makeWebSocket("/prices", { openTimeout: "5 seconds" })
    const write = yield* socket.writer
    yield* Effect.forkScoped(write(name))
    yield* socket.runRaw((message) => onPrice(String(message)))
  }).pipe(Effect.scoped)
  return Effect.retry(connection, Schedule.exponential("1 second").pipe(Schedule.upTo("1 hour")))
}

const world = TestServer.serve(feed).pipe(Layer.provide(NodeWebSocket.layer()))

it.scoped("goes on after a reset and an outage", () =>
  Effect.gen(function* () {
    const begun = yield* Clock.currentTimeMillis
    const seconds: Array<number> = []
    const clock = yield* Effect.clock
    const onPrice = (price: string) => {
      expect(price).toBe("gold 100")
      seconds.push(Math.round((clock.unsafeCurrentTimeMillis() - begun) / 1000))
    }
    const following = yield* Effect.fork(subscribe("gold", onPrice))
    yield* Quiet.complete(Effect.sleep("3500 millis"))
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* Fault.refuse({ to: "server.test" })
        yield* MemoryNetwork.reset()
        yield* Quiet.complete(Effect.sleep("10 seconds"))
      })
    )
    yield* Quiet.complete(Effect.sleep("10 seconds"))
    yield* Fiber.interrupt(following)
    // Lost after 3.5 s; retried 1, 2, 4 and 8 seconds later, the last time with success.
    expect(seconds).toEqual([0, 1, 2, 3, 19, 20, 21, 22, 23, 24])
  }).pipe(Effect.provide(world))
)
