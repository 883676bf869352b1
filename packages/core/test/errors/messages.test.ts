// Compares the messages of all errors and of refused options with messages.md, which is meant to be read.
// After an intended change of a message, run vitest with `-u` and read the difference.
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import {
  AccessLog,
  Agent,
  AgentMetrics,
  Client,
  Exchange,
  type HttpError,
  type Network,
  ProxyProtocol,
  RateLimit,
  RequestId,
  Retry,
  Server,
  ServerMetrics,
  ServerRateLimit,
  ServerTimeouts
} from "@httpfx/core"
import { MemoryNetwork, MemoryTls } from "@httpfx/testing"
import { samples } from "../support/errorSamples.js"

type Making = (options: never) => Effect.Effect<unknown, unknown, Network.Network | Scope.Scope>

const making: Readonly<Record<string, Making>> = {
  "Server.layer": (options) => Layer.build(Server.layer(options)),
  "ServerTimeouts.layer": (options) => Layer.build(ServerTimeouts.layer(options)),
  "Agent.layer": (options) => Layer.build(Agent.layer(options)),
  "Client.layerWith": (options) => Layer.build(Client.layerWith(options)),
  "Client.layerAgent": (options) =>
    Layer.build(Layer.provide(Client.layerAgent(options), Layer.orDie(Agent.layer()))),
  "Client.request": (request) => Effect.provide(Client.request(request), Layer.orDie(Client.layer)),
  "Client.withRequestOptions": (options) =>
    Effect.provide(
      Client.withRequestOptions(HttpClient.get("http://a.test/"), options),
      Layer.orDie(Client.layer)
    ),
  "Retry.make": (options) => Retry.make(options),
  "ServerMetrics.layerWith": (options) =>
    Layer.build(Layer.provide(ServerMetrics.layerWith(options), Server.layer({ port: 80 }))),
  "AccessLog.layer": (options) =>
    Layer.build(Layer.provide(AccessLog.layer(options), Server.layer({ port: 80 }))),
  "ProxyProtocol.layer": (options) => Layer.build(ProxyProtocol.layer(options)),
  "RateLimit.make": (options) => RateLimit.make(options),
  "RequestId.middleware": (options) => RequestId.middleware(options)(Effect.die("not run")) as never,
  "ServerRateLimit.memory": (options) => ServerRateLimit.memory(options),
  "AgentMetrics.layer": (options) =>
    Layer.build(Layer.provide(AgentMetrics.layer(options), Layer.orDie(Agent.layer())))
}

const certificate = MemoryTls.authority("CA").certificate({ names: "a.test" })
const url = "http://a.test/"

/** Mistakes of new users: the function and its argument. */
const mistakes: ReadonlyArray<readonly [to: string, options: unknown]> = [
  // A value that is not a record.
  ["Server.layer", 3000],
  ["ServerTimeouts.layer", "5 seconds"],
  ["Client.layerWith", null],
  ["Retry.make", 3],
  // An option that does not exist.
  ["AccessLog.layer", { format: "json" }],
  ["ProxyProtocol.layer", { from: ["loopback"], trusted: true }],
  ["RateLimit.make", { perSecond: 3 }],
  ["RequestId.middleware", { header: "x-id" }],
  ["RequestId.middleware", { field: "x id" }],
  ["ServerRateLimit.memory", { requests: 1, limit: 2 }],
  // An option that belongs to another record.
  ["Server.layer", { port: 80, keepAliveTimeout: 5000 }],
  ["Server.layer", { port: 80, requestTimeout: "1 minute" }],
  ["Server.layer", { port: 80, maxHeaderSize: 16_384 }],
  ["Server.layer", { port: 80, key: "-----BEGIN PRIVATE KEY-----", cert: "..." }],
  ["Server.layer", { port: 80, maxSockets: 5 }],
  ["ServerTimeouts.layer", { maxConnections: 100 }],
  ["ServerTimeouts.layer", { gracefulShutdownTimeout: "5 seconds" }],
  ["Agent.layer", { ca: "-----BEGIN CERTIFICATE-----" }],
  ["Agent.layer", { rejectUnauthorized: false }],
  ["Agent.layer", { proxy: { http: "http://proxy.test/" } }],
  ["Agent.layer", { timeouts: { head: 5 } }],
  ["Client.layerWith", { connect: "5 seconds" }],
  ["Client.layerWith", { headers: { "x-key": "s3cret" } }],
  ["Client.layerAgent", { maxSockets: 5 }],
  ["Client.request", { url, maxSockets: 5 }],
  ["Client.request", { url, localAddress: "127.0.0.1" }],
  ["Retry.make", { timeouts: {} }],
  // A misspelled option.
  ["Server.layer", { port: 80, maxConnection: 5 }],
  ["Server.layer", { port: 80, graceFulShutdownTimeout: 5 }],
  ["Server.layer", { prot: 80 }],
  ["Server.layer", { port: 80, limits: { maxHeadersSize: 5 } }],
  ["Server.layer", { port: 80, tls: { ...certificate, cipher: "x" } }],
  ["ServerTimeouts.layer", { headerTimeout: 5 }],
  ["Agent.layer", { maxSocket: 5 }],
  ["Client.layerWith", { timeouts: { conect: 5 } }],
  ["Client.request", { url, mehtod: "GET" }],
  ["Client.request", { url, timeouts: { haed: 5 } }],
  ["Client.request", { url, parser: { maxHeadersSize: 5 } }],
  ["Client.withRequestOptions", { timeout: 5 }],
  ["Retry.make", { time: 3 }],
  ["ServerMetrics.layerWith", { conections: true }],
  ["AgentMetrics.layer", { step: true }],
  // An option of Node.js or another library.
  ["Server.layer", { port: 80, hostname: "localhost" }],
  ["Server.layer", { port: 80, tls: { ...certificate, ALPNProtocols: ["http/1.1"] } }],
  ["Client.layerWith", { retries: 3 }],
  ["Client.layerWith", { baseUrl: url }],
  ["Client.layerWith", { followRedirects: true }],
  ["Client.request", { url, query: { a: 1 } }],
  ["Client.request", { url, json: {} }],
  ["Client.request", { url, signal: new AbortController().signal }],
  // An option that does not exist.
  ["Server.layer", { port: 80, flavour: "vanilla" }],
  // A wrong value.
  ["Server.layer", { port: 80, maxBodySize: "1MB" }],
  ["Server.layer", { port: 80, whenFull: "wait" }],
  ["Server.layer", { port: 80, trustedProxies: ["10.0.0.0/33"] }],
  ["Server.layer", { port: 80, insecureHTTPParser: true, flags: {} }],
  ["ServerTimeouts.layer", { requestTimeout: "soon" }],
  ["ServerTimeouts.layer", { headersTimeout: 5000, requestTimeout: 1000 }],
  ["Agent.layer", { tls: { ca: 5 } }],
  ["Client.request", { url, connection: { tls: { servername: "a.test" } } }],
  ["Client.request", { url: "https://a.test/", connection: { tls: { servername: "a.test" } } }],
  ["Client.request", { url, connection: { host: "a.test" } }],
  // An invalid URL.
  ["Client.request", {}],
  ["Client.request", url],
  ["Client.request", { url: "/users" }],
  ["Client.request", { url: "a.test/users" }],
  ["Client.request", { url: "http://user:s3cret@a test/" }],
  ["Client.request", { url: "ftp://user:s3cret@a.test/" }],
  ["Client.request", { url: "http://[fe80::1%25eth0]/" }],
  ["Client.request", { url: { host: "a b" } }]
]

const failureOf = ([to, options]: (typeof mistakes)[number]) =>
  making[to]!(options as never).pipe(
    // A function that cannot fail dies with the error.
    Effect.catchAllDefect(Effect.fail),
    Effect.flip,
    Effect.map((error) => (error instanceof HttpServerError.ServeError ? error.cause : error) as Error),
    Effect.scoped,
    Effect.provide(MemoryNetwork.layer())
  )

const shown = (options: unknown) =>
  options instanceof Object && "tls" in options
    ? JSON.stringify({ ...options, tls: { ...(options.tls as object), cert: "...", key: "..." } })
    : (JSON.stringify(options) ?? "undefined")

/** Returns the message of an upgrade on a server without WebSocket framing. */
const upgradeWithoutFraming = Effect.gen(function* () {
  const app = Effect.as(
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => request.upgrade),
    HttpServerResponse.empty()
  ).pipe(Effect.catchAll((error) => HttpServerResponse.text(error.message)))
  const world = HttpServer.serve(app).pipe(Layer.provideMerge(Server.layer({ port: 80, host: "a.test" })))
  const response = yield* Client.request({ url }).pipe(
    Effect.provide(Layer.merge(Layer.orDie(Client.layer), Layer.provideMerge(world, Layer.empty)))
  )
  return yield* response.text
}).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()))

describe("messages", () => {
  it.live("are the same as in messages.md", () =>
    Effect.gen(function* () {
      const lines = [
        "# Messages",
        "",
        "Written by `messages.test.ts`, to be read: each says what was wrong, the value, and what to do.",
        "",
        "## Wrong options",
        ""
      ]
      for (const mistake of mistakes) {
        const { message } = yield* failureOf(mistake)
        expect(message).not.toContain("s3cret")
        expect(message).not.toContain("BEGIN")
        lines.push(`    ${mistake[0]}(${shown(mistake[1])})`, `    ${message}`, "")
      }
      lines.push("## Servers", "", `    ${yield* upgradeWithoutFraming}`, "")
      lines.push("## Errors, by class", "")
      for (const [name, error] of samples) lines.push(`    ${name}: ${error.message}`)
      const text = lines.join("\n") + "\n"
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("./messages.md"))
    })
  )

  it.live.each(mistakes.map((mistake) => mistake))(
    "of refused options come without stack frames of the library: %s %j",
    (mistake) =>
      Effect.map(failureOf(mistake), (error) => {
        // The stack may have frames of the caller, but none of this library.
        expect(error.stack ?? "").not.toMatch(/\n +at .*packages\/core\/src/)
      })
  )

  it.live("of a misspelled timeout of an exchange name the right option", () =>
    Effect.gen(function* () {
      const app = Effect.as(
        Exchange.setTimeouts({ requestTimeOut: 5 } as never),
        HttpServerResponse.empty()
      ).pipe(Effect.catchAll((error: HttpError.InvalidOption) => HttpServerResponse.text(error.message)))
      const world = HttpServer.serve(app).pipe(Layer.provideMerge(Server.layer({ port: 80, host: "a.test" })))
      yield* Layer.build(world)
      const response = yield* Effect.provide(Client.request({ url }), Layer.orDie(Client.layer))
      expect(yield* response.text).toContain('did you mean "requestTimeout"?')
    }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()))
  )
})
