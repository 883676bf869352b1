/**
 * Redaction of secrets. User and password of a URL, and credentials in fields, must never appear in spans,
 * errors or log lines.
 */
import {
  type HttpApp,
  HttpClient,
  HttpClientRequest,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Tracer from "effect/Tracer"
import { AccessLog, Client, Server } from "@httpfx/core"
import { presets } from "@httpfx/core/wire"
import { MemoryNetwork, RawPeer, TestServer } from "@httpfx/testing"
import { redactUrlsWithin, redactUserinfo, withoutUserinfo } from "../src/model/urlSecrets.js"

/** For each text, the expected results of `withoutUserinfo` and of `redactUserinfo`. */
const urls: Readonly<Record<string, readonly [without: string, redacted: string]>> = {
  "http://host/path?q=a@b": ["http://host/path?q=a@b", "http://host/path?q=a@b"],
  "http://uSer:pAss@host/": ["http://host/", "http://REDACTED:REDACTED@host/"],
  "http://uSer@host/x#y": ["http://host/x#y", "http://REDACTED:REDACTED@host/x#y"],
  "http://:pAss@host/": ["http://host/", "http://REDACTED:REDACTED@host/"],
  "HTTPS://uSer:p%40Ass@host:8443": ["https://host:8443/", "https://REDACTED:REDACTED@host:8443/"],
  "http:\\\\uSer:pAss@host": ["http://host/", "http://REDACTED:REDACTED@host/"],
  // Texts that `new URL` rejects.
  "http://uSer:pAss@host:99999/": ["http://host:99999/", "http://REDACTED:REDACTED@host:99999/"],
  "http://uSer:pAss@[::1/": ["http://[::1/", "http://REDACTED:REDACTED@[::1/"],
  "http://uSer:pA/ss@host/": ["http://host/", "http://REDACTED:REDACTED@host/"],
  "http://uSer:pA@ss@ho st/": ["http://ho st/", "http://REDACTED:REDACTED@ho st/"],
  "//uSer:pAss@host/": ["//host/", "//REDACTED:REDACTED@host/"],
  "uSer:pAss@host:80": ["host:80", "REDACTED:REDACTED@host:80"],
  // Paths and `*`, which contain no user.
  "/users/a@b": ["/users/a@b", "/users/a@b"],
  "*": ["*", "*"]
}
const secret = /uSer|pA|ss@|c2VjcmV0/

describe("user and password of a URL", () => {
  it.each(Object.entries(urls))("%s", (url, [without, redacted]) => {
    assert.strictEqual(withoutUserinfo(url), without)
    assert.strictEqual(redactUserinfo(url), redacted)
  })

  it("within a field's value", () => {
    assert.strictEqual(
      redactUrlsWithin('<http://u:p@a/>; rel="x@y", <//u@b/c@d>, mail@example.org'),
      '<http://REDACTED:REDACTED@a/>; rel="x@y", <//REDACTED:REDACTED@b/c@d>, mail@example.org'
    )
  })
})

const unparsable = Object.keys(urls).filter((url) => secret.test(url) && !URL.canParse(url))

describe("The error of a URL that cannot be requested", () => {
  const seen = (exit: Exit.Exit<unknown, unknown>) => {
    assert.isTrue(Exit.isFailure(exit))
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    const text = [
      String(error),
      JSON.stringify(error),
      Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
    ].join("\n")
    const { cause } = error as { readonly cause?: { readonly input?: unknown } }
    return `${text}\n${JSON.stringify(cause)} ${String(cause?.input)}`
  }
  const world = Layer.provideMerge(Client.layer, MemoryNetwork.layer())

  it.effect.each([...unparsable, "ftp://uSer:pAss@host/"])("%s", (url) =>
    Effect.gen(function* () {
      assert.notMatch(seen(yield* Effect.exit(Client.request({ url }))), secret)
      assert.notMatch(seen(yield* Effect.exit(HttpClient.get(url))), secret)
      const traced = Effect.withSpan(HttpClient.get(url), "outer")
      assert.notMatch(seen(yield* Effect.exit(traced)), secret)
    }).pipe(Effect.provide(world))
  )

  it.effect("of a URL on which nobody listens", () =>
    Effect.gen(function* () {
      const url = "http://uSer:pAss@nowhere.test/"
      assert.notMatch(seen(yield* Effect.exit(Client.request({ url }))), secret)
      assert.notMatch(seen(yield* Effect.exit(HttpClient.get(url))), secret)
    }).pipe(Effect.provide(world))
  )

  it.effect("of a proxy", () =>
    Effect.gen(function* () {
      for (const proxy of [
        "http://uSer:pAss@[::1",
        "ftp://uSer:pAss@host/",
        "http://uSer:pAss@nowhere.test/"
      ]) {
        const client = yield* Client.make({ proxy: { http: proxy, https: proxy } })
        assert.notMatch(seen(yield* Effect.exit(client.request({ url: "http://a.test/" }))), secret)
        assert.notMatch(seen(yield* Effect.exit(client.httpClient.get("https://a.test/"))), secret)
      }
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})

/** Creates a tracer that records everything it receives in `told`. */
const tracerInto = (told: Array<readonly [kind: string, name: string, value: string]>) =>
  Tracer.make({
    context: (f) => f(),
    span: (name, parent, context, links, startTime, kind) => ({
      _tag: "Span",
      spanId: "s",
      traceId: "t",
      sampled: true,
      attributes: new Map(),
      status: { _tag: "Started", startTime },
      ...{ name, parent, context, links, kind },
      end() {},
      event() {},
      addLinks() {},
      attribute: (key, value) => void told.push([kind, key, String(value)])
    })
  })

const app = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) =>
  url.startsWith("/fail")
    ? HttpServerResponse.empty({ status: 500 })
    : HttpServerResponse.text("x", {
        headers: { location: "http://uSer:pAss@b.test/", "set-cookie": "a=c2VjcmV0", "x-kept": "kept" }
      })
)

describe("A span", () => {
  it.effect("of a client and of a server has no credentials", () => {
    const told: Array<readonly [string, string, string]> = []
    return Effect.gen(function* () {
      const request = HttpClientRequest.get(
        "http://uSer:pAss@server.test/a?Signature=pAss&b=1&sig=pAss"
      ).pipe(
        HttpClientRequest.setHeaders({
          authorization: "Basic c2VjcmV0",
          "proxy-authorization": "Basic c2VjcmV0",
          cookie: "a=c2VjcmV0",
          "x-api-key": "c2VjcmV0",
          referer: "http://uSer:pAss@a.test/",
          "x-kept": "kept"
        })
      )
      yield* HttpClient.execute(request)
      const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
      yield* peer.send(
        "GET http://uSer:pAss@server.test/abs HTTP/1.1\r\nHost: server.test\r\nConnection: close\r\n\r\n"
      )
      yield* peer.rest
      assert.deepStrictEqual(
        told.filter(([, , value]) => secret.test(value)),
        []
      )
      const of = (wanted: string, key: string) =>
        told.find(([kind, name]) => kind === wanted && name === key)?.[2]
      assert.strictEqual(
        of("client", "url.full"),
        "http://REDACTED:REDACTED@server.test/a?Signature=REDACTED&b=1&sig=REDACTED"
      )
      assert.strictEqual(of("server", "url.query"), "Signature=REDACTED&b=1&sig=REDACTED")
      for (const kind of ["client", "server"]) {
        assert.strictEqual(of(kind, "http.request.header.proxy-authorization"), "<redacted>")
        assert.strictEqual(of(kind, "http.request.header.referer"), "http://REDACTED:REDACTED@a.test/")
        assert.strictEqual(of(kind, "http.response.header.location"), "http://REDACTED:REDACTED@b.test/")
        assert.strictEqual(of(kind, "http.request.header.x-kept"), "kept")
      }
    }).pipe(
      Effect.scoped,
      Effect.provide(TestServer.serve(app, { server: { flags: presets.insecure } })),
      Effect.withTracer(tracerInto(told))
    )
  })
})

const serving = (app: HttpApp.Default<never, never>) =>
  AccessLog.layer().pipe(
    Layer.merge(HttpServer.serve(app)),
    Layer.provideMerge(
      Server.layer({ host: "server.test", port: 80, idleConnectionGrace: 0, flags: presets.insecure })
    ),
    Layer.provideMerge(MemoryNetwork.layer())
  )

describe("A log line", () => {
  it.effect("has no user and no password of a target", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ annotations, message }) =>
      lines.push(`${String(message)} ${JSON.stringify([...annotations])}`)
    )
    const failing = Effect.die("broken")
    return Effect.gen(function* () {
      const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
      yield* peer.send(
        "GET http://uSer:pAss@server.test/x HTTP/1.1\r\nHost: server.test\r\nConnection: close\r\n\r\n"
      )
      yield* peer.rest
      yield* Effect.repeatN(Effect.yieldNow(), 100)
      assert.deepStrictEqual(
        lines.filter((line) => line.includes("server.test/x")).length,
        2,
        lines.join("\n")
      )
      assert.notMatch(lines.join("\n"), secret)
    }).pipe(
      Effect.scoped,
      Effect.provide(serving(failing)),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
  })
})
