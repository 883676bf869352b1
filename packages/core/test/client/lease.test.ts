/** Lending an agent's connections to borrowers (`Lease`). */
import { assert, describe, it } from "@effect/vitest"
import { Agent, Client, Lease } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { Cause, Effect, Exit, Fiber, Layer } from "effect"

const place = { protocol: "http:", host: "server.test", port: 80 } as const

const on = (options: Agent.Options) =>
  Client.layerAgent().pipe(
    Layer.provideMerge(Agent.layer(options)),
    Layer.provideMerge(MemoryNetwork.layer())
  )

const listening = RawPeer.listen({ host: "server.test", port: 80 })

const textOf = (lease: Lease.Lease, request: string) =>
  Effect.async<string>((resume) => {
    let text = ""
    lease.transport.start({
      data: (chunk) => {
        text += String.fromCharCode(...chunk)
        if (text.endsWith("ok")) resume(Effect.succeed(text))
      },
      end: () => {},
      drain: () => {},
      error: () => {},
      close: () => {}
    })
    lease.transport.write(request)
  })

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

const state = Effect.flatMap(Agent.Agent, (agent) => agent.state)

describe("Lease", () => {
  it.effect("a connection goes from a loan to a request and back", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const agent = yield* Agent.Agent
      const first = yield* Lease.take(agent, place)
      const peer = yield* server.accept
      assert.isFalse(first.reused)
      const asked = yield* Effect.fork(textOf(first, "GET /one"))
      yield* peer.expect("GET /one")
      yield* peer.send(answer)
      assert.strictEqual(yield* Fiber.join(asked), answer)
      assert.include(yield* state, { open: 1, idle: 0 })
      first.release()
      assert.include(yield* state, { open: 1, idle: 1 })

      const response = yield* Effect.fork(Client.request({ url: "http://server.test/two" }))
      yield* peer.until("\r\n\r\n")
      yield* peer.send(answer)
      const got = yield* Fiber.join(response)
      assert.isTrue(got.reused)
      assert.strictEqual(yield* got.text, "ok")

      const second = yield* Lease.take(agent, place)
      assert.isTrue(second.reused)
      second.release()
      // `release` has ended the loan, so `close` does nothing.
      second.close()
      assert.include(yield* state, { open: 1, idle: 1 })
      assert.strictEqual(server.count(), 1)
    }).pipe(Effect.scoped, Effect.provide(on({})))
  )

  it.effect("the agent's limits apply to loans and requests together", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const agent = yield* Agent.Agent
      const lease = yield* Lease.take(agent, place)
      const peer = yield* server.accept
      const waiting = yield* Effect.fork(Client.request({ url: "http://server.test/" }))
      const loan = yield* Effect.fork(Lease.take(agent, place))
      yield* Effect.yieldNow()
      assert.include(yield* state, { open: 1, queued: 2 })
      lease.release()
      yield* peer.until("\r\n\r\n")
      yield* peer.send(answer)
      yield* Fiber.join(waiting)
      const next = yield* Fiber.join(loan)
      assert.isTrue(next.reused)
      next.release()
    }).pipe(Effect.scoped, Effect.provide(on({ maxSockets: 1 })))
  )

  it.effect("`close` resets, and the next loan gets a new connection", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const agent = yield* Agent.Agent
      const lease = yield* Lease.take(agent, place)
      const peer = yield* server.accept
      lease.close()
      yield* peer.expectReset
      assert.include(yield* state, { open: 0, idle: 0 })
      const next = yield* Lease.take(agent, place)
      assert.isFalse(next.reused)
      next.release()
      // The server announces 1 second, which is not longer than `keepAliveTimeoutBuffer`, so the connection
      // closes.
      const again = yield* Lease.take(agent, place)
      again.release("timeout=1")
      assert.include(yield* state, { idle: 0 })
    }).pipe(Effect.scoped, Effect.provide(on({ maxSockets: 1 })))
  )

  it.effect("a connection that its borrower has ended does not become idle", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const agent = yield* Agent.Agent
      const lease = yield* Lease.take(agent, place)
      const peer = yield* server.accept
      lease.transport.end()
      lease.release()
      assert.include(yield* state, { idle: 0 })
      yield* peer.expectFin
      const next = yield* Lease.take(agent, place)
      assert.isFalse(next.reused)
      next.release()
    }).pipe(Effect.scoped, Effect.provide(on({ maxSockets: 1 })))
  )

  it.effect("`keep` removes the connection from the agent", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const agent = yield* Agent.Agent
      const lease = yield* Lease.take(agent, place)
      const peer = yield* server.accept
      lease.keep()
      assert.include(yield* state, { open: 0 })
      const asked = yield* Effect.fork(textOf(lease, "another protocol"))
      yield* peer.expect("another protocol")
      yield* peer.send("ok")
      assert.strictEqual(yield* Fiber.join(asked), "ok")
    }).pipe(Effect.scoped, Effect.provide(on({})))
  )

  it.effect("a peer that leaves frees the loan's slot", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const agent = yield* Agent.Agent
      const lease = yield* Lease.take(agent, place)
      const peer = yield* server.accept
      const closed = yield* Effect.fork(
        Effect.async<void>((resume) =>
          lease.transport.start({
            data: () => {},
            end: () => {},
            drain: () => {},
            error: () => {},
            close: () => resume(Effect.void)
          })
        )
      )
      yield* Effect.yieldNow()
      yield* peer.reset
      yield* Fiber.join(closed)
      assert.include(yield* state, { open: 0 })
      lease.release()
      assert.include(yield* state, { open: 0, idle: 0 })
    }).pipe(Effect.scoped, Effect.provide(on({})))
  )

  it.effect("interruption cancels the wait; failures and the agent's end are reported", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const outcome = yield* Effect.scoped(
        Effect.gen(function* () {
          const agent = yield* Agent.make({ maxSockets: 1 })
          const lease = yield* Lease.take(agent, place)
          const peer = yield* server.accept
          const given = yield* Effect.fork(Lease.take(agent, place))
          yield* Effect.yieldNow()
          yield* Fiber.interrupt(given)
          assert.include(yield* agent.state, { queued: 0 })
          const refused = yield* Effect.flip(Lease.take(agent, { ...place, port: 81 }))
          assert.strictEqual(refused._tag, "ConnectionRefused")
          const left = yield* Effect.forkDaemon(Lease.take(agent, place))
          yield* Effect.yieldNow()
          assert.isTrue(lease.transport.writable)
          return { left, peer }
        })
      )
      yield* outcome.peer.expectReset
      const exit = yield* Fiber.await(outcome.left)
      assert.isTrue(Exit.isFailure(exit))
      if (Exit.isFailure(exit)) {
        assert.strictEqual((Cause.squash(exit.cause) as { code: string }).code, "ERR_HTTPFX_CLIENT_CLOSED")
      }
    }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()))
  )
})
