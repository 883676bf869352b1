// The PROXY protocol: vectors of both versions, split at every byte, refusals, time limits, trusted peers,
// and TLS after the header. Also on real sockets, and sent by curl if curl is installed.
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import { execFile, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Exchange, Network, ProxyProtocol, Server, Transport, type ServerEvent } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { MemoryNetwork, MemoryTls, RawPeer, VirtualClock, Wiretap } from "@httpfx/testing"

const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0))
const concat = (...parts: ReadonlyArray<Uint8Array>) => Uint8Array.from(parts.flatMap((part) => [...part]))

const signature = bytesOf("\r\n\r\n\0\r\nQUIT\n")
const v2 = (command: number, family: number, content: ReadonlyArray<number>, length = content.length) =>
  concat(signature, Uint8Array.of(command, family, length >> 8, length & 255, ...content))
const ports = [0x11, 0x5c, 0x00, 0x50]
const four = [203, 0, 113, 7, 192, 0, 2, 1, ...ports]
const six = [
  ...[0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 7],
  ...[0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 1],
  ...ports
]
const path = (text: string) => [...bytesOf(text.padEnd(108, "\0"))]
const tlv = (type: number, length: number) => [
  type,
  length >> 8,
  length & 255,
  ...Array<number>(length).fill(7)
]

const request = bytesOf("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
const lastRequest = bytesOf("GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

const show = Effect.map(Exchange.exchange, ({ client, connection: { local, remote } }) =>
  HttpServerResponse.text(
    [remote, local].map((end) => (end === undefined ? "-" : Transport.formatAddress(end))).join(" to ") +
      ` for ${client.address}`
  )
)

interface World {
  readonly options?: Partial<ProxyProtocol.Options>
  readonly tls?: Network.ServerTls
}

/** Starts a server that accepts the PROXY protocol, and collects its events. */
const serving = ({ options, tls }: World = {}) =>
  Effect.gen(function* () {
    const network = yield* ProxyProtocol.accept(yield* Network.Network, { from: ["10.0.0.0/8"], ...options })
    const server = yield* Effect.provideService(
      Server.make({ port: 0, host: "127.0.0.1", tls, idleConnectionGrace: 0 }),
      Network.Network,
      network
    )
    const events: Array<ServerEvent.ServerEvent> = []
    yield* server.observe((event) => events.push(event))
    yield* server.httpServer.serve(show)
    const refusals = () =>
      events.flatMap((event) =>
        event._tag === "ClientError" && event.error._tag === "ProxyHeaderRefused" ? [event.error] : []
      )
    return { ...server, events, refusals, network }
  })

const connectFrom = (address: Transport.Address, localAddress = "10.0.0.1") =>
  Effect.flatMap(Network.Network, (network) => network.connect(address, { localAddress })).pipe(
    Effect.flatMap((transport) => RawPeer.make(transport))
  )

const bodyOf = (message: string) => message.slice(message.indexOf("\r\n\r\n") + 4)

const inMemory = <A, E>(
  test: Effect.Effect<A, E, Network.Network | VirtualClock.VirtualClock | Scope.Scope>
) => Effect.provide(Effect.scoped(test), Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer()))

/** Sends these chunks one by one, and returns all bytes received until the connection ends. */
const asks = (address: Transport.Address, chunks: ReadonlyArray<Uint8Array>, from?: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const peer = yield* connectFrom(address, from)
      for (const chunk of chunks) {
        yield* peer.send(chunk)
        yield* VirtualClock.settle
      }
      return bodyOf(yield* peer.rest)
    })
  )

const own = (port: number) => `10.0.0.1:* to 127.0.0.1:${port} for 10.0.0.1`
const theirs = "203.0.113.7:4444 to 192.0.2.1:80 for 203.0.113.7"
const theirs6 = "[2001:db8::7]:4444 to [2001:db8::1]:80 for 2001:db8::7"

const accepted: ReadonlyArray<readonly [name: string, header: Uint8Array, shown: string | undefined]> = [
  ["v1 TCP4", bytesOf("PROXY TCP4 203.0.113.7 192.0.2.1 4444 80\r\n"), theirs],
  ["v1 TCP6", bytesOf("PROXY TCP6 2001:db8::7 2001:DB8:0::1 4444 80\r\n"), theirs6],
  [
    "v1 TCP6 of an IPv4 client",
    bytesOf("PROXY TCP6 ::ffff:203.0.113.7 ::ffff:192.0.2.1 4444 80\r\n"),
    theirs
  ],
  ["v1 UNKNOWN", bytesOf("PROXY UNKNOWN\r\n"), undefined],
  ["v1 UNKNOWN with a rest", bytesOf("PROXY UNKNOWN ff::1 what ever 1 2 3\r\n"), undefined],
  ["v1 of 107 bytes", bytesOf(`PROXY UNKNOWN ${"f".repeat(107 - 16)}\r\n`), undefined],
  ["v2 TCP over IPv4", v2(0x21, 0x11, four), theirs],
  ["v2 TCP over IPv6", v2(0x21, 0x21, six), theirs6],
  ["v2 with extensions", v2(0x21, 0x11, [...four, ...tlv(1, 2), ...tlv(0x20, 300)]), theirs],
  ["v2 with extensions that are malformed", v2(0x21, 0x11, [...four, 4, 255]), theirs],
  ["v2 UNSPEC", v2(0x21, 0x00, []), undefined],
  ["v2 UNSPEC with a rest", v2(0x21, 0x00, tlv(4, 9)), undefined],
  ["v2 LOCAL", v2(0x20, 0x00, []), undefined],
  ["v2 LOCAL with addresses", v2(0x20, 0x11, four), undefined],
  ["v2 LOCAL of a family that does not exist", v2(0x20, 0x77, [1, 2, 3]), undefined],
  [
    "v2 Unix sockets",
    v2(0x21, 0x31, [...path("/run/client.sock"), ...path("/run/app.sock")]),
    "/run/client.sock to /run/app.sock for undefined"
  ],
  ["v2 of 4096 bytes", v2(0x21, 0x11, [...four, ...tlv(4, 4096 - 16 - 12 - 3)]), theirs]
]

describe("A header", () => {
  it.live.each(accepted)("%s is read, whole and with requests after it", ([, header, shown]) =>
    inMemory(
      Effect.gen(function* () {
        const { address, refusals } = yield* serving()
        const port = address._tag === "TcpAddress" ? address.port : 0
        const expected = shown ?? own(port)
        const seen = yield* asks(address, [concat(header, request)])
        assert.strictEqual(seen.replace(/^(10\.0\.0\.1):\d+/, "$1:*"), expected)
        assert.deepStrictEqual(refusals(), [])
      })
    )
  )

  it.live.each(accepted.filter(([, { length }]) => length < 300))(
    "%s is read cut anywhere",
    ([, header, shown]) =>
      inMemory(
        Effect.gen(function* () {
          const { address } = yield* serving()
          const whole = concat(header, request)
          const seen = yield* Effect.forEach(
            Array.from({ length: header.length + 3 }, (_, i) => i + 1),
            (cut) => asks(address, [whole.subarray(0, cut), whole.subarray(cut)]),
            { concurrency: "unbounded" }
          )
          for (const body of seen) assert.match(body, / for /)
          if (shown !== undefined) for (const body of seen) assert.strictEqual(body, shown)
          const single = yield* asks(
            address,
            Array.from(whole, (byte) => Uint8Array.of(byte))
          )
          assert.match(single, / for /)
        })
      )
  )

  const refused: ReadonlyArray<readonly [name: string, header: Uint8Array | string, problem: string]> = [
    ["none", "GET / HTTP/1.1\r\n\r\n", "Malformed"],
    ["a TLS handshake", "\x16\x03\x01", "Malformed"],
    ["another word", "PROXIES", "Malformed"],
    ["lower case", "proxy TCP4 203.0.113.7 192.0.2.1 4444 80\r\n", "Malformed"],
    ["v1 without a protocol", "PROXY \r\n", "Malformed"],
    ["v1 with another protocol", "PROXY UDP4 203.0.113.7 192.0.2.1 4444 80\r\n", "Malformed"],
    ["v1 UNKNOWN with a longer word", "PROXY UNKNOWNS\r\n", "Malformed"],
    ["v1 with too few parts", "PROXY TCP4 203.0.113.7 192.0.2.1 4444\r\n", "Malformed"],
    ["v1 with too many parts", "PROXY TCP4 203.0.113.7 192.0.2.1 4444 80 1\r\n", "Malformed"],
    ["v1 with two spaces", "PROXY TCP4  203.0.113.7 192.0.2.1 4444 80\r\n", "Malformed"],
    ["v1 with a tab", "PROXY TCP4\t203.0.113.7 192.0.2.1 4444 80\r\n", "Malformed"],
    ["v1 with a space at the end", "PROXY TCP4 203.0.113.7 192.0.2.1 4444 80 \r\n", "Malformed"],
    ["v1 with an address of the other family", "PROXY TCP4 2001:db8::7 192.0.2.1 4444 80\r\n", "Malformed"],
    ["v1 TCP6 with an IPv4 address", "PROXY TCP6 203.0.113.7 192.0.2.1 4444 80\r\n", "Malformed"],
    ["v1 with a host name", "PROXY TCP4 client.test 192.0.2.1 4444 80\r\n", "Malformed"],
    ["v1 with a leading zero in an address", "PROXY TCP4 203.0.113.07 192.0.2.1 4444 80\r\n", "Malformed"],
    ["v1 with a leading zero in a port", "PROXY TCP4 203.0.113.7 192.0.2.1 04444 80\r\n", "Malformed"],
    ["v1 with a port that is too high", "PROXY TCP4 203.0.113.7 192.0.2.1 65536 80\r\n", "Malformed"],
    ["v1 with a signed port", "PROXY TCP4 203.0.113.7 192.0.2.1 +4444 80\r\n", "Malformed"],
    ["v1 with a bare line feed", "PROXY TCP4 203.0.113.7 192.0.2.1 4444 80\n", "Malformed"],
    ["v1 with a bare carriage return", "PROXY TCP4 203.0.113.7\r 192.0.2.1 4444 80\r\n", "Malformed"],
    ["v1 of 108 bytes", `PROXY UNKNOWN ${"f".repeat(92)}\r\n`, "TooLong"],
    ["v1 without an end", `PROXY UNKNOWN ${"f".repeat(200)}`, "TooLong"],
    ["v2 with another signature", "\r\n\r\n\0\r\nQUIT\r", "Malformed"],
    ["v2 of version 1", v2(0x11, 0x11, four), "Malformed"],
    ["v2 of version 3", v2(0x31, 0x11, four), "Malformed"],
    ["v2 with another command", v2(0x22, 0x11, four), "Malformed"],
    ["v2 UDP", v2(0x21, 0x12, four), "Malformed"],
    ["v2 with another family", v2(0x21, 0x41, four), "Malformed"],
    ["v2 too short for its addresses", v2(0x21, 0x11, four.slice(1)), "Malformed"],
    ["v2 with an IPv6 family and IPv4 addresses", v2(0x21, 0x21, four), "Malformed"],
    ["v2 of 4097 bytes", v2(0x21, 0x11, [...four, ...tlv(4, 4097 - 16 - 12 - 3)]), "TooLong"],
    ["v2 that announces 64 KiB", v2(0x21, 0x11, [], 0xffff), "TooLong"]
  ]
  it.live.each(refused)("%s resets the connection, and is reported as an event", ([name, header, problem]) =>
    inMemory(
      Effect.gen(function* () {
        const { address, connections, refusals } = yield* serving()
        const bytes = typeof header === "string" ? bytesOf(header) : header
        for (const chunks of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
          const peer = yield* connectFrom(address)
          for (const chunk of chunks)
            if (peer.state() === "open") yield* Effect.zipRight(peer.send(chunk), VirtualClock.settle)
          assert.strictEqual(peer.state(), "ECONNRESET", name)
          assert.strictEqual(peer.received(), "")
        }
        assert.deepStrictEqual(
          refusals().map((error) => error.problem),
          [problem, problem]
        )
        assert.match(refusals()[0]!.address!, /^10\.0\.0\.1:\d+$/)
        assert.strictEqual(yield* connections, 0)
      })
    )
  )
})

describe("A connection before its header", () => {
  const late = (sent: string) =>
    inMemory(
      Effect.gen(function* () {
        const { address, refusals } = yield* serving({ options: { timeout: "3 seconds" } })
        const peer = yield* connectFrom(address)
        yield* peer.send(sent)
        yield* VirtualClock.advance("2999 millis")
        assert.strictEqual(peer.state(), "open")
        yield* VirtualClock.advance("1 millis")
        assert.strictEqual(peer.state(), "ECONNRESET")
        assert.deepInclude(refusals()[0], { problem: "Late", received: sent.length })
      })
    )
  it.live("is reset when the timeout expires, without a byte", () => late(""))
  it.live("is reset when the timeout expires, within the header", () => late("PROXY TCP4 203.0.113.7 "))

  it.live("has no timeout after the header", () =>
    inMemory(
      Effect.gen(function* () {
        const { address, refusals } = yield* serving({ options: { timeout: "3 seconds" } })
        const peer = yield* connectFrom(address)
        yield* peer.send("PROXY UNKNOWN\r\n")
        yield* VirtualClock.advance("4 seconds")
        yield* peer.send(request)
        assert.match(yield* peer.rest, / for 10\.0\.0\.1$/)
        assert.deepStrictEqual(refusals(), [])
      })
    )
  )

  it.live("may end without a byte, as in a balancer's health check, but not within the header", () =>
    inMemory(
      Effect.gen(function* () {
        const { address, refusals } = yield* serving()
        const check = yield* connectFrom(address)
        yield* check.end
        yield* check.expectClosed
        assert.strictEqual(check.state(), "closed")
        assert.deepStrictEqual(refusals(), [])
        const cut = yield* connectFrom(address)
        yield* cut.send("PROXY TCP4 203")
        yield* cut.end
        yield* VirtualClock.settle
        assert.strictEqual(cut.state(), "ECONNRESET")
        assert.deepInclude(refusals()[0], { problem: "Truncated", received: 14 })
      })
    )
  )

  it.live("that is reset by the peer leaves nothing behind", () =>
    inMemory(
      Effect.gen(function* () {
        const { address, connections, refusals } = yield* serving()
        const peer = yield* connectFrom(address)
        yield* peer.send("PROXY")
        yield* VirtualClock.settle
        yield* peer.reset
        yield* VirtualClock.advance("1 minute")
        assert.deepStrictEqual(refusals(), [])
        assert.strictEqual(yield* connections, 0)
      })
    )
  )

  it.live("is reset when the listener's scope closes", () =>
    inMemory(
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const { address } = yield* Scope.extend(serving(), scope)
        const peer = yield* connectFrom(address)
        yield* peer.send("PROXY")
        yield* VirtualClock.settle
        yield* Scope.close(scope, Exit.void)
        yield* VirtualClock.settle
        assert.strictEqual(peer.state(), "ECONNRESET")
      })
    )
  )
})

describe("Peers that are not trusted", () => {
  const header = accepted[0]![1]
  it.live("are reset", () =>
    inMemory(
      Effect.gen(function* () {
        const { address, refusals } = yield* serving()
        const peer = yield* connectFrom(address, "192.0.2.9")
        yield* VirtualClock.settle
        assert.strictEqual(peer.state(), "ECONNRESET")
        assert.deepInclude(refusals()[0], { problem: "NotTrusted", received: 0 })
      })
    )
  )
  it.live("are served without a header if the option says so, and get 400 for a header", () =>
    inMemory(
      Effect.gen(function* () {
        const { address } = yield* serving({ options: { others: "serve" } })
        assert.match(yield* asks(address, [request], "192.0.2.9"), / for 192\.0\.2\.9$/)
        const peer = yield* connectFrom(address, "192.0.2.9")
        yield* peer.send(concat(header, request))
        assert.match(yield* peer.rest, /^HTTP\/1\.1 400 /)
        assert.strictEqual(yield* asks(address, [concat(header, request)]), theirs)
      })
    )
  )
})

describe("Bytes behind a header", () => {
  it.live("are kept while no app is served yet, and no byte is lost", () =>
    inMemory(
      Effect.gen(function* () {
        const network = yield* ProxyProtocol.accept(yield* Network.Network, { from: ["10.0.0.0/8"] })
        const server = yield* Effect.provideService(Server.make({ port: 80 }), Network.Network, network)
        const peer = yield* connectFrom(server.address)
        const kept = bytesOf("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        yield* peer.send(concat(accepted[0]![1], kept.subarray(0, 9)))
        yield* VirtualClock.advance("1 second")
        yield* peer.send(concat(kept.subarray(9), lastRequest))
        yield* VirtualClock.advance("1 second")
        yield* server.httpServer.serve(show)
        const seen = yield* peer.rest
        assert.deepStrictEqual(seen.match(/HTTP\/1\.1 200|203\.0\.113\.7:\d+/g), [
          ...["HTTP/1.1 200", "203.0.113.7:4444", "HTTP/1.1 200", "203.0.113.7:4444"]
        ])
      })
    )
  )

  it.live("start the TLS handshake, in the segment of the header or in a later segment", () =>
    inMemory(
      Effect.gen(function* () {
        const { address } = yield* serving({ tls: MemoryTls.certificate({ names: "a.test" }) })
        const network = yield* Network.Network
        const plain = yield* network.connect(address, { localAddress: "10.0.0.1" })
        plain.write(accepted[6]![1])
        const secured = yield* network.secure(plain, { role: "client", serverName: "a.test" })
        const peer = yield* RawPeer.make(secured)
        yield* peer.send(request)
        assert.strictEqual(bodyOf(yield* peer.rest), theirs)
      })
    )
  )

  it.live("pass a wiretap between the network and the server", () =>
    Effect.gen(function* () {
      const { address, refusals } = yield* serving()
      assert.strictEqual(yield* asks(address, [concat(accepted[0]![1], request)]), theirs)
      yield* asks(address, [bytesOf("x")])
      assert.lengthOf(refusals(), 1)
    }).pipe(
      Effect.scoped,
      Effect.provide(Wiretap.layer()),
      Effect.provide(Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer()))
    )
  )
})

describe("Options", () => {
  const invalid: ReadonlyArray<readonly [string, object]> = [
    ["from", {}],
    ["from", { from: "10.0.0.0/8" }],
    ["from", { from: ["10.0.0.0/33"] }],
    ["others", { from: [], others: "ignore" }],
    ["timeout", { from: [], timeout: -1 }],
    ["timeout", { from: [], timeout: Infinity }],
    ["maxSize", { from: [], maxSize: 15 }]
  ]
  it.effect.each(invalid)("that are invalid are refused: %s", ([option, options]) =>
    Effect.gen(function* () {
      const network = yield* Network.Network
      const error = yield* Effect.flip(ProxyProtocol.accept(network, options as ProxyProtocol.Options))
      assert.deepInclude(error, { _tag: "InvalidOption", option })
    }).pipe(Effect.provide(MemoryNetwork.layer()))
  )
})

describe("On sockets", () => {
  const onSockets = <A, E>(test: Effect.Effect<A, E, Network.Network | Scope.Scope>) =>
    Effect.provide(Effect.scoped(test), NodeNetwork.layer)
  const options = { from: ["loopback"] }

  it.live("a header is read, however its bytes are split", () =>
    onSockets(
      Effect.gen(function* () {
        const { address } = yield* serving({ options })
        for (const [, header, shown] of accepted.slice(6, 9)) {
          const peer = yield* RawPeer.connect(address)
          yield* peer.send(header.subarray(0, 20))
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          yield* peer.send(concat(header.subarray(20), request))
          assert.strictEqual(bodyOf(yield* peer.rest), shown)
        }
        const peer = yield* RawPeer.connect(address)
        yield* peer.send("GET / HTTP/1.1\r\n\r\n")
        yield* peer.expectReset
      })
    )
  )

  it.live("the header comes before the handshake of TLS", () =>
    onSockets(
      Effect.gen(function* () {
        const pem = (name: string) =>
          readFileSync(new URL(`../../../node/test/fixtures/${name}.pem`, import.meta.url), "utf8")
        const { address } = yield* serving({
          options,
          tls: { cert: pem("server"), key: pem("server-key") }
        })
        const network = yield* Network.Network
        const plain = yield* network.connect(address)
        plain.write(accepted[6]![1])
        const secured = yield* network.secure(plain, {
          role: "client",
          ca: pem("ca"),
          serverName: "localhost"
        })
        const peer = yield* RawPeer.make(secured)
        yield* peer.send(request)
        assert.strictEqual(bodyOf(yield* peer.rest), theirs)
      })
    )
  )

  const hasCurl = spawnSync("curl", ["--version"]).error === undefined
  it.live.skipIf(!hasCurl)("curl sends a header", () =>
    onSockets(
      Effect.gen(function* () {
        const { address } = yield* serving({ options })
        const url = `http://${Transport.formatAddress(address)}/`
        const curl = (...args: ReadonlyArray<string>) =>
          Effect.promise(() => promisify(execFile)("curl", ["-sS", ...args, url]))
        assert.match(
          (yield* curl("--haproxy-protocol")).stdout,
          /^127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+ for 127\.0\.0\.1$/
        )
      })
    )
  )
})
