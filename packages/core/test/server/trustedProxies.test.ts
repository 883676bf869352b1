// `trustedProxies`: the client of a request that came through proxies, for forged, malformed and well-formed
// fields of both kinds, and every place that shows the client.
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { AccessLog, Exchange, ExchangeOutcome, Network, Server, WebHandler } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { MemoryNetwork, MemoryTls, RawPeer } from "@httpfx/testing"
import { servedOn } from "../support/served.js"

const served = servedOn(MemoryNetwork.layer())

/** Sends a request from an address, and returns the response. */
const from = (
  localAddress: string,
  fields: ReadonlyArray<string>,
  target = "/",
  host = "Host: app.test\r\n"
) =>
  Effect.gen(function* () {
    const { address } = yield* Server.Server
    const transport = yield* Network.connect(address, { localAddress })
    const peer = yield* RawPeer.make(transport)
    const lines = fields.map((field) => `${field}\r\n`).join("")
    yield* peer.send(`GET ${target} HTTP/1.1\r\n${host}Connection: close\r\n${lines}\r\n`)
    return yield* peer.rest
  }).pipe(Effect.scoped)

const bodyOf = (message: string) => message.slice(message.indexOf("\r\n\r\n") + 4)

const show = Effect.map(Exchange.client, ({ address, host, port, scheme }) =>
  HttpServerResponse.text([address ?? "unknown", port ?? "-", scheme, host].join(" "))
)

interface Row {
  readonly of: string
  readonly peer?: string
  readonly fields: ReadonlyArray<string>
  readonly is: string
}

/**
 * Sends the request of each row to a server with these options, and compares the client that the app sees.
 */
const check = (options: Server.TrustedProxies, rows: ReadonlyArray<Row>) =>
  served(
    show,
    Effect.forEach(
      rows,
      ({ fields, is, of, peer = "10.0.0.1" }) =>
        Effect.map(from(peer, fields), (seen) => {
          assert.strictEqual(bodyOf(seen).replace(/ \d{5} /, " - "), is, of)
        }),
      { discard: true }
    ),
    { trustedProxies: options }
  )

const allX = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"] as const
const here = "http app.test"

describe("X-Forwarded-For", () => {
  const xff = (of: string, value: string, is: string): Row => ({
    of,
    fields: [`X-Forwarded-For: ${value}`],
    is
  })

  it.effect("is read from the right, and only from trusted proxies", () =>
    check({ from: ["10.0.0.0/8", "2001:db8:1::/48", "fe80::/10"] }, [
      { of: "no field", fields: [], is: `10.0.0.1 - ${here}` },
      {
        of: "a peer that is no proxy",
        peer: "192.0.2.1",
        fields: ["X-Forwarded-For: 6.6.6.6"],
        is: `192.0.2.1 - ${here}`
      },
      {
        of: "a peer beside the range",
        peer: "11.0.0.1",
        fields: ["X-Forwarded-For: 6.6.6.6"],
        is: `11.0.0.1 - ${here}`
      },
      xff("one proxy", "203.0.113.7", `203.0.113.7 - ${here}`),
      xff("a forged entry before", "6.6.6.6, 203.0.113.7", `203.0.113.7 - ${here}`),
      xff(
        "forged entries of trusted proxies",
        "6.6.6.6, 10.0.0.9, 203.0.113.7, 10.0.0.2",
        `203.0.113.7 - ${here}`
      ),
      xff("all trusted", "10.0.0.3, 10.0.0.2", `10.0.0.3 - ${here}`),
      {
        of: "duplicate fields, in order",
        fields: ["X-Forwarded-For: 6.6.6.6", "x-forwarded-for: 203.0.113.7,10.0.0.2"],
        is: `203.0.113.7 - ${here}`
      },
      {
        of: "a duplicate field behind a forged one",
        fields: ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 203.0.113.8"],
        is: `203.0.113.8 - ${here}`
      },
      xff("an IPv4 port", "203.0.113.7:4711", "203.0.113.7 4711 http app.test"),
      xff("an IPv6 address", "2001:DB8::0:0:7", `2001:db8::7 - ${here}`),
      xff("an IPv6 address in brackets", "[2001:db8::7]", `2001:db8::7 - ${here}`),
      xff("an IPv6 port", "[2001:db8::7]:443", "2001:db8::7 443 http app.test"),
      xff("a trusted IPv6 proxy", "2001:db8::7, 2001:db8:1::1", `2001:db8::7 - ${here}`),
      xff("an IPv4-mapped address", "::ffff:203.0.113.7", `203.0.113.7 - ${here}`),
      xff("a hexadecimal IPv4-mapped address", "::FFFF:cb00:7107", `203.0.113.7 - ${here}`),
      xff("an IPv4-mapped proxy", "203.0.113.7, ::ffff:10.0.0.2", `203.0.113.7 - ${here}`),
      xff("a zone", "203.0.113.7, fe80::1%eth0", `203.0.113.7 - ${here}`),
      xff("empty elements", ", 203.0.113.7 ,,\t10.0.0.2 ,", `203.0.113.7 - ${here}`),
      {
        of: "an IPv4-mapped peer",
        peer: "::ffff:10.0.0.1",
        fields: ["X-Forwarded-For: 203.0.113.7"],
        is: `203.0.113.7 - ${here}`
      },
      {
        of: "a peer with a zone",
        peer: "fe80::1%eth0",
        fields: ["X-Forwarded-For: 203.0.113.7"],
        is: `203.0.113.7 - ${here}`
      },
      {
        of: "Forwarded beside it",
        fields: ["Forwarded: for=6.6.6.6;proto=https;host=evil.test"],
        is: `10.0.0.1 - ${here}`
      }
    ])
  )

  const malformed = [
    "unknown",
    "_hidden",
    "203.0.113",
    "203.0.113.256",
    "0203.0.113.7",
    "0x7f.0.0.1",
    "3405803783",
    "203.0.113.7:",
    "203.0.113.7:65536",
    "203.0.113.7:123456",
    "203.0.113.7%eth0",
    '"203.0.113.7"',
    "203.0.113.7 10.0.0.2",
    "[203.0.113.7]",
    "[2001:db8::7",
    "2001:db8::7]",
    "[2001:db8::7]x",
    "2001:db8::7::",
    "2001:db8:7",
    "1:2:3:4:5:6:7:8:9",
    "::1.2.3",
    "1.2.3.4::",
    "::ffff:203.0.113.7:80",
    "client.example",
    "%00",
    `${"1:".repeat(40)}1`
  ]
  it.effect.each(malformed)("of %s gives no address, and never an earlier address", (value) =>
    check({ from: ["10.0.0.0/8"] }, [
      xff("alone", value, `unknown - ${here}`),
      xff("behind a forged one", `6.6.6.6, ${value}, 10.0.0.2`, `unknown - ${here}`),
      xff("before the client", `${value}, 203.0.113.7`, `203.0.113.7 - ${here}`)
    ])
  )

  it.effect("is not read beyond `maxProxies` proxies", () => {
    const chain = (length: number) => Array.from({ length }, (_, i) => `10.0.1.${i}`).join()
    return Effect.zipRight(
      check({ from: ["10.0.0.0/8"], maxProxies: 3 }, [
        xff("three", `203.0.113.7,${chain(2)}`, `203.0.113.7 - ${here}`),
        xff("four", `203.0.113.7,${chain(3)}`, `unknown - ${here}`),
        xff("all trusted", chain(3), `10.0.1.0 - ${here}`)
      ]),
      check({ from: ["10.0.0.0/8"] }, [
        xff("sixteen", `203.0.113.7,${chain(15)}`, `203.0.113.7 - ${here}`),
        xff("seventeen", `203.0.113.7,${chain(16)}`, `unknown - ${here}`)
      ])
    )
  })
})

describe("X-Forwarded-Proto, -Host and -Port", () => {
  const client = "X-Forwarded-For: 203.0.113.7"
  const row = (of: string, fields: ReadonlyArray<string>, is: string): Row => ({
    of,
    fields: [client, ...fields],
    is: `203.0.113.7 - ${is}`
  })
  it.effect("are read only from trusted proxies", () =>
    check({ from: ["10.0.0.0/8"], fields: allX }, [
      {
        of: "another peer",
        peer: "192.0.2.1",
        fields: ["X-Forwarded-Proto: https", "X-Forwarded-Host: evil.test", "X-Forwarded-Port: 1"],
        is: `192.0.2.1 - ${here}`
      },
      row("https", ["X-Forwarded-Proto: https"], "https app.test"),
      row("upper case", ["X-Forwarded-Proto: HTTPS"], "https app.test"),
      row("a WebSocket", ["X-Forwarded-Proto: wss"], "https app.test"),
      row("another scheme", ["X-Forwarded-Proto: ftp"], "http app.test"),
      row("an inherited name", ["X-Forwarded-Proto: constructor"], "http app.test"),
      row("a forged scheme before", ["X-Forwarded-Proto: https, http"], "http app.test"),
      row("a host", ["X-Forwarded-Host: www.example"], "http www.example"),
      row("a host with a port", ["X-Forwarded-Host: www.example:8080"], "http www.example:8080"),
      row("a host that is none", ["X-Forwarded-Host: www.example/path"], "http app.test"),
      row("an empty host", ["X-Forwarded-Host: "], "http app.test"),
      row(
        "a forged host before",
        ["X-Forwarded-Host: evil.test", "X-Forwarded-Host: www.example"],
        "http www.example"
      ),
      row("a port", ["X-Forwarded-Port: 8443"], "http app.test:8443"),
      row("a default port", ["X-Forwarded-Proto: https", "X-Forwarded-Port: 443"], "https app.test"),
      row(
        "a port for a host with one",
        ["X-Forwarded-Host: [2001:db8::1]:80", "X-Forwarded-Port: 90"],
        "http [2001:db8::1]:90"
      ),
      row(
        "an IPv6 host without a port",
        ["X-Forwarded-Host: [2001:db8::1]", "X-Forwarded-Port: 90"],
        "http [2001:db8::1]:90"
      ),
      ...["0", "65536", "-1", "80a", "0x50", "080", ""].map((port) =>
        row(`the port ${port}`, [`X-Forwarded-Port: ${port}`], "http app.test")
      )
    ])
  )

  it.effect("are those of the outermost trusted proxy", () =>
    check({ from: ["10.0.0.0/8"], fields: allX }, [
      {
        of: "both proxies append",
        fields: ["X-Forwarded-For: 203.0.113.7, 10.0.0.2", "X-Forwarded-Proto: https, http"],
        is: "203.0.113.7 - https app.test"
      },
      {
        of: "a client's value before both",
        fields: ["X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.2", "X-Forwarded-Proto: https, http, https"],
        is: "203.0.113.7 - http app.test"
      },
      {
        of: "the inner proxy passes on",
        fields: ["X-Forwarded-For: 203.0.113.7, 10.0.0.2", "X-Forwarded-Proto: https"],
        is: "203.0.113.7 - https app.test"
      },
      {
        of: "of the proxy alone",
        fields: ["X-Forwarded-Proto: http, https"],
        is: "10.0.0.1 - https app.test"
      }
    ])
  )

  it.effect("are ignored unless the option names them", () =>
    check({ from: ["10.0.0.0/8"] }, [
      row("host and port", ["X-Forwarded-Host: evil.test", "X-Forwarded-Port: 1"], "http app.test"),
      row("the scheme", ["X-Forwarded-Proto: https"], "https app.test")
    ])
  )
})

describe("Forwarded", () => {
  const row = (of: string, value: string, is: string): Row => ({ of, fields: [`Forwarded: ${value}`], is })
  it.effect("is read from the right, by its grammar", () =>
    check({ from: ["10.0.0.0/8"], fields: ["forwarded"] }, [
      {
        of: "another peer",
        peer: "192.0.2.1",
        fields: ["Forwarded: for=6.6.6.6;proto=https"],
        is: `192.0.2.1 - ${here}`
      },
      row("an address", "for=203.0.113.7", `203.0.113.7 - ${here}`),
      row(
        "all",
        'For="[2001:DB8::7]:4711";Proto=HTTPS;host="www.example:8443";by=_x',
        "2001:db8::7 4711 https www.example:8443"
      ),
      row("an obfuscated port", 'for="203.0.113.7:_p"', `203.0.113.7 - ${here}`),
      row("quoted pairs", 'for="\\203.0.113.\\7"', `203.0.113.7 - ${here}`),
      row(
        "a comma and a semicolon in quotes",
        'x="a,b;for=6.6.6.6";for=203.0.113.7',
        `203.0.113.7 - ${here}`
      ),
      row("a forged element", "for=6.6.6.6;proto=https, for=203.0.113.7", `203.0.113.7 - ${here}`),
      row(
        "the outermost trusted element",
        "for=203.0.113.7;proto=https;host=www.example, for=10.0.0.2;host=inner",
        "203.0.113.7 - https www.example"
      ),
      row(
        "spaces and empty elements",
        ", for=203.0.113.7 ; proto=https ,, ,for=10.0.0.2;",
        "203.0.113.7 - https app.test"
      ),
      row("unknown", "for=unknown;proto=https", "unknown - https app.test"),
      row("an obfuscated identifier", "for=_SEVKISEK;proto=https", "unknown - https app.test"),
      row("no for", "proto=https;host=www.example", "unknown - https www.example"),
      row(
        "an invalid scheme and an invalid host",
        'for=203.0.113.7;proto=ftp;host="a/b"',
        `203.0.113.7 - ${here}`
      ),
      {
        of: "a malformed line before",
        fields: ['Forwarded: for="6.6.6.6', "Forwarded: for=203.0.113.7"],
        is: `203.0.113.7 - ${here}`
      },
      {
        of: "X-Forwarded-* beside it",
        fields: ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https"],
        is: `10.0.0.1 - ${here}`
      }
    ])
  )

  const malformed = [
    'for="6.6.6.6, for=203.0.113.7',
    "for=203.0.113.7;for=6.6.6.6",
    "for=[2001:db8::7]",
    "for=203.0.113.7:80",
    'for="203.0.113.7" x',
    "for 203.0.113.7",
    "for=",
    "=203.0.113.7",
    'for="203.0.113.7\\',
    "203.0.113.7"
  ]
  it.effect.each(malformed)("of %s gives no address", (value) =>
    check({ from: ["10.0.0.0/8"], fields: ["forwarded"] }, [row(value, value, `unknown - ${here}`)])
  )
})

it("A chain's client is the last entry that is not trusted", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.ipV4(), { maxLength: 5 }),
      fc.ipV4().filter((address) => !address.startsWith("10.")),
      fc.array(fc.nat(255), { maxLength: 5 }),
      (forged, client, hops) =>
        Effect.runPromise(
          check({ from: ["10.0.0.0/8"] }, [
            {
              of: "chain",
              fields: [
                `X-Forwarded-For: ${[...forged, client, ...hops.map((n) => `10.1.2.${n}`)].join(", ")}`
              ],
              is: `${client} - ${here}`
            }
          ])
        )
    ),
    { numRuns: 30 }
  ))

describe("What shows the client", () => {
  const fields = [
    "X-Forwarded-For: 6.6.6.6, 203.0.113.7",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: www.example",
    "X-Forwarded-Port: 8443"
  ]
  const trustedProxies = { from: ["10.0.0.0/8"], fields: allX }
  const app = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const { connection, rawHeaders } = yield* Exchange.exchange
    return HttpServerResponse.unsafeJson({
      remote: Option.getOrNull(request.remoteAddress),
      url: Option.getOrThrow(HttpServerRequest.toURL(request)).href,
      fields: Object.keys(request.headers).filter((name) => name.includes("forwarded")),
      raw: rawHeaders.filter((name) => name.startsWith("X-")).length,
      peer: connection.remote?._tag === "TcpAddress" && connection.remote.hostname
    })
  })
  const seen = {
    remote: "203.0.113.7",
    url: "https://www.example:8443/a?b",
    fields: ["x-forwarded-proto"],
    raw: 4,
    peer: "10.0.0.1"
  }

  it.effect("the request, also with platform's middleware", () =>
    served(
      app,
      Effect.map(from("10.0.0.1", fields, "/a?b"), (text) =>
        assert.deepStrictEqual(JSON.parse(bodyOf(text)), seen)
      ),
      { trustedProxies },
      HttpMiddleware.xForwardedHeaders
    )
  )

  it.effect("without the option, the request shows the peer", () =>
    served(
      app,
      Effect.map(from("10.0.0.1", fields), (text) =>
        assert.include(JSON.parse(bodyOf(text)) as object, { remote: "10.0.0.1", peer: "10.0.0.1" })
      )
    )
  )

  it.effect("a web handler, over TLS behind a proxy that speaks plain HTTP to its clients", () =>
    Effect.suspend(() => {
      const tls = MemoryTls.certificate({ names: "app.test" })
      return served(
        WebHandler.toHttpApp((request) => new Response(request.url)),
        Effect.gen(function* () {
          const { address } = yield* Server.Server
          const network = yield* Network.Network
          const plain = yield* network.connect(address, { localAddress: "10.0.0.1" })
          const secured = yield* network.secure(plain, {
            role: "client",
            serverName: "app.test"
          })
          const peer = yield* RawPeer.make(secured)
          yield* peer.send(
            "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\nX-Forwarded-Proto: http\r\n\r\n"
          )
          assert.include(yield* peer.rest, "http://app.test/")
        }),
        { trustedProxies, tls }
      )
    })
  )

  it.effect("the outcome and the access log", () => {
    const outcomes: Array<ExchangeOutcome.ExchangeOutcome> = []
    return served(
      Effect.zipRight(
        ExchangeOutcome.onEnd((outcome) => void outcomes.push(outcome)),
        app
      ),
      Effect.map(from("10.0.0.1", fields), () => {
        const [outcome] = outcomes
        assert.strictEqual(outcome!.client, "203.0.113.7")
        assert.match(AccessLog.formatCombined(outcome!), /^203\.0\.113\.7 - - /)
        assert.include(JSON.parse(AccessLog.formatJson(outcome!)) as object, { client: "203.0.113.7" })
      }),
      { trustedProxies }
    )
  })

  const refused: ReadonlyArray<
    [peer: string, options: Server.ServerOptions, bytes: string, client: string | undefined]
  > = [
    ["192.0.2.7", { trustedProxies }, "NOT HTTP\r\n\r\n", "192.0.2.7"],
    ["192.0.2.7", {}, "NOT HTTP\r\n\r\n", "192.0.2.7"],
    // The fields of a refused head are not read, so the client behind the proxy is unknown.
    ["10.0.0.1", { trustedProxies }, "NOT HTTP\r\n\r\n", undefined],
    [
      "10.0.0.1",
      { trustedProxies },
      "GET / HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1\r\n bad\x00\r\n\r\n",
      undefined
    ],
    ["10.0.0.1", {}, "NOT HTTP\r\n\r\n", "10.0.0.1"]
  ]
  for (const [peer, options, bytes, client] of refused)
    it.effect(
      `${JSON.stringify(bytes)} of ${peer} with ${Object.keys(options).join(", ")}: ${client}`,
      () => {
        const outcomes: Array<ExchangeOutcome.ExchangeOutcome> = []
        return served(
          app,
          Effect.gen(function* () {
            const server = yield* Server.Server
            yield* server.observe((event) => {
              if (event._tag === "ExchangeEnded") outcomes.push(event.outcome)
            })
            const raw = yield* RawPeer.make(yield* Network.connect(server.address, { localAddress: peer }))
            yield* raw.send(bytes)
            yield* raw.rest
            assert.deepStrictEqual(
              outcomes.map(({ client }) => client),
              [client]
            )
          }).pipe(Effect.scoped),
          options
        )
      }
    )

  it.effect("an absolute target, whose host counts instead of Host", () =>
    served(
      show,
      Effect.map(from("10.0.0.1", ["X-Forwarded-For: 203.0.113.7"], "http://target.test/x"), (text) =>
        assert.strictEqual(bodyOf(text), "203.0.113.7 - http target.test")
      ),
      { trustedProxies }
    )
  )
})

it.live("Peers on a socket of the loopback interface and on a Unix socket are trusted by name", () => {
  const path = `/tmp/httpfx-trusted-${process.pid}.sock`
  const client = (options: Parameters<typeof Server.layer>[0]) =>
    Effect.gen(function* () {
      const { address, httpServer } = yield* Server.Server
      yield* httpServer.serve(show)
      const peer = yield* RawPeer.connect(address)
      yield* peer.send(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n"
      )
      return bodyOf(yield* peer.rest)
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Server.layer(options), NodeNetwork.layer)))
  return Effect.gen(function* () {
    const loopback = { port: 0, host: "127.0.0.1", trustedProxies: ["loopback"] }
    assert.strictEqual(yield* client(loopback), "203.0.113.7 - http a")
    assert.strictEqual(yield* client({ path, trustedProxies: ["unix"] }), "203.0.113.7 - http a")
    assert.strictEqual(yield* client({ path, trustedProxies: ["loopback"] }), "unknown - http a")
  })
})
