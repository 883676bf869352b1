// The example `reverse-proxy` with a hostile client: it connects only to its upstream, and never forwards
// forged fields.
import { HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Client, Server } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { Effect, Layer } from "effect"
import type * as example from "../examples/reverse-proxy/proxy.js"

const { proxy }: typeof example = await import(
  new URL("../examples/dist/reverse-proxy/proxy.js", import.meta.url).href
)

const upstream = Effect.map(HttpServerRequest.HttpServerRequest, ({ headers, originalUrl }) =>
  HttpServerResponse.unsafeJson({ target: originalUrl, ...headers }, { headers: { constructor: "a name" } })
)
const world = Layer.merge(
  Layer.unwrapEffect(
    Effect.map(Client.Client, (client) => HttpServer.serve(proxy(client, "http://app")))
  ).pipe(Layer.provide(Server.layer({ host: "front.test", port: 80, idleConnectionGrace: 0 }))),
  HttpServer.serve(upstream).pipe(
    Layer.provide(Server.layer({ host: "app", port: 80, idleConnectionGrace: 0 }))
  )
).pipe(Layer.provideMerge(Client.layer), Layer.provideMerge(MemoryNetwork.layer()))

/** Hosts that a request target might try to reach. */
const others = ["app.localhost", "evil.test", "app.evil.test", "app@evil.test"]

/** The status of the response, and the request target that the upstream received. */
const targets: Readonly<Record<string, string>> = {
  "GET /": "200 /",
  "GET /a?b=c": "200 /a?b=c",
  "GET //evil.test/": "200 //evil.test/",
  "GET /@evil.test/": "200 /@evil.test/",
  "GET /..//evil.test": "200 /..//evil.test",
  "GET http://evil.test/x": "200 /x",
  "GET http://evil.test?x": "200 /?x",
  "GET https://evil.test/": "200 /",
  "OPTIONS *": "400",
  "OPTIONS http://evil.test": "200 /",
  "CONNECT .localhost:80": "501",
  "CONNECT evil.test:80": "501",
  "CONNECT @evil.test:80": "400",
  "GET @evil.test/": "400",
  "GET .evil.test/": "400",
  "GET :80@evil.test/": "400",
  "TRACE /": "501"
}

const ask = (request: string, fields = "") =>
  Effect.gen(function* () {
    const client = yield* RawPeer.connect({ host: "front.test", port: 80 })
    yield* client.send(`${request} HTTP/1.1\r\nHost: front.test\r\nConnection: close\r\n${fields}\r\n`)
    const [head = "", body = ""] = (yield* client.rest).split("\r\n\r\n")
    const seen = head.startsWith("HTTP/1.1 200") ? (JSON.parse(body) as Record<string, string>) : {}
    return { status: head.slice(9, 12), head, seen }
  }).pipe(Effect.scoped)

describe("The reverse-proxy example", () => {
  it.effect("connects only to its upstream, whatever the request target is", () =>
    Effect.gen(function* () {
      const connected: Array<string> = []
      for (const host of others.filter((name) => !name.includes("@"))) {
        const other = yield* RawPeer.listen({ host, port: 80 })
        const note = Effect.tap(other.accept, () => Effect.sync(() => connected.push(host)))
        yield* Effect.forkScoped(Effect.forever(note))
      }
      const found: Record<string, string> = {}
      for (const target of Object.keys(targets)) {
        const { seen, status } = yield* ask(target)
        found[target] = [status, seen["target"]].filter(Boolean).join(" ")
        if (status === "200") assert.strictEqual(seen["host"], "app")
      }
      assert.deepStrictEqual(found, targets)
      assert.deepStrictEqual(connected, [])
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("replaces the client's address fields before it forwards a request", () =>
    Effect.gen(function* () {
      const lies = "X-Forwarded-For: 192.0.2.66\r\nForwarded: for=192.0.2.66\r\nX-Real-IP: 192.0.2.66\r\n"
      const { seen } = yield* ask("GET /", `${lies}Connection: X-Forwarded-For, Via\r\nX-Kept: yes\r\n`)
      assert.notInclude(JSON.stringify(seen), "192.0.2.66")
      assert.strictEqual(seen["x-kept"], "yes")
      assert.match(seen["x-forwarded-for"]!, /^\d+\.\d+\.\d+\.\d+$/)
      assert.strictEqual(seen["via"], "1.1 reverse-proxy")
    }).pipe(Effect.provide(world))
  )

  it.effect("forwards every field of a response, whatever its name", () =>
    Effect.gen(function* () {
      const { head } = yield* ask("GET /")
      assert.match(head, /^constructor: a name$/im)
    }).pipe(Effect.provide(world))
  )
})
