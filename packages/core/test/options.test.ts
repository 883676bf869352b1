// Passes invalid values to every option of servers, timeouts, exchanges, agents, clients, requests and
// retries. Creation must fail and name the option, and must not convert the value (a negative time to 0, for
// example).
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Agent, Client, Exchange, HttpError, Retry, Server, ServerTimeouts, type Network } from "@httpfx/core"
import { defaultLimits, presets } from "@httpfx/core/wire"
import { MemoryNetwork, MemoryTls } from "@httpfx/testing"

const counts = [-1, 1.5, NaN, Infinity, "many", 2 ** 60]
const limits = [-1, 1.5, NaN, "many", "5"]
const positive = [0, ...limits]
const times = [-1, NaN, -1n, "-5 seconds", "soon", "5", [1, -2], true, {}]
const finite = [...times, Infinity, Duration.infinity]
const switches = ["yes", 1, null]
const lists = ["a", [1], 5]

const server: {
  readonly [K in keyof Required<Server.ServerOptions>]: ReadonlyArray<unknown>
} = {
  tls: [
    { handshakeTimeout: -1 },
    { requestCert: "no" },
    { rejectUnauthorized: 1 },
    { alpn: "h2" },
    { ticketKeys: new Uint8Array(47) },
    { ticketKeys: "k".repeat(48) },
    { sessionIdContext: 1 },
    { sessionTimeout: -1 },
    { sessionTimeout: Infinity },
    { honorCipherOrder: "yes" },
    { dhparam: true },
    { dhparam: "none" }
  ],
  allowHalfOpen: switches,
  flags: ["strict", { repeatedHost: 1 }, { repeatHost: true }, null],
  insecureHTTPParser: switches,
  requireHostHeader: switches,
  limits: [
    ...Object.keys(defaultLimits).flatMap((name) => counts.map((value) => ({ [name]: value }))),
    16_384
  ],
  maxRequestsPerSocket: counts,
  maxConnections: counts,
  maxConnectionsPerAddress: counts,
  maxConcurrentRequests: counts,
  maxQueuedRequests: counts,
  requestQueueTimeout: finite,
  whenFull: ["wait", "Answer", "", 1],
  retryAfter: finite,
  maxBodySize: [-1, -1n, 1.5, NaN, Infinity, "1MB"],
  highWaterMark: counts,
  joinDuplicateHeaders: switches,
  uniqueHeaders: lists,
  rejectNonStandardBodyWrites: switches,
  strictContentLength: [false, ...switches],
  sendDate: switches,
  noDelay: switches,
  keepAlive: switches,
  keepAliveInitialDelay: finite,
  onClientError: ["answer", true],
  unknownExpectations: ["ignore", "", 1],
  trustedProxies: [
    ...[
      "10.0.0.0/33",
      "10.0.0.256",
      "010.0.0.1",
      "10.1",
      "::1/129",
      "1::2::3",
      "fe80::1%eth0",
      "proxy.example",
      ""
    ],
    ...["10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/1e1", "constructor"]
  ]
    .map((entry): unknown => [entry])
    .concat([
      "loopback",
      5,
      {},
      [1],
      { from: "loopback" },
      { from: [], maxProxies: 0 },
      { from: [], fields: ["x-real-ip"] },
      { from: [], fields: ["forwarded", "x-forwarded-for"] }
    ]),
  lameDuckPeriod: finite,
  idleConnectionGrace: times,
  gracefulShutdownTimeout: times,
  webSocketsAtDrain: ["closed", "", true]
}

const timeouts: { readonly [K in keyof Required<ServerTimeouts.Options>]: ReadonlyArray<unknown> } = {
  headersTimeout: [...times, "10 minutes"],
  requestTimeout: times,
  timeout: times,
  progressTimeout: times,
  progressBytes: [0, ...counts],
  keepAliveTimeout: times,
  keepAliveTimeoutBuffer: finite,
  connectionsCheckingInterval: [...finite, 0]
}

const agent: { readonly [K in keyof Required<Agent.Options>]: ReadonlyArray<unknown> } = {
  keepAlive: switches,
  keepAliveMsecs: finite,
  maxSockets: positive,
  maxTotalSockets: positive,
  maxFreeSockets: limits,
  scheduling: ["random", "LIFO", ""],
  timeout: times,
  idleTimeout: times,
  keepAliveTimeoutBuffer: times,
  maxAge: times,
  maxAgeJitter: [-0.1, 1.1, NaN, "0.5"],
  tls: [5, { rejectUnauthorized: "no" }, { alpn: "h2" }, { pfx: "x" }, { ca: 5 }, { requireCloseNotify: 1 }],
  maxCachedSessions: limits,
  flags: server.flags,
  limits: server.limits
}

const waits = ["queue", "resolve", "connect", "secure", "send", "head", "body", "total"] as const
const client: { readonly [K in keyof Required<Client.ClientOptions>]: ReadonlyArray<unknown> } = {
  timeouts: [...waits.flatMap((name) => times.map((value) => ({ [name]: value }))), "5 seconds"],
  unreadTimeout: times,
  proxy: ["http://proxy.test:1/", { http: 5 }, { https: {} }, { noProxy: ["a.test"] }]
}

const words = [5, true, {}]
const request: { readonly [K in keyof Required<Client.RequestOptions>]?: ReadonlyArray<unknown> } = {
  timeouts: client.timeouts,
  unreadTimeout: times,
  proxy: client.proxy,
  connection: [
    ...[-1, 1.5, NaN, 65_536, "80"].map((localPort) => ({ localPort })),
    ...[5, "4", 0].map((family) => ({ family })),
    ...counts.map((hints) => ({ hints })),
    ...words.map((localAddress) => ({ localAddress })),
    ...words.map((socketPath) => ({ socketPath })),
    ...switches.map((noDelay) => ({ noDelay })),
    ...[-1, NaN, "250"].map((attemptDelay) => ({ attemptDelay })),
    { lookup: "127.0.0.1" },
    { createConnection: true },
    { tls: { rejectUnauthorized: "no" } },
    "/run/app.sock"
  ],
  parser: [...counts.map((maxHeaderSize) => ({ maxHeaderSize })), { insecureHTTPParser: 1 }, true],
  expectContinue: switches,
  continueTimeout: times,
  earlyAnswer: ["Stop", "", true],
  joinDuplicateHeaders: switches,
  onInformational: ["told", true]
}

const retry: { readonly [K in keyof Required<Retry.Options>]: ReadonlyArray<unknown> } = {
  times: limits,
  base: times,
  cap: times,
  maxRetryAfter: times,
  statuses: [503, ["503"], [99], [1000], [50.5]],
  methods: lists,
  budgetRatio: [-1, NaN, "0.1"],
  budgetPerSecond: [-1, NaN, "1"],
  budgetBurst: [-1, NaN, "10"],
  onRetry: ["told", true],
  onStop: ["told", true]
}

const exchange: { readonly [K in keyof Required<ServerTimeouts.ExchangeOptions>]: ReadonlyArray<unknown> } = {
  requestTimeout: times,
  timeout: times,
  progressTimeout: times,
  progressBytes: [0, ...counts]
}

/** Runs `Exchange.setTimeouts` in a handler, and returns its result. */
const inHandler = (options: object) =>
  Effect.gen(function* () {
    const told = yield* Deferred.make<void, unknown>()
    const app = Effect.as(
      Effect.intoDeferred(Exchange.setTimeouts(options), told),
      HttpServerResponse.empty()
    )
    yield* Layer.build(Layer.provide(HttpServer.serve(app), Server.layer({ port: 80, host: "a.test" })))
    yield* Effect.provide(Client.request({ url: "http://a.test/" }), Layer.orDie(Client.layer))
    yield* Deferred.await(told)
  })

type Making = (options: object) => Effect.Effect<unknown, unknown, Network.Network | Scope.Scope>
const certificate = MemoryTls.authority("CA").certificate({ names: "a.test" })

/** Returns the error of a creation in which one option has this value. */
const refusal = (make: Making, option: string, value: unknown) =>
  make({ [option]: value }).pipe(
    Effect.flip,
    Effect.map((error) => (error instanceof HttpServerError.ServeError ? error.cause : error)),
    Effect.scoped,
    Effect.provide(MemoryNetwork.layer())
  )

const cases: ReadonlyArray<readonly [string, Making, Readonly<Record<string, ReadonlyArray<unknown>>>]> = [
  [
    "a server",
    ({ tls, ...options }: { readonly tls?: object }) =>
      Server.make({ port: 80, ...(tls && { tls: { ...certificate, ...tls } }), ...options }),
    server
  ],
  ["timeouts", (options) => Layer.build(ServerTimeouts.layer(options)), timeouts],
  ["the timeouts of an exchange", inHandler, exchange],
  ["a retry policy", (options) => Retry.make(options), retry],
  ["an agent", (options) => Layer.build(Agent.layer(options)), agent],
  ["a client", (options) => Layer.build(Client.layerWith(options)), { ...agent, ...client }],
  [
    "a client over an agent",
    (options) => Layer.build(Layer.provide(Client.layerAgent(options), Layer.orDie(Agent.layer()))),
    client
  ],
  [
    "a request",
    (options) =>
      Effect.provide(Client.request({ url: "http://a.test/", ...options }), Layer.orDie(Client.layer)),
    request
  ],
  [
    "a request of platform's",
    (options) =>
      HttpClient.get("http://a.test/").pipe(
        Client.withRequestOptions(options),
        Effect.mapError(({ cause }) => cause),
        Effect.scoped,
        Effect.provide(Client.layer)
      ),
    request
  ]
]

describe.each(cases)("An invalid option of %s", (_, make, options) => {
  it.live.each(Object.keys(options))("is refused by its name: %s", (option) =>
    Effect.forEach(options[option]!, (value) =>
      Effect.map(refusal(make, option, value), (error) => {
        expect(error, `${option}: ${Inspectable.toStringUnknown(value)}`).toBeInstanceOf(
          HttpError.InvalidOption
        )
        const { code, message, option: named } = error as HttpError.InvalidOption
        expect(named.split(".")[0]).toBe(option)
        expect(code).toMatch(/^ERR_(OUT_OF_RANGE|INVALID_ARG_VALUE)$/)
        expect(message).toMatch(/^The (value of|option) "[\w.]+" .* Received ./)
      })
    )
  )
})

describe("The error of an option never shows a secret", () => {
  const secret = "s3cret"
  const bytes = new TextEncoder().encode(secret)
  const url = `http://user:${secret}@proxy.test/`
  const tls: Readonly<Record<string, ReadonlyArray<unknown>>> = {
    key: [[secret], { pem: secret }],
    passphrase: [{ secret }, [secret]],
    pfx: [secret, [secret]],
    ticketKeys: [secret, bytes, [secret]],
    session: [secret, { secret }]
  }
  const wrong = Object.entries(tls).flatMap(([name, values]) =>
    values.map((value): readonly [string, object] => [`tls.${name}`, { tls: { [name]: value } }])
  )
  const proxies: ReadonlyArray<readonly [string, object]> = [
    ["proxy", { proxy: url }],
    ["proxy.http", { proxy: { http: { address: url } } }],
    ["proxy.https", { proxy: { https: [url] } }]
  ]
  const shown = (error: unknown) => `${String(error)} ${JSON.stringify(error)} ${Inspectable.format(error)}`
  const [[, aServer]] = cases as readonly [(typeof cases)[number]]
  const rows = [
    ...wrong.map(([option, options]) => ["a server", option, aServer, options] as const),
    ...[...wrong, ...proxies].map(
      ([option, options]) =>
        ["a client", option, (given: object) => Layer.build(Client.layerWith(given)), options] as const
    )
  ]

  it.live.each(rows)("%s: %s", ([, option, make, options]) =>
    make(options).pipe(
      Effect.flip,
      Effect.map((error) => {
        const cause = error instanceof HttpServerError.ServeError ? error.cause : error
        expect(cause).toMatchObject({ _tag: "InvalidOption", option })
        expect(shown(error) + shown(cause)).not.toMatch(/s3cret|115, ?51|115,\s+51/)
      }),
      Effect.scoped,
      Effect.provide(MemoryNetwork.layer())
    )
  )
})

describe("A valid option", () => {
  const accepted = (make: Making, options: object) =>
    make(options).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()), Effect.asVoid)
  const named = (name: string) => cases.find(([known]) => known === name)!
  const [aServer, someTimeouts, aClient] = ["a server", "timeouts", "a client"].map(
    (name) => named(name)[1]
  ) as [Making, Making, Making]

  it.live.each<readonly [string, Making, object]>([
    [
      "zeros and infinities that switch a timeout off",
      someTimeouts,
      {
        requestTimeout: Infinity,
        timeout: 0,
        progressTimeout: Duration.infinity,
        keepAliveTimeout: "0 seconds"
      }
    ],
    [
      "each form of a duration",
      aServer,
      {
        retryAfter: 500,
        lameDuckPeriod: [0, 5],
        gracefulShutdownTimeout: 5n,
        keepAliveInitialDelay: "1 second"
      }
    ],
    ["sizes and limits", aServer, { maxBodySize: 5n, maxConnections: 0, limits: { maxHeaderCount: 0 } }],
    ["words", aServer, { whenFull: "reset", unknownExpectations: "handle", flags: { ...presets.node } }],
    ["undefined", aServer, Object.fromEntries(Object.keys(server).map((name) => [name, undefined]))],
    [
      "zeros and infinities as limits of a client",
      aClient,
      { maxSockets: Infinity, maxFreeSockets: 0, maxAgeJitter: 0, maxAge: Infinity }
    ]
  ])("is taken: %s", ([, make, options]) => accepted(make, options))
})
