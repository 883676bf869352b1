// Requests through a proxy, forwarded or tunnelled: credentials, the sharing of connections, and the error of
// each refusal.
import { assert, describe, it } from "@effect/vitest"
import { HttpClient } from "@effect/platform"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Client, Network, type Proxy } from "@httpfx/core"
import { MemoryNetwork, MemoryTls, RawPeer } from "@httpfx/testing"

const authority = MemoryTls.authority("Test CA")
const hosts = { "proxy.test": "10.1.1.1" }

const run = <A, E>(
  proxy: Proxy.Proxies | undefined,
  test: Effect.Effect<
    A,
    E,
    Client.Client | HttpClient.HttpClient | Network.Network | MemoryNetwork.MemoryNetwork | Scope.Scope
  >,
  limits: Pick<Client.Options, "maxSockets" | "maxTotalSockets"> = {}
) => {
  const client = Client.layerWith({ proxy, tls: { ca: authority.ca }, ...limits })
  return Effect.scoped(test).pipe(Effect.provide(Layer.provideMerge(client, MemoryNetwork.layer({ hosts }))))
}

const listen = RawPeer.listen({ host: "proxy.test", port: 1080 })
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const opened = "HTTP/1.1 200 Connection established\r\n\r\n"
const ask = (url: string, request: Partial<Client.Request> = {}) =>
  Effect.fork(
    Effect.flatMap(Client.request({ url, ...request }), (response) =>
      Effect.map(response.text, (text) => ({ text, response }))
    )
  )

/** Opens the tunnel and accepts TLS in it. Returns the server's end of the tunnelled connection. */
const inside = (peer: RawPeer.RawPeer, host: string) =>
  Effect.gen(function* () {
    yield* peer.send(opened)
    const network = yield* Network.Network
    const tls = { role: "server", ...authority.certificate({ names: host }) } as const
    return yield* RawPeer.make(yield* network.secure(peer.transport, tls))
  })

describe("A proxy for http:", () => {
  it.effect("gets the absolute URL and its credentials; one connection serves all hosts", () =>
    run(
      { http: "http://us%65r:p%40ss@proxy.test" },
      Effect.gen(function* () {
        const server = yield* listen
        const first = yield* ask("http://a.test/x?y")
        const peer = yield* server.accept
        assert.strictEqual(
          yield* peer.head,
          "GET http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\n" +
            `Proxy-Authorization: Basic ${btoa("user:p@ss")}\r\nConnection: keep-alive\r\n\r\n`
        )
        yield* peer.send(ok("one"))
        assert.strictEqual((yield* first).text, "one")
        const second = yield* ask("http://b.test:81/")
        assert.match(yield* peer.head, /^GET http:\/\/b\.test:81\/ HTTP\/1\.1\r\nHost: b\.test:81\r\n/)
        yield* peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        const { response } = yield* second
        assert.deepStrictEqual([response.status, response.reused], [407, true])
      })
    )
  )

  it.effect("is not used for hosts of noProxy, nor if the request disables it", () =>
    run(
      { http: "proxy.test", noProxy: "direct.test" },
      Effect.gen(function* () {
        for (const request of [{}, { proxy: false as const }]) {
          const host = request.proxy === false ? "other.test" : "direct.test"
          const server = yield* RawPeer.listen({ host, port: 80 })
          const fiber = yield* ask(`http://${host}/`, request)
          const peer = yield* server.accept
          assert.match(yield* peer.head, /^GET \/ /)
          yield* peer.send(ok(""))
          yield* fiber
        }
      })
    )
  )

  it.effect("that is down, or has an unsupported scheme, fails the request", () =>
    run(
      { http: "proxy.test", https: "socks5://proxy.test" },
      Effect.gen(function* () {
        const refused = yield* Effect.flip(Client.request({ url: "http://a.test/" }))
        assert.deepInclude(refused, { _tag: "ConnectionRefused", address: "10.1.1.1:1080" })
        const socks = yield* Effect.flip(Client.request({ url: "https://a.test/" }))
        assert.deepInclude(socks, { _tag: "InvalidProtocol", protocol: "socks5:" })
      })
    )
  )
})

describe("The limits of an agent, through a proxy", () => {
  const connections = Effect.flatMap(Client.Client, (client) => client.connections)
  const settled = Effect.repeatN(Effect.yieldNow(), 50)

  it.effect("maxSockets: everything it forwards counts for one host, the proxy's", () =>
    run(
      { http: "proxy.test" },
      Effect.gen(function* () {
        const server = yield* listen
        const fibers = yield* Effect.all([ask("http://a.test/"), ask("http://b.test/")])
        const peer = yield* server.accept
        assert.match(yield* peer.head, /^GET http:\/\/a\.test\/ /)
        yield* settled
        assert.deepInclude(yield* connections, { open: 1, connecting: 0 })
        yield* peer.send(ok(""))
        assert.match(yield* peer.head, /^GET http:\/\/b\.test\/ /)
        yield* peer.send(ok(""))
        yield* Fiber.joinAll(fibers)
      }),
      { maxSockets: 1 }
    )
  )

  it.effect("maxSockets: tunnels count for the host at their end, from when they are requested", () =>
    run(
      { https: "proxy.test" },
      Effect.gen(function* () {
        const server = yield* listen
        const fibers = yield* Effect.all(["a", "a", "b"].map((name) => ask(`https://${name}.test/`)))
        const first = yield* server.accept
        const second = yield* server.accept
        assert.match(yield* first.head, /^CONNECT a\.test/)
        assert.match(yield* second.head, /^CONNECT b\.test/)
        yield* settled
        assert.deepInclude(yield* connections, { open: 0, connecting: 2 })
        // A refused tunnel frees its slot, so the queued request gets a connection.
        yield* first.send("HTTP/1.1 403 No\r\n\r\n")
        assert.strictEqual((yield* Effect.flip(fibers[0]!))._tag, "ProxyRefused")
        assert.match(yield* (yield* server.accept).head, /^CONNECT a\.test/)
        yield* Fiber.interruptAll(fibers)
      }),
      { maxSockets: 1 }
    )
  )

  it.effect(
    "maxTotalSockets: a tunnel counts as a connection, and an idle tunnel is closed for another",
    () =>
      run(
        { https: "proxy.test" },
        Effect.gen(function* () {
          const server = yield* listen
          const first = yield* ask("https://a.test/")
          const waits = yield* ask("https://b.test/")
          const outer = yield* server.accept
          yield* outer.head
          const peer = yield* inside(outer, "a.test")
          yield* peer.head
          yield* settled
          assert.deepInclude(yield* connections, { open: 1, connecting: 0 })
          yield* peer.send(ok(""))
          yield* first
          const next = yield* server.accept
          assert.match(yield* next.head, /^CONNECT b\.test/)
          const other = yield* inside(next, "b.test")
          yield* other.head
          yield* other.send(ok(""))
          yield* waits
          const idle = yield* ask("http://c.test/", { proxy: false, timeouts: { total: 1_000 } })
          assert.strictEqual((yield* Effect.flip(idle))._tag, "NameNotResolved")
          assert.deepInclude(yield* connections, { idle: 0, connecting: 0 })
        }),
        { maxTotalSockets: 1 }
      )
  )
})

describe("A tunnel for https:", () => {
  it.effect("is opened, secured for the origin, kept, and shared only for that origin", () =>
    run(
      { https: { url: "proxy.test", auth: "u:p", headers: ["X-Proxy", "1"] } },
      Effect.gen(function* () {
        const server = yield* listen
        const first = yield* ask("https://a.test/x")
        const outer = yield* server.accept
        assert.strictEqual(
          yield* outer.head,
          "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nX-Proxy: 1\r\n" +
            `Proxy-Authorization: Basic ${btoa("u:p")}\r\n\r\n`
        )
        const peer = yield* inside(outer, "a.test")
        // The origin does not get the fields for the proxy.
        assert.strictEqual(
          yield* peer.head,
          "GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"
        )
        yield* peer.send(ok("one"))
        assert.strictEqual((yield* first).text, "one")
        const second = yield* ask("https://a.test/y")
        assert.match(yield* peer.head, /^GET \/y /)
        yield* peer.send(ok("two"))
        assert.isTrue((yield* second).response.reused)
        const other = yield* ask("https://b.test/")
        const next = yield* server.accept
        assert.match(yield* next.head, /^CONNECT b\.test:443 /)
        yield* Fiber.interrupt(other)
        yield* next.expectReset
      })
    )
  )

  it.effect("is not shared by requests with other proxy credentials", () =>
    run(
      undefined,
      Effect.gen(function* () {
        const server = yield* listen
        const as = (auth: string) => ask("https://a.test/", { proxy: { https: { url: "proxy.test", auth } } })
        for (const [auth, known] of [
          ["one:x", false],
          ["two:x", false],
          ["one:x", true]
        ] as const) {
          const fiber = yield* as(auth)
          if (known) {
            yield* Effect.repeatN(Effect.yieldNow(), 50)
            yield* Fiber.interrupt(fiber)
            assert.strictEqual(server.count(), 2)
            break
          }
          const outer = yield* server.accept
          assert.include(yield* outer.head, `Proxy-Authorization: Basic ${btoa(auth)}\r\n`)
          const peer = yield* inside(outer, "a.test")
          yield* peer.head
          yield* peer.send(ok(auth))
          assert.strictEqual((yield* fiber).text, auth)
        }
      })
    )
  )

  const refusals: ReadonlyArray<readonly [string, string, Readonly<Record<string, unknown>>]> = [
    [
      "refused",
      "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nnever",
      { _tag: "ProxyRefused", status: 403, statusMessage: "No", target: "a.test:443" }
    ],
    [
      "wants credentials",
      'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="p"\r\n\r\n',
      { _tag: "ProxyAuthenticationRequired", rawHeaders: ["Proxy-Authenticate", 'Basic realm="p"'] }
    ],
    ["sends bytes unasked", `${opened}surplus`, { _tag: "ConnectionFailed", code: "ERR_HTTPFX_PROXY" }],
    ["is not a proxy", "SSH-2.0-x\r\n\r\n", { _tag: "ParseError" }]
  ]
  it.effect.each(refusals)("%s", ([, answer, error]) =>
    run(
      { https: "proxy.test" },
      Effect.gen(function* () {
        const server = yield* listen
        const fiber = yield* ask("https://a.test/")
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(answer)
        assert.deepInclude(yield* Effect.flip(fiber), error as never)
        yield* peer.expectReset
      })
    )
  )

  it.effect("fails if the proxy hangs up", () =>
    run(
      { https: "proxy.test" },
      Effect.gen(function* () {
        const server = yield* listen
        const fiber = yield* ask("https://a.test/")
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.end
        assert.deepInclude(yield* Effect.flip(fiber), { _tag: "HangUp", phase: "connect", written: "none" })
      })
    )
  )

  it.effect("is also opened for an upgrade of http:; platform's client reports a refusal as its cause", () =>
    run(
      { http: "proxy.test", https: "proxy.test" },
      Effect.gen(function* () {
        const server = yield* listen
        const fiber = yield* Effect.fork(Client.upgrade({ url: "http://a.test/chat", protocol: "echo" }))
        const peer = yield* server.accept
        assert.match(yield* peer.head, /^CONNECT a\.test:80 /)
        yield* peer.send(opened)
        assert.match(yield* peer.head, /^GET \/chat /)
        yield* peer.send("HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        assert.strictEqual((yield* fiber)._tag, "Switched")
        const refused = yield* Effect.fork(Effect.flip(HttpClient.get("https://b.test/")))
        const second = yield* server.accept
        yield* second.head
        yield* second.send("HTTP/1.1 502 Bad Gateway\r\n\r\n")
        const error = yield* refused
        assert.deepInclude(error, { _tag: "RequestError", reason: "Transport" })
        assert.deepInclude(error.cause, { _tag: "ProxyRefused", status: 502 })
      })
    )
  )
})
