/**
 * Helpers for tests of agents: an agent with a client on the network in memory, scripted servers, and common
 * requests.
 */
import { assert } from "@effect/vitest"
import type { HttpClient } from "@effect/platform"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Agent, type AgentEvent, Client, type Network } from "@httpfx/core"
import { MemoryNetwork, type RawPeer } from "@httpfx/testing"
import { ok } from "./withClient.js"

type Needs = Client.Client | HttpClient.HttpClient | Agent.Agent | Network.Network | Scope.Scope

/** Runs a test with an agent and a client of this agent. */
export const withAgent =
  (options: Agent.Options = {}) =>
  <A, E>(test: Effect.Effect<A, E, Needs>): Effect.Effect<A, E> =>
    Effect.provide(
      Effect.scoped(test),
      Layer.orDie(Client.layerAgent()).pipe(
        Layer.provideMerge(Layer.orDie(Agent.layer(options))),
        Layer.provideMerge(MemoryNetwork.layer())
      )
    )

export const state = Effect.flatMap(Agent.Agent, (agent) => agent.state)

export const text = (request: Client.Request) =>
  Effect.flatMap(Client.request(request), (response) =>
    Effect.map(response.text, (text) => ({ text, reused: response.reused }))
  )

/** Waits until the state of the agent satisfies `holds`. */
export const until = (
  holds: (state: Agent.State) => boolean,
  of: Effect.Effect<Agent.State, never, Agent.Agent> = state
): Effect.Effect<Agent.State, never, Agent.Agent> =>
  Effect.gen(function* () {
    for (;;) {
      const now = yield* of
      if (holds(now)) return now
      yield* Effect.yieldNow()
    }
  })

export const answer = (raw: RawPeer.RawPeer, fields = "") =>
  Effect.zipRight(raw.head, raw.send(ok("x", fields)))

/** Makes a request on a new connection, and serves it. */
export const first = (server: RawPeer.RawServer, fields = "") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(text({ url: server.url }))
    const raw = yield* server.accept
    yield* answer(raw, fields)
    assert.isFalse((yield* fiber).reused)
    return raw
  })

export const closedBy = (reason: AgentEvent.ClientCloseReason) =>
  Effect.map(state, ({ closed }) => closed.get(reason) ?? 0)
