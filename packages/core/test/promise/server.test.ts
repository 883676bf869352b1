/**
 * The promise server, a second driver of `connection/server` that does not use Effect, passes `ServerBattery`
 * and further tests.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Network } from "@httpfx/core"
import { ServerBattery, type VirtualClock } from "@httpfx/testing"
import type { Handler, Server } from "../support/promise/server.js"
import type { Lost } from "../support/promise/shared.js"
import { listening, server } from "../support/promised.js"
import { networks } from "../support/networks.js"
import { after, connect, inVirtualTime } from "../support/virtual.js"

describe.each(networks)("a server of promises on %s", (_, network) => {
  const stack = Layer.provideMerge(server, network)
  for (const { effect, name } of ServerBattery.cases()) it.live(name, () => Effect.provide(effect, stack))
})

const text = (body: string) => new TextEncoder().encode(body)

const test = (
  name: string,
  handler: Handler,
  body: (
    server: Server
  ) => Effect.Effect<void, unknown, Network.Network | VirtualClock.VirtualClock | Scope.Scope>
) => it.live(name, () => inVirtualTime(Effect.flatMap(listening(handler, 80), body)))

const get = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"

describe("a server of promises on its own", () => {
  test(
    "reads trailers, and sends some",
    async ({ body, trailers }) => {
      const parts: Array<Uint8Array> = []
      for await (const part of body) parts.push(part)
      const echo = trailers()
      return { status: 200, body: Buffer.concat(parts), trailers: () => echo }
    },
    () =>
      Effect.gen(function* () {
        const peer = yield* connect
        yield* peer.send(
          "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n"
        )
        assert.include(yield* peer.head, "Transfer-Encoding: chunked")
        yield* peer.expect("2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n")
      })
  )

  test(
    "a response that reads the body sends 100 (Continue) before its head",
    async ({ body }) => ({ status: 200, body }),
    () =>
      Effect.gen(function* () {
        const peer = yield* connect
        yield* peer.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        yield* peer.expect("HTTP/1.1 100 Continue\r\n\r\n")
        yield* peer.send("hi")
        assert.match(yield* peer.head, /^HTTP\/1.1 200 OK/)
        yield* peer.expect("2\r\nhi\r\n0\r\n\r\n")
      })
  )

  let lost: unknown
  test(
    "the signal of a handler says how its client was lost",
    ({ signal }) =>
      new Promise(() => signal.addEventListener("abort", () => (lost = (signal.reason as Lost).loss))),
    () =>
      Effect.gen(function* () {
        const peer = yield* connect
        yield* peer.send(get)
        yield* after(1)
        yield* peer.end
        yield* after(1)
        assert.deepInclude(lost, { _tag: "HangUp", reason: "the client closed the connection", received: 0 })
      })
  )

  test(
    "a shutdown serves requests within the grace period, and then closes idle connections",
    async () => ({ status: 200, body: text("fine") }),
    (server) =>
      Effect.gen(function* () {
        const [late, idle] = [yield* connect, yield* connect]
        yield* idle.send(get)
        yield* idle.until("fine")
        const closed = server.close(500, 20_000)
        yield* after(400)
        yield* late.send(get)
        assert.include(yield* late.head, "Connection: close")
        yield* late.until("fine")
        yield* late.expectFin
        yield* late.end
        assert.strictEqual(idle.state(), "open")
        yield* after(100)
        yield* idle.expectFin
        yield* idle.end
        yield* Effect.promise(() => closed)
      })
  )

  let aborted = false
  test(
    "a shutdown aborts handlers at its deadline, and resets connections",
    async ({ signal }) => {
      await new Promise((resume) => signal.addEventListener("abort", resume))
      aborted = true
      return { status: 200, body: text("late") }
    },
    (server) =>
      Effect.gen(function* () {
        const peer = yield* connect
        yield* peer.send(get)
        yield* after(1)
        const closed = server.close(500, 20_000)
        yield* after(19_998)
        assert.isFalse(aborted)
        yield* after(2)
        yield* peer.expectReset
        assert.isTrue(aborted)
        yield* Effect.promise(() => closed)
      })
  )
})
