// Options of requests: the bytes sent, the choice of a connection, trailers, and the wait for 100 (Continue).
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { Client, HttpError, Network } from "@httpfx/core"
import { unix } from "@httpfx/core/Transport"
import { Fault, MemoryNetwork, RawPeer } from "@httpfx/testing"

type World = Client.Client | Network.Network | MemoryNetwork.MemoryNetwork | Scope.Scope

const run = <A, E>(test: Effect.Effect<A, E, World>, options: Client.Options = {}) =>
  Effect.scoped(test).pipe(
    Effect.provide(Layer.provideMerge(Client.layerWith(options), MemoryNetwork.layer()))
  )

const bytes = (text: string) => new TextEncoder().encode(text)
const url = "http://api.test/"
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
const listen = RawPeer.listen({ host: "api.test", port: 80 })

/** Starts a request, and returns the head as sent. */
const sent = <E>(request: Client.Request<E>, at: Network.ListenOptions = { host: "api.test", port: 80 }) =>
  Effect.gen(function* () {
    const server = yield* RawPeer.listen(at)
    const fiber = yield* Effect.fork(Client.request(request))
    const peer = yield* server.accept
    const head = yield* peer.head
    return { head, peer, fiber }
  })

const headOf = <E>(request: Client.Request<E>) =>
  Effect.gen(function* () {
    const { fiber, head, peer } = yield* sent(request)
    yield* peer.send(ok)
    yield* fiber
    return head
  })

describe("The head of a request", () => {
  it.effect("fields from a record: case kept, arrays as lines, unique ones joined", () =>
    run(
      Effect.gen(function* () {
        const head = yield* headOf({
          url,
          headers: {
            "X-Case": "a",
            "x-many": ["1", "2"],
            Cookie: ["a=1", "b=2"],
            "X-Number": 3,
            none: undefined
          },
          uniqueHeaders: ["cookie"]
        })
        assert.strictEqual(
          head,
          "GET / HTTP/1.1\r\nHost: api.test\r\nX-Case: a\r\nx-many: 1\r\nx-many: 2\r\nCookie: a=1; b=2\r\n" +
            "X-Number: 3\r\nConnection: keep-alive\r\n\r\n"
        )
      })
    )
  )

  it.effect("credentials: a field overrides auth, auth overrides the URL, whose are decoded", () =>
    run(
      Effect.gen(function* () {
        const withUser = "http://us%40er:p%3Aw@api.test/"
        assert.include(yield* headOf({ url: withUser }), `Authorization: Basic ${btoa("us@er:p:w")}\r\n`)
      })
    ).pipe(
      Effect.zipRight(
        run(
          Effect.gen(function* () {
            const head = yield* headOf({ url: "http://a:b@api.test/", auth: "ü:1" })
            assert.include(head, "Authorization: Basic w7w6MQ==\r\n")
          })
        )
      ),
      Effect.zipRight(
        run(
          Effect.gen(function* () {
            const head = yield* headOf({ url, auth: "a:b", headers: { authorization: "mine" } })
            assert.match(head, /authorization: mine\r\n/)
            assert.notMatch(head, /Basic/)
          })
        )
      )
    )
  )

  it.effect("setHost and setDefaultHeaders omit their fields", () =>
    run(
      Effect.gen(function* () {
        assert.strictEqual(
          yield* headOf({ url, setHost: false }),
          "GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n"
        )
        const error = yield* Effect.flip(
          Client.request({ url, method: "POST", body: "x", setDefaultHeaders: false })
        )
        assert.strictEqual(error._tag, "BodyNotAllowed")
      })
    ).pipe(
      Effect.zipRight(
        run(
          Effect.gen(function* () {
            const headers = ["Content-Length", "1"]
            const request = { url, method: "POST", body: "x", setDefaultHeaders: false, headers }
            assert.strictEqual(yield* headOf(request), "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n")
          })
        )
      )
    )
  )

  it.effect("form data with its boundary", () =>
    run(
      Effect.gen(function* () {
        const body = new FormData()
        body.set("name", "value")
        const { fiber, head, peer } = yield* sent({ url, method: "POST", body })
        const boundary = /Content-Type: multipart\/form-data; ?boundary=(\S+)\r\n/i.exec(head)?.[1]
        assert.include(yield* peer.until("0\r\n\r\n"), `--${boundary ?? "none"}`)
        yield* peer.send(ok)
        yield* fiber
      })
    )
  )
})

it.effect("The head of a streamed body is sent before the first chunk", () =>
  run(
    Effect.gen(function* () {
      const body = yield* Deferred.make<Uint8Array>()
      const { fiber, head, peer } = yield* sent({
        url,
        method: "POST",
        body: Stream.fromEffect(Deferred.await(body))
      })
      assert.match(head, /^POST \/ HTTP\/1\.1\r\n/)
      yield* Deferred.succeed(body, bytes("now"))
      yield* peer.expect("3\r\nnow\r\n0\r\n\r\n")
      yield* peer.send(ok)
      yield* fiber
    })
  )
)

describe("Trailers", () => {
  it.effect("follow a body in memory", () =>
    run(
      Effect.gen(function* () {
        const trailers = { "X-Sum": "1" }
        const { fiber, head, peer } = yield* sent({ url, method: "POST", body: "abc", trailers })
        assert.include(head, "Transfer-Encoding: chunked\r\n")
        yield* peer.expect("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")
        yield* peer.send(ok)
        yield* fiber
      })
    )
  )

  it.effect("of a stream are computed at its end", () =>
    run(
      Effect.gen(function* () {
        let length = 0
        const body = Stream.make(bytes("ab"), bytes("c")).pipe(
          Stream.tap((part) => Effect.sync(() => (length += part.length)))
        )
        const trailers = Effect.sync(() => ["X-Length", String(length)])
        const { fiber, peer } = yield* sent({ url, method: "POST", body, trailers })
        yield* peer.expect("2\r\nab\r\n1\r\nc\r\n0\r\nX-Length: 3\r\n\r\n")
        yield* peer.send(ok)
        yield* fiber
      })
    )
  )

  it.effect("that are forbidden are refused, and an effect that fails fails the request", () =>
    run(
      Effect.gen(function* () {
        const refused = Client.request({ url, method: "POST", body: "a", trailers: ["Host", "x"] })
        assert.strictEqual((yield* Effect.flip(refused))._tag, "TrailerInvalid")
        const headArrived = yield* Deferred.make<void>()
        const trailers = Effect.zipRight(Deferred.await(headArrived), Effect.fail("no sum" as const))
        const { fiber, peer } = yield* sent({ url, method: "POST", body: "a", trailers })
        yield* Deferred.succeed(headArrived, undefined)
        assert.strictEqual(yield* Effect.flip(fiber), "no sum")
        yield* peer.expectReset
      })
    )
  )
})

describe("A connection with its own options", () => {
  it.effect("over a socket path, whatever the host", () =>
    run(
      Effect.gen(function* () {
        const connection = { socketPath: "/run/app.sock" }
        const { fiber, head, peer } = yield* sent(
          { url: "http://no.such.host/a", connection },
          { path: "/run/app.sock" }
        )
        assert.include(head, "GET /a HTTP/1.1\r\nHost: no.such.host\r\n")
        yield* peer.send(ok)
        assert.deepStrictEqual((yield* fiber).remote, unix("/run/app.sock"))
      })
    )
  )

  it.effect("from a local address, which limits the family, and by a lookup", () =>
    run(
      Effect.gen(function* () {
        const asked: Array<unknown> = []
        const lookup: NonNullable<Client.ConnectionOptions["lookup"]> = (host, options) => {
          asked.push([host, options])
          return Effect.succeed([{ address: "10.0.0.77", family: 4 }] as const)
        }
        const connection = { lookup, localAddress: "10.0.0.9", localPort: 4444, hints: 32 }
        const server = yield* RawPeer.listen({ host: "10.0.0.77", port: 80 })
        const fiber = yield* Effect.fork(Client.request({ url: "http://any.test/", connection }))
        const peer = yield* server.accept
        yield* peer.head
        assert.deepStrictEqual(asked, [["any.test", { family: 4, hints: 32 }]])
        assert.deepInclude(peer.transport.remote, { hostname: "10.0.0.9", port: 4444 })
        yield* peer.send(ok)
        yield* fiber
      })
    )
  )

  /** The network in memory, which records the options of its connections in `asked`. */
  const watched = (asked: Array<unknown>) =>
    Layer.effect(
      Network.Network,
      Effect.map(Network.Network, (network) => ({
        ...network,
        connect: (...[address, options]: Parameters<typeof network.connect>) => {
          asked.push(["connect", options?.noDelay])
          return Effect.map(network.connect(address, options), (transport) => {
            transport.keepAlive = (...given) => void asked.push(["keepAlive", ...given])
            return transport
          })
        }
      }))
    ).pipe(Layer.provideMerge(MemoryNetwork.layer()))

  const askedWith = (options: Client.Options, request: Partial<Client.Request>) => {
    const asked: Array<unknown> = []
    return Effect.as(headOf({ url, ...request }), asked).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(Client.layerWith(options), watched(asked)))
    )
  }

  it.effect("noDelay, and the agent's keepAliveMsecs, reach the socket", () =>
    Effect.gen(function* () {
      const usual = [
        ["connect", undefined],
        ["keepAlive", true, 1_000]
      ]
      assert.deepStrictEqual(yield* askedWith({}, {}), usual)
      assert.deepStrictEqual(
        yield* askedWith({ keepAliveMsecs: "3 seconds" }, { connection: { noDelay: false } }),
        [
          ["connect", false],
          ["keepAlive", true, 3_000]
        ]
      )
      assert.deepStrictEqual(yield* askedWith({ keepAlive: false }, {}), [["connect", undefined]])
      assert.deepStrictEqual(yield* askedWith({}, { agent: false }), [["connect", undefined]])
    })
  )

  it.effect("attemptDelay: after this time the next address is tried in parallel", () =>
    run(
      Effect.gen(function* () {
        const memory = yield* MemoryNetwork.MemoryNetwork
        yield* memory.setHost("two.test", ["10.0.0.1", "10.0.0.2"])
        yield* Fault.connectTimeout({ to: "10.0.0.1" }, { timeout: "1 hour" })
        const server = yield* RawPeer.listen({ host: "10.0.0.2", port: 80 })
        const fiber = yield* Effect.fork(
          Client.request({ url: "http://two.test/", connection: { attemptDelay: 40 } })
        )
        const accepted = yield* Effect.fork(server.accept)
        yield* TestClock.adjust(39)
        assert.isNull(accepted.unsafePoll())
        yield* TestClock.adjust(1)
        const peer = yield* accepted
        yield* peer.send(ok)
        yield* fiber
      })
    )
  )

  it.effect("an unknown option is refused, not ignored", () =>
    run(
      Effect.gen(function* () {
        for (const connection of [{ localaddress: "10.0.0.9" }, { allowHalfOpen: true }, { toString: 1 }]) {
          const error = yield* Effect.flip(Client.request({ url, connection: connection as object }))
          assert.deepInclude(error, {
            _tag: "ConnectionFailed",
            code: "ERR_HTTPFX_CONNECTION_OPTION",
            written: "none"
          })
        }
      })
    )
  )

  it.effect("without an address: fails instead of waiting", () =>
    run(
      Effect.gen(function* () {
        const lookup = (() => Effect.succeed([])) as unknown as NonNullable<
          Client.ConnectionOptions["lookup"]
        >
        const error = yield* Effect.flip(Client.request({ url, connection: { lookup } }))
        assert.deepInclude(error, { _tag: "NameNotResolved", code: "ENODATA" })
      })
    )
  )

  it.effect("opened by the caller, whose exceptions are defects of the request alone", () =>
    run(
      Effect.gen(function* () {
        const network = yield* Network.Network
        const server = yield* listen
        const [{ address }] = yield* network.resolve("api.test")
        const createConnection = () => network.connect({ _tag: "TcpAddress", hostname: address, port: 80 })
        const connection = { createConnection: () => Effect.orDie(createConnection()) }
        const fiber = yield* Effect.fork(Client.request({ url: "https://secret.test/", connection }))
        const peer = yield* server.accept
        assert.include(yield* peer.head, "Host: secret.test\r\n")
        yield* peer.send(ok)
        yield* fiber
        const throws = {
          createConnection: () => {
            throw new Error("mine")
          }
        }
        const cause = yield* Effect.flip(Effect.sandbox(Client.request({ url, connection: throws })))
        assert.include(Cause.pretty(cause), "mine")
      })
    )
  )

  it.effect("is shared by requests with equal options, and by no others", () =>
    run(
      Effect.gen(function* () {
        const server = yield* listen
        const serve = (peer: RawPeer.RawPeer) => Effect.zipRight(peer.head, peer.send(ok))
        const lookup: NonNullable<Client.ConnectionOptions["lookup"]> = () =>
          Effect.flatMap(Network.Network, (network) => network.resolve("api.test")).pipe(
            Effect.provideService(Network.Network, network)
          )
        const network = yield* Network.Network
        const ask = (options: Partial<Client.Request>) =>
          Effect.flatMap(Client.request({ url, ...options }), (response) =>
            Effect.as(response.text, response.reused)
          )
        const first = yield* Effect.fork(ask({ connection: { family: 4 } }))
        const one = yield* server.accept
        yield* serve(one)
        yield* first
        // Equal options in another object share the connection.
        const second = yield* Effect.fork(ask({ connection: { family: 4 } }))
        yield* serve(one)
        assert.isTrue(yield* second)
        for (const options of [
          {},
          { connection: { family: 4, lookup } as const },
          { parser: { maxHeaderSize: 1_000 } }
        ]) {
          const other = yield* Effect.fork(ask(options))
          const peer = yield* server.accept
          yield* serve(peer)
          assert.isFalse(yield* other)
        }
      })
    )
  )

  type Tls = NonNullable<Client.ConnectionOptions["tls"]>
  const tls: ReadonlyArray<readonly [Tls, Tls]> = [
    [{ serverName: "a" }, { serverName: "b" }],
    [{ checkServerIdentity: () => undefined }, { checkServerIdentity: () => undefined }],
    [{ ca: ["a", "b"] }, { ca: "a,b" }],
    [{ cert: "a" }, { cert: "b" }],
    [{ key: "a" }, { key: "b" }],
    [{ passphrase: "a" }, { passphrase: "b" }],
    [{ pfx: new Uint8Array([1]) }, { pfx: new Uint8Array([1]) }],
    [{ crl: "a" }, { crl: "b" }],
    [{ rejectUnauthorized: true }, { rejectUnauthorized: false }],
    [{ ciphers: "a" }, { ciphers: "b" }],
    [{ minVersion: "TLSv1.2" }, { maxVersion: "TLSv1.2" }],
    [{ ecdhCurve: "a" }, { sigalgs: "a" }],
    [{ secureOptions: 1 }, { secureOptions: 2 }],
    [{ alpn: ["a", "b"] }, { alpn: ["b", "a"] }],
    // A value that contains `key=` must not look like a second field.
    [{ cert: 'a";key="b' }, { cert: "a", key: "b" }]
  ]
  it.effect.each(tls)("is not shared between different TLS options: %o, %o", (both) =>
    run(
      Effect.gen(function* () {
        const server = yield* listen
        for (const [turn, options] of [...both, ...both].entries()) {
          const fiber = yield* Effect.fork(Client.request({ url, connection: { tls: options } }))
          if (turn < 2) {
            const peer = yield* server.accept
            yield* Effect.fork(Effect.forever(Effect.zipRight(peer.head, peer.send(ok))))
          }
          const response = yield* fiber
          yield* response.text
          assert.strictEqual(response.reused, turn >= 2)
        }
      })
    )
  )

  it.effect("maxHeaderSize and insecureHTTPParser can be set per request", () =>
    run(
      Effect.gen(function* () {
        const server = yield* listen
        const answered = (parser: Client.ParserOptions, answer: string) =>
          Effect.gen(function* () {
            const fiber = yield* Effect.fork(Client.request({ url, parser }))
            const peer = yield* server.accept
            yield* peer.head
            yield* peer.send(answer)
            return yield* Effect.either(fiber)
          })
        const large = `HTTP/1.1 200 OK\r\nX: ${"x".repeat(200)}\r\nContent-Length: 0\r\n\r\n`
        const refused = yield* answered({ maxHeaderSize: 100 }, large)
        if (refused._tag === "Right") return assert.fail()
        assert.deepInclude(refused.left, { _tag: "ParseError", code: "HPE_HEADER_OVERFLOW" })
        const loose = "HTTP/1.1 200 OK\r\nA: b\u0001c\r\nContent-Length: 0\r\n\r\n"
        assert.strictEqual((yield* answered({ insecureHTTPParser: true }, loose))._tag, "Right")
        assert.strictEqual((yield* answered({ insecureHTTPParser: false }, loose))._tag, "Left")
      })
    )
  )
})

describe("Folded headers", () => {
  it.effect("keep the first value of singleton fields, unless all are joined", () =>
    run(
      Effect.gen(function* () {
        const answer =
          "HTTP/1.1 200 OK\r\nAge: 1\r\nAge: 2\r\nX: a\r\nx: b\r\nSet-Cookie: c\r\nContent-Length: 0\r\n\r\n"
        const { fiber, peer } = yield* sent({ url })
        yield* peer.send(answer)
        const response = yield* fiber
        assert.strictEqual(response.httpVersion, "1.1")
        assert.deepInclude(response.headers, { age: "1", x: "a, b", "set-cookie": ["c"] })
        const again = yield* Effect.fork(Client.request({ url, joinDuplicateHeaders: true }))
        yield* peer.head
        yield* peer.send(answer)
        assert.strictEqual((yield* again).headers.age, "1, 2")
      })
    )
  )
})

describe("Expect: 100-continue", () => {
  const expecting = (request: Partial<Client.Request> = {}) =>
    sent({ url, method: "PUT", body: "body", expectContinue: true, ...request })

  it.effect("the body waits for 100", () =>
    run(
      Effect.gen(function* () {
        const seen: Array<number> = []
        const { fiber, head, peer } = yield* expecting({ onInformational: ({ status }) => seen.push(status) })
        assert.include(head, "Expect: 100-continue\r\n")
        yield* peer.expectNothing()
        yield* peer.send("HTTP/1.1 102 Processing\r\n\r\n")
        yield* peer.expectNothing()
        yield* peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        yield* peer.expect("body")
        yield* peer.send(ok)
        const response = yield* fiber
        assert.strictEqual(yield* response.text, "ok")
        assert.deepStrictEqual(seen, [102, 100])
        yield* TestClock.adjust("2 seconds")
        yield* peer.expectNothing()
      })
    )
  )

  it.effect("the body waits for 100 or for the timeout, also if it is a stream", () =>
    run(
      Effect.gen(function* () {
        const body = Stream.make(bytes("body"))
        const headers = { expect: "100-continue" }
        const { fiber, peer } = yield* expecting({ body, headers, continueTimeout: "3 seconds" })
        yield* TestClock.adjust("2999 millis")
        yield* peer.expectNothing()
        yield* TestClock.adjust("1 millis")
        yield* peer.expect("4\r\nbody\r\n0\r\n\r\n")
        // This 100 arrives too late and has no effect.
        yield* peer.send("HTTP/1.1 100 Continue\r\n\r\n", ok)
        assert.strictEqual(yield* (yield* fiber).text, "ok")
      })
    )
  )

  it.effect("a final response comes instead: the body is never sent, and the connection closes", () =>
    run(
      Effect.gen(function* () {
        const pulled = yield* Deferred.make<void>()
        const body = Stream.fromEffect(Effect.as(Deferred.succeed(pulled, undefined), bytes("x")))
        const { fiber, peer } = yield* expecting({ body })
        yield* peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        const response = yield* fiber
        assert.deepStrictEqual([response.status, yield* response.text], [413, "no"])
        yield* peer.expectFin
        yield* TestClock.adjust("5 seconds")
        assert.isFalse(yield* Deferred.isDone(pulled))
      })
    )
  )

  it.effect("interrupted while waiting: nothing is left", () =>
    run(
      Effect.gen(function* () {
        const { fiber, peer } = yield* expecting()
        yield* Fiber.interrupt(fiber)
        yield* peer.expectReset
        yield* TestClock.adjust("5 seconds")
        const { open } = yield* Effect.flatMap(Client.Client, ({ connections }) => connections)
        assert.strictEqual(open, 0)
      })
    )
  )
})

describe("An early response", () => {
  const uploading = (answer: string, earlyAnswer?: Client.EarlyAnswer) =>
    Effect.gen(function* () {
      const stopped = yield* Deferred.make<void>()
      const body = Stream.concat(Stream.make(bytes("first")), Stream.never).pipe(
        Stream.ensuring(Deferred.succeed(stopped, undefined))
      )
      const { fiber, peer } = yield* sent({ url, method: "POST", body, earlyAnswer })
      yield* peer.expect("5\r\nfirst\r\n")
      yield* peer.send(answer)
      return { response: yield* fiber, stopped: Deferred.isDone(stopped), peer }
    })
  const begun = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nda"

  it.effect("lets the upload continue until the response has ended", () =>
    run(
      Effect.gen(function* () {
        const { peer, response, stopped } = yield* uploading(begun)
        assert.isFalse(yield* stopped)
        yield* peer.send("ta")
        assert.strictEqual(yield* response.text, "data")
        yield* Effect.repeat(stopped, { until: (is) => is })
        yield* peer.expectReset
      })
    )
  )

  it.effect("stops the upload at once with `earlyAnswer` `stop`, or if the server refuses and closes", () =>
    run(
      Effect.gen(function* () {
        const { peer, response, stopped } = yield* uploading(begun, "stop")
        yield* Effect.repeat(stopped, { until: (is) => is })
        yield* peer.send("ta")
        assert.strictEqual(yield* response.text, "data")
      })
    ).pipe(
      Effect.zipRight(
        run(
          Effect.gen(function* () {
            const { peer, response, stopped } = yield* uploading(
              "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
            )
            yield* Effect.repeat(stopped, { until: (is) => is })
            yield* peer.send("no")
            assert.strictEqual(yield* response.text, "no")
            assert.notInstanceOf(response, HttpError.ConnectionReset)
          })
        )
      )
    )
  )
})
