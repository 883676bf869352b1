// Every way in which a connection can fail a request: the typed error, and how much of the request was sent.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Client } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { networks } from "../support/networks.js"
import { ok, withClient } from "../support/withClient.js"

type Facts = { readonly [field: string]: unknown }

describe.each(networks)("Client's failures on %s", (_, network) => {
  const run = withClient(network)

  describe("without a connection", () => {
    it.effect("nobody listens: ConnectionRefused", () =>
      run(
        Effect.gen(function* () {
          const { url } = yield* Effect.scoped(RawPeer.listen())
          const error = yield* Effect.flip(Client.request({ url }))
          assert.strictEqual(error._tag, "ConnectionRefused")
          assert.deepInclude(error, { phase: "connect", written: "none", received: 0 })
          assert.deepInclude(error, { code: "ECONNREFUSED", address: new URL(url).host })
        })
      )
    )

    it.effect("no such name: NameNotResolved", () =>
      run(
        Effect.gen(function* () {
          const error = yield* Effect.flip(Client.request({ url: "http://nowhere.invalid/" }))
          assert.strictEqual(error._tag, "NameNotResolved")
          assert.deepInclude(error, { host: "nowhere.invalid", phase: "resolve" })
        })
      )
    )

    it.effect("no TLS on the other side: a typed error", () =>
      run(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          yield* Effect.fork(Effect.flatMap(accept, (raw) => raw.send("no TLS here\r\n")))
          const error = yield* Effect.flip(Client.request({ url: url.replace("http:", "https:") }))
          assert.include(["TlsFailure", "ConnectionReset", "HangUp"], error._tag)
          const client = yield* Client.Client
          assert.strictEqual((yield* client.connections).open, 0)
        })
      )
    )
  })

  /** The server reads the head, sends `answer`, and then runs `end`. */
  const ending = (
    answer: string,
    end: (raw: RawPeer.RawPeer) => Effect.Effect<void>,
    request: Partial<Client.Request> = {}
  ) =>
    Effect.gen(function* () {
      const { accept, url } = yield* RawPeer.listen()
      const fiber = yield* Effect.fork(
        Effect.flatMap(Client.request({ url, ...request }), (response) => response.bytes)
      )
      const raw = yield* accept
      yield* raw.head
      if (answer !== "") yield* raw.send(answer)
      yield* end(raw)
      const error = yield* Effect.flip(fiber)
      const client = yield* Client.Client
      assert.strictEqual((yield* client.connections).idle, 0)
      return { error, host: new URL(url).host }
    })
  const reset = (raw: RawPeer.RawPeer) => raw.reset
  const close = (raw: RawPeer.RawPeer) => raw.end
  const stay = () => Effect.void

  const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
  const cases: ReadonlyArray<
    readonly [
      name: string,
      answer: string,
      end: (raw: RawPeer.RawPeer) => Effect.Effect<void>,
      tag: string,
      facts: Facts
    ]
  > = [
    ["closed before the head", "", close, "HangUp", { phase: "head", received: 0, code: "ECONNRESET" }],
    [
      "reset before the head",
      "",
      reset,
      "ConnectionReset",
      { phase: "head", received: 0, code: "ECONNRESET" }
    ],
    ["closed within the head", "HTTP/1.1 2", close, "HangUp", { phase: "head", received: 10 }],
    ["closed after a 1xx", "HTTP/1.1 100 Continue\r\n\r\n", close, "HangUp", { phase: "head" }],
    [
      "closed within a body with a length",
      `${head}12345`,
      close,
      "HangUp",
      { phase: "body", reason: "aborted" }
    ],
    ["closed within a chunk", `${chunked}a\r\n12345`, close, "HangUp", { phase: "body" }],
    ["closed between chunks", `${chunked}5\r\n12345\r\n`, close, "HangUp", { phase: "body" }],
    ["closed within the trailers", `${chunked}0\r\nX: `, close, "HangUp", { phase: "body" }],
    ["no HTTP", "SSH-2.0-OpenSSH\r\n", stay, "ParseError", { code: "HPE_INVALID_CONSTANT" }],
    [
      "a malformed head",
      "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
      stay,
      "ParseError",
      { code: "HPE_INVALID_HEADER_TOKEN" }
    ],
    ["a malformed chunk", `${chunked}xyz\r\n`, stay, "ParseError", { code: "HPE_INVALID_CHUNK_SIZE" }],
    [
      "Content-Length with chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      stay,
      "ParseError",
      { flag: "lengthWithTransferEncoding" }
    ],
    [
      "an upgrade that was not requested",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
      stay,
      "UpgradeNotAsked",
      { code: "ERR_HTTPFX_UPGRADE_NOT_ASKED" }
    ]
  ]
  describe("with a connection", () => {
    for (const [name, answer, end, tag, facts] of cases) {
      it.effect(`${name}: ${tag}`, () =>
        run(
          Effect.gen(function* () {
            const { error, host } = yield* ending(answer, end)
            assert.strictEqual(error._tag, tag)
            assert.deepInclude(error, facts)
            if ("phase" in facts) {
              assert.deepInclude(error, { address: host, reused: false, written: "all" })
            }
          })
        )
      )
    }

    it.effect("reset within the body: ConnectionReset, after the bytes received", () =>
      run(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          const fiber = yield* Effect.fork(Client.request({ url }))
          const raw = yield* accept
          yield* raw.head
          yield* raw.send(`${head}12345`)
          const response = yield* fiber
          let read = ""
          const error = yield* response.body.pipe(
            Stream.decodeText(),
            Stream.runForEach((text) =>
              Effect.suspend(() => {
                read += text
                return raw.reset
              })
            ),
            Effect.flip
          )
          assert.strictEqual(read, "12345")
          assert.strictEqual(error._tag, "ConnectionReset")
          assert.deepInclude(error, { phase: "body", received: head.length + 5 })
        })
      )
    )

    it.effect("a tunnel for a request that does not take it over: OutOfOrder", () =>
      run(
        Effect.gen(function* () {
          const { error } = yield* ending("HTTP/1.1 200 OK\r\n\r\n", stay, { method: "CONNECT" })
          assert.strictEqual(error._tag, "OutOfOrder")
        })
      )
    )

    it.effect("after a failure the next request gets a new connection", () =>
      run(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          const failing = yield* Effect.fork(Effect.flip(Client.request({ url })))
          yield* reset(yield* accept)
          yield* failing
          const fiber = yield* Effect.fork(Client.request({ url }))
          const raw = yield* accept
          yield* raw.head
          yield* raw.send(ok(""))
          assert.isFalse((yield* fiber).reused)
        })
      )
    )
  })

  describe("within the body of the request", () => {
    const failing = (stream: Stream.Stream<Uint8Array, string>, fields: ReadonlyArray<string> = []) =>
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(
          Effect.flip(Client.request({ url, method: "POST", body: stream, headers: fields }))
        )
        const raw = yield* accept
        const error = yield* fiber
        yield* raw.expectClosed
        const client = yield* Client.Client
        assert.strictEqual((yield* client.connections).idle, 0)
        return { error, received: raw.received() }
      })
    const some = Stream.make(new Uint8Array([97, 98, 99]))

    it.effect("its stream fails: its own error, and the connection closes", () =>
      run(
        Effect.gen(function* () {
          const { error, received } = yield* failing(Stream.concat(some, Stream.fail("no more")))
          assert.strictEqual(error, "no more")
          assert.notInclude(received, "0\r\n\r\n")
        })
      )
    )

    for (const [name, length] of [
      ["longer", "2"],
      ["shorter", "4"]
    ] as const) {
      it.effect(`it is ${name} than announced: ContentLengthMismatch`, () =>
        run(
          Effect.gen(function* () {
            const { error } = yield* failing(some, ["Content-Length", length])
            assert.deepInclude(error, {
              _tag: "ContentLengthMismatch",
              declared: +length,
              actual: 3
            })
          })
        )
      )
    }

    it.effect("the server resets during the upload: ConnectionReset, and no further pull", () =>
      run(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          let finalized = 0
          const endless = Stream.ensuring(
            Stream.repeatEffect(Effect.as(Effect.yieldNow(), new Uint8Array(1_000))),
            Effect.sync(() => finalized++)
          )
          const fiber = yield* Effect.fork(
            Effect.flip(Client.request({ url, method: "POST", body: endless }))
          )
          const raw = yield* accept
          yield* raw.head
          yield* reset(raw)
          const error = yield* fiber
          assert.include(["ConnectionReset", "BrokenPipe"], error._tag)
          assert.deepInclude(error, { phase: "send", written: "some" })
          yield* Effect.yieldNow()
          yield* Effect.repeat(Effect.yieldNow(), { until: () => finalized === 1 })
        })
      )
    )
  })
})

describe("Client and the addresses of a name", () => {
  const hosts = { "two.test": ["10.0.0.9", "127.0.0.1"], "none.test": ["10.0.0.8", "10.0.0.9"] }
  const run = withClient(MemoryNetwork.layer({ hosts }))

  it.effect("takes the next one when nobody listens on the first", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const { port } = new URL(url)
        const fiber = yield* Effect.fork(Client.request({ url: `http://two.test:${port}/` }))
        const raw = yield* accept
        assert.include(yield* raw.head, `Host: two.test:${port}\r\n`)
        yield* raw.send(ok(""))
        assert.strictEqual((yield* fiber).status, 200)
      })
    )
  )

  it.effect("reports the failure of the last one", () =>
    run(
      Effect.gen(function* () {
        const error = yield* Effect.flip(Client.request({ url: "http://none.test:81/" }))
        assert.deepInclude(error, { _tag: "ConnectionRefused", address: "10.0.0.9:81" })
      })
    )
  )
})
