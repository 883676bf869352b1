// Metrics of agents: the effect of each event, and the readable part of a key.
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { Agent, type AgentEvent, AgentMetrics, Client, Retry } from "@httpfx/core"
import { RawPeer } from "@httpfx/testing"
import { answer, first, text, until, withAgent } from "../support/agent.js"
import { seriesOf, total } from "../support/metrics.js"

const configured = { steps: Config.succeed(true) }
const all: AgentMetrics.Options = { bodySizes: true, connections: true, steps: true }

const labelled = (agent: string) => {
  const value = (name: string, labels = {}) =>
    Effect.map(total(`http.client.${name}`, { agent, ...labels }), ([value]) => value)
  const state = (state: string) => value("open_connections", { "http.connection.state": state })
  return {
    connections: Effect.all({
      active: state("active"),
      idle: state("idle"),
      connecting: state("connecting")
    }),
    requests: Effect.all({ active: value("active_requests"), queued: value("queued_requests") }),
    closed: (reason: AgentEvent.ClientCloseReason) => value("closed_connections", { reason }),
    resent: value("resent_requests"),
    duration: (labels: Readonly<Record<string, string>>) =>
      total("http.client.request.duration", { agent, ...labels }),
    phase: (phase: keyof AgentEvent.Timings) => total("http.client.request.phase.duration", { agent, phase }),
    age: total("http.client.connection.duration", { agent })
  }
}

describe("AgentMetrics", () => {
  it.effect("take their options from the configuration", () =>
    withAgent()(
      Effect.gen(function* () {
        yield* Layer.build(AgentMetrics.layerConfig({ ...configured, name: Config.string("AGENT") }))
        const { accept, url } = yield* RawPeer.listen()
        yield* Effect.fork(text({ url }))
        yield* accept
        assert.deepStrictEqual(yield* labelled("configured").requests, { active: 1, queued: 0 })
      })
    ).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["AGENT", "configured"]]))))
  )

  it.effect("count requests and connections", () =>
    withAgent({ maxSockets: 1 })(
      Effect.gen(function* () {
        yield* AgentMetrics.observe(yield* Agent.Agent, { ...all, name: "counted" })
        const metrics = labelled("counted")
        const { accept, url } = yield* RawPeer.listen()
        const one = yield* Effect.fork(text({ url }))
        const two = yield* Effect.fork(text({ url, method: "BREW" }))
        const raw = yield* accept
        yield* until(({ open, queued }) => open === 1 && queued === 1)
        assert.deepStrictEqual(yield* metrics.requests, { active: 2, queued: 1 })
        assert.deepStrictEqual(yield* metrics.connections, { active: 1, idle: 0, connecting: 0 })
        yield* TestClock.adjust(300)
        yield* answer(raw)
        yield* one
        yield* raw.head
        assert.deepStrictEqual(yield* metrics.requests, { active: 1, queued: 0 })
        yield* TestClock.adjust(200)
        yield* raw.send("HTTP/1.1 503 Not now\r\nContent-Length: 0\r\n\r\n")
        yield* two
        assert.deepStrictEqual(yield* metrics.requests, { active: 0, queued: 0 })
        assert.deepStrictEqual(yield* metrics.connections, { active: 0, idle: 1, connecting: 0 })
        const get = { "http.request.method": "GET", "http.response.status_code": "200" }
        assert.deepStrictEqual(yield* metrics.duration(get), [1, 0.3])
        const brew = {
          "http.request.method": "_OTHER",
          "http.response.status_code": "503",
          "error.type": "503"
        }
        assert.deepStrictEqual(yield* metrics.duration(brew), [1, 0.5])
        assert.deepStrictEqual(yield* metrics.phase("queue"), [1, 0.3])
        assert.deepStrictEqual(yield* metrics.phase("head"), [2, 0.5])
        assert.deepStrictEqual(yield* metrics.phase("connect"), [0, 0])
        yield* TestClock.adjust("4 seconds")
        yield* raw.rest
        assert.strictEqual(yield* metrics.closed("IdleTimeout"), 1)
        assert.deepStrictEqual(yield* metrics.age, [1, 4.5])
        assert.deepStrictEqual(yield* metrics.connections, { active: 0, idle: 0, connecting: 0 })
      })
    )
  )

  it.effect("report failures by tag, interruptions and resent requests", () =>
    withAgent()(
      Effect.gen(function* () {
        yield* AgentMetrics.observe(yield* Agent.Agent, { ...all, name: "failing" })
        const metrics = labelled("failing")
        const server = yield* RawPeer.listen()
        const raw = yield* first(server)
        const again = yield* Effect.fork(text({ url: server.url }))
        yield* raw.head
        yield* raw.reset
        const fresh = yield* server.accept
        yield* fresh.head
        yield* fresh.reset
        yield* Effect.flip(again)
        const interrupted = yield* Effect.fork(text({ url: server.url }))
        yield* server.accept
        yield* Fiber.interrupt(interrupted)
        const throws = yield* Effect.fork(
          Effect.exit(
            Client.request({
              url: server.url,
              onInformational: () => {
                throw new Error("not mine")
              }
            })
          )
        )
        const last = yield* server.accept
        yield* last.head
        yield* last.send("HTTP/1.1 103 Early Hints\r\n\r\n")
        assert.isTrue(Exit.isFailure(yield* throws))
        assert.strictEqual(yield* metrics.resent, 1)
        const failed = (type: string) =>
          metrics.duration({ "http.request.method": "GET", "error.type": type })
        for (const type of ["ConnectionReset", "Interrupted", "_OTHER"]) {
          assert.deepStrictEqual(yield* failed(type), [1, 0], type)
        }
        assert.deepStrictEqual(yield* metrics.requests, { active: 0, queued: 0 })
        assert.deepStrictEqual(yield* metrics.connections, { active: 0, idle: 0, connecting: 0 })
      })
    )
  )

  it.effect("report nothing of a connection that was handed over, nor after their scope", () =>
    withAgent()(
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        yield* Scope.extend(AgentMetrics.observe(yield* Agent.Agent, { ...all, name: "left" }), scope)
        const server = yield* RawPeer.listen()
        const hosted = {
          agent: "left",
          "server.address": "127.0.0.1",
          "server.port": new URL(server.url).port
        }
        const open = (state: string) =>
          Effect.map(
            total("http.client.open_connections", { ...hosted, "http.connection.state": state }),
            ([value]) => value
          )
        yield* first(server)
        assert.strictEqual(yield* open("idle"), 1)
        const client = yield* Client.Client
        const upgrade = yield* Effect.fork(
          client.upgrade({ url: server.url, protocol: "echo", agent: false })
        )
        const raw = yield* server.accept
        yield* raw.head
        assert.strictEqual(yield* open("active"), 1)
        yield* raw.send("HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        assert.strictEqual((yield* upgrade)._tag, "Switched")
        assert.strictEqual(yield* open("active"), 0)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(yield* open("idle"), 0)
        yield* Effect.fork(text({ url: server.url }))
        yield* until(({ idle }) => idle === 0)
        assert.strictEqual(yield* open("active"), 0)
      })
    )
  )

  it.effect("label the first hosts, and count all others together", () =>
    withAgent()(
      Effect.gen(function* () {
        yield* AgentMetrics.observe(yield* Agent.Agent, { ...all, name: "hosts", maxHosts: 2 })
        const ports: Array<string> = []
        for (let i = 0; i < 4; i++) {
          const server = yield* RawPeer.listen()
          ports.push(new URL(server.url).port)
          yield* first(server)
        }
        const [one, two] = ports
        for (const name of ["request.duration", "open_connections"]) {
          const series = yield* seriesOf(`http.client.${name}`, { agent: "hosts" })
          const hosts = new Set(series.map(({ labels }) => labels["server.port"] ?? labels["server.address"]))
          assert.sameMembers([...hosts], [one, two, "_OTHER"])
        }
        const others = { agent: "hosts", "server.address": "_OTHER" }
        assert.deepStrictEqual((yield* total("http.client.request.duration", others))[0], 2)
        const idle = { ...others, "http.connection.state": "idle" }
        assert.deepStrictEqual((yield* total("http.client.open_connections", idle))[0], 2)
      })
    )
  )

  it.effect("refuse options that are invalid", () =>
    withAgent()(
      Effect.gen(function* () {
        const error = yield* Effect.flip(Layer.build(AgentMetrics.layer({ maxHosts: -1 })))
        assert.deepInclude(error, { _tag: "InvalidOption", option: "maxHosts" })
      })
    )
  )

  it.effect("count retries of a policy", () =>
    withAgent()(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const policy = yield* Retry.make({ times: 1, base: 0, onRetry: AgentMetrics.countRetry })
        const client = Retry.client(policy)(yield* Client.Client)
        const fiber = yield* Effect.fork(client.request({ url, method: "OPTIONS" }))
        const raw = yield* accept
        yield* raw.head
        yield* raw.send("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        yield* answer(raw)
        yield* fiber
        const labels = { "http.request.method": "OPTIONS", "error.type": "502" }
        assert.deepStrictEqual(yield* total("http.client.retried_requests", labels), [1, 0])
      })
    )
  )
})

describe("The key in an agent's events", () => {
  it.effect("has neither credentials nor private keys, and keys that are then equal are added up", () =>
    withAgent({ maxSockets: 1 })(
      Effect.gen(function* () {
        const events: Array<AgentEvent.AgentEvent> = []
        const agent = yield* Agent.Agent
        yield* agent.observe((event) => events.push(event))
        const { accept, url } = yield* RawPeer.listen()
        const proxy = { https: { url, auth: "user:secret" } }
        yield* Effect.fork(text({ url: "https://a.test/", proxy }))
        yield* accept
        for (const passphrase of ["secret one", "secret two"]) {
          yield* Effect.fork(text({ url, connection: { tls: { passphrase } } }))
          yield* accept
        }
        const waits = yield* Effect.fork(
          Effect.flip(text({ url: "https://a.test/", proxy, timeouts: { queue: 50 } }))
        )
        yield* until(({ queued }) => queued === 1)
        yield* TestClock.adjust(50)
        const error = yield* waits
        assert.deepInclude(error, {
          _tag: "QueueTimedOut",
          address: `a.test:443 via ${url}`
        })
        const { keys } = yield* agent.state
        assert.deepStrictEqual(Array.from(keys), [
          [`https://a.test:443 via ${url}`, { open: 1, idle: 0, queued: 0 }],
          [url, { open: 2, idle: 0, queued: 0 }]
        ])
        assert.notMatch(JSON.stringify(events), /secret|Basic/)
      })
    )
  )
})
