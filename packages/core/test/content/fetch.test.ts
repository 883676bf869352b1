/**
 * `FetchClient` on the network in memory, with one test for each row of the table in docs/client-features.md.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { Client, FetchClient, HttpError, type Network, Server } from "@httpfx/core"
import * as CookieJar from "@httpfx/core/CookieJar"
import { NodeDecompression } from "@httpfx/node"
import { MemoryNetwork, Quiet, RawPeer } from "@httpfx/testing"

interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}
type Fetch = typeof globalThis.fetch

/**
 * Starts a server that responds with the request that it got, as JSON. The path `/to/STATUS` sets the status.
 */
const serving = Effect.gen(function* () {
  const app = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const asked = {
      method: request.method,
      url: request.url,
      headers: request.headers,
      text: yield* request.text
    }
    const status = Number(/^\/to\/(\d+)/.exec(request.url)?.[1] ?? 200)
    const headers = { "x-two": "1", location: "/end", ...(status === 200 ? { "set-cookie": "a=1" } : {}) }
    return status === 204 || status === 304
      ? HttpServerResponse.empty({ status, headers })
      : HttpServerResponse.unsafeJson(asked, { status, headers })
  })
  for (const host of ["a.test", "b.test"]) {
    const server = yield* Server.make({ host, port: 80, idleConnectionGrace: 0 })
    yield* server.httpServer.serve(Effect.orDie(app))
  }
})

const world = Layer.provideMerge(Client.layer, MemoryNetwork.layer())
const run = <A, E>(
  test: (
    fetch: Fetch
  ) => Effect.Effect<A, E, Client.Client | HttpClient.HttpClient | Network.Network | Scope.Scope>
) =>
  Effect.gen(function* () {
    yield* serving
    return yield* test(yield* FetchClient.make())
  }).pipe(Effect.scoped, Effect.provide(world))

const asks = (fetch: Fetch, input: string | URL | Request, init?: RequestInit) =>
  Effect.promise(async () => (await (await fetch(input, init)).json()) as Asked)
const rejects = (promise: () => Promise<unknown>) =>
  Effect.promise(() =>
    promise().then(
      () => assert.fail("not rejected"),
      (error: unknown) => error as Error
    )
  )

const streamOf = (...texts: ReadonlyArray<string>) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const text of texts) controller.enqueue(new TextEncoder().encode(text))
      controller.close()
    }
  })

/** A `Request` whose body is a stream. The first bytes must be sent before the stream has ended. */
const live = (fetch: Fetch) =>
  Effect.gen(function* () {
    const server = yield* RawPeer.listen({ host: "live.test", port: 80 })
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined
    const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) })
    controller!.enqueue(new TextEncoder().encode("one"))
    const request = new Request("http://live.test/", { method: "POST", body, duplex: "half" } as RequestInit)
    const asking = yield* Effect.fork(Effect.promise(() => fetch(request)))
    const peer = yield* server.accept
    assert.match(yield* peer.head, /transfer-encoding: chunked/i)
    yield* peer.expect("3\r\none\r\n")
    controller!.enqueue(new TextEncoder().encode("two"))
    yield* peer.expect("3\r\ntwo\r\n")
    controller!.close()
    yield* peer.expect("0\r\n\r\n")
    yield* peer.send("HTTP/1.1 204 No Content\r\n\r\n")
    assert.strictEqual((yield* asking).status, 204)
  })

type Check = (fetch: Fetch) => Effect.Effect<unknown, unknown, Client.Client | Network.Network | Scope.Scope>

const at = "http://a.test/path?q=1"
/** A check for each row of the table in the guide. The key is the row's first cell. */
const rows: Readonly<Record<string, Check>> = {
  "a URL as text, `URL`, `Request`": (fetch) =>
    Effect.gen(function* () {
      for (const input of [at, new URL(at), new Request(at)]) {
        const asked = yield* asks(fetch, input)
        assert.deepInclude(asked, { method: "GET", url: "/path?q=1", text: "" })
        assert.deepInclude(asked.headers, { host: "a.test", accept: "*/*" })
      }
      const both = yield* asks(
        fetch,
        new Request(at, { method: "PUT", body: "old", headers: { "x-a": "1" } }),
        {
          method: "POST",
          body: "new"
        }
      )
      assert.deepInclude(both, { method: "POST", text: "new" })
      assert.strictEqual(both.headers["x-a"], "1")
      for (const input of ["/relative", "http://user:password@a.test/"])
        assert.instanceOf(yield* rejects(() => fetch(input)), TypeError)
      const error = yield* rejects(() => fetch("data:text/plain,hello"))
      assert.instanceOf(error, TypeError)
      assert.deepInclude(error.cause, { _tag: "InvalidProtocol" })
    }),
  "`method`, `headers`": (fetch) =>
    Effect.gen(function* () {
      const headers = new Headers({ Accept: "text/html", "X-One": "\xe4" })
      headers.append("x-one", "2")
      const asked = yield* asks(fetch, at, { method: "delete", headers })
      assert.deepInclude(asked, { method: "DELETE" })
      assert.deepInclude(asked.headers, { accept: "text/html", "x-one": "\xe4, 2" })
      assert.instanceOf(yield* rejects(() => fetch(at, { method: "CONNECT" })), TypeError)
      assert.instanceOf(yield* rejects(() => fetch(at, { body: "a" })), TypeError)
    }),
  "`body` in memory": (fetch) =>
    Effect.gen(function* () {
      const form = new FormData()
      form.set("name", "tea")
      const bodies: ReadonlyArray<readonly [BodyInit, text: RegExp, type: RegExp | undefined]> = [
        ["tëa", /^tëa$/, /^text\/plain;charset=utf-8$/i],
        [new URLSearchParams({ a: "1 2" }), /^a=1\+2$/, /^application\/x-www-form-urlencoded/],
        [new Uint8Array([116, 101, 97]), /^tea$/, undefined],
        [new Uint8Array([116, 101, 97]).buffer, /^tea$/, undefined],
        [new Blob(["tea"], { type: "text/css" }), /^tea$/, /^text\/css$/],
        [form, /name="name"\r\n\r\ntea\r\n/, /^multipart\/form-data; boundary=/]
      ]
      for (const [body, text, type] of bodies) {
        const asked = yield* asks(fetch, at, { method: "POST", body })
        assert.match(asked.text, text)
        assert.strictEqual(asked.headers["content-length"], `${new TextEncoder().encode(asked.text).length}`)
        if (type === undefined) assert.isUndefined(asked.headers["content-type"])
        else assert.match(asked.headers["content-type"]!, type)
        for (const input of [
          "http://a.test/to/307",
          new Request("http://a.test/to/307", { method: "POST", body })
        ]) {
          const init = typeof input === "string" ? { method: "POST", body } : undefined
          const redirected = yield* asks(fetch, input, init)
          assert.match(redirected.text, text)
          assert.strictEqual(redirected.headers["content-length"], asked.headers["content-length"])
        }
      }
    }),
  '`body` as a stream, with `duplex: "half"`': (fetch) =>
    Effect.gen(function* () {
      const stream = () => ({ method: "POST", body: streamOf("one ", "two"), duplex: "half" }) as RequestInit
      const asked = yield* asks(fetch, at, stream())
      assert.strictEqual(asked.text, "one two")
      assert.strictEqual(asked.headers["transfer-encoding"], "chunked")
      const large = new Request(at, { method: "POST", body: "x".repeat(3_000_000) })
      const { headers, text } = yield* asks(fetch, large)
      assert.deepInclude(headers, { "transfer-encoding": "chunked" })
      assert.lengthOf(text, 3_000_000)
      yield* live(fetch)
      const error = yield* rejects(() => fetch("http://a.test/to/307", stream()))
      assert.deepInclude(error.cause, { _tag: "BodyNotReplayable" })
      const half = { method: "POST", body: streamOf("a") }
      assert.instanceOf(yield* rejects(() => fetch(at, half)), TypeError)
    }),
  "`signal`": (fetch) =>
    Effect.gen(function* () {
      const server = yield* RawPeer.listen({ host: "slow.test", port: 80 })
      const reason = new Error("enough")
      assert.strictEqual(yield* rejects(() => fetch(at, { signal: AbortSignal.abort(reason) })), reason)
      const request = new Request("http://slow.test/", { signal: AbortSignal.abort(reason) })
      assert.strictEqual(yield* rejects(() => fetch(request)), reason)

      const early = new AbortController()
      const waiting = rejects(() => fetch("http://slow.test/", { signal: early.signal }))
      const first = yield* Effect.fork(waiting)
      const peer = yield* server.accept
      yield* peer.head
      early.abort(reason)
      assert.strictEqual(yield* first, reason)
      yield* peer.expectClosed

      const late = new AbortController()
      const second = yield* Effect.fork(
        Effect.promise(async () => {
          const response = await fetch("http://slow.test/", { signal: late.signal })
          const reader = response.body!.getReader()
          const { value } = await reader.read()
          return { text: new TextDecoder().decode(value), reader }
        })
      )
      const other = yield* server.accept
      yield* other.head
      yield* other.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
      const { reader, text } = yield* second
      assert.strictEqual(text, "part")
      late.abort(reason)
      assert.strictEqual(yield* rejects(() => reader.read()), reason)
      yield* other.expectClosed
    }),
  "`redirect`": (fetch) =>
    Effect.gen(function* () {
      const followed = yield* Effect.promise(() => fetch("http://a.test/to/302#part"))
      assert.deepInclude(followed, { url: "http://a.test/end", redirected: true, status: 200 })
      const manual = yield* Effect.promise(() => fetch("http://a.test/to/302", { redirect: "manual" }))
      assert.deepInclude(manual, { url: "http://a.test/to/302", redirected: false, status: 302 })
      assert.strictEqual(manual.headers.get("location"), "/end")
      yield* Effect.promise(() => manual.text())
      const error = yield* rejects(() => fetch("http://a.test/to/302", { redirect: "error" }))
      assert.instanceOf(error, TypeError)
      assert.match(String(error.cause), /unexpected redirect \(302\)/)
    }),
  "`credentials`": () =>
    Effect.gen(function* () {
      const jar = yield* CookieJar.make()
      const client = CookieJar.client(jar)(yield* Client.Client)
      const fetch = yield* Effect.provideService(FetchClient.make(), Client.Client, client)
      yield* asks(fetch, at)
      const sent: Record<string, string | undefined> = {}
      for (const credentials of ["omit", "same-origin", "include"] as const)
        sent[credentials] = (yield* asks(fetch, "http://a.test/", { credentials })).headers["cookie"]
      assert.deepStrictEqual(sent, { omit: undefined, "same-origin": "a=1", include: "a=1" })
    }),
  "`cache`, `mode`, `referrer`, `referrerPolicy`, `integrity`, `keepalive`": (fetch) =>
    Effect.gen(function* () {
      const fine: ReadonlyArray<RequestInit> = [
        ...(["default", "no-store"] as const).map((cache) => ({ cache })),
        { mode: "cors" },
        { referrer: "" },
        { referrerPolicy: "no-referrer" },
        { integrity: "" },
        { keepalive: false }
      ]
      for (const init of fine) assert.strictEqual((yield* asks(fetch, at, init)).method, "GET")
      const refused: ReadonlyArray<RequestInit> = [
        ...(["reload", "no-cache", "force-cache"] as const).map((cache) => ({ cache })),
        { cache: "only-if-cached", mode: "same-origin" },
        { mode: "no-cors" },
        { referrer: "http://a.test/" },
        { referrerPolicy: "origin" },
        { integrity: "sha256-x" },
        { keepalive: true }
      ]
      for (const init of refused)
        for (const args of [[at, init], ...(init.referrer ? [] : [[new Request(at, init)]])] as Array<
          [string | Request, RequestInit?]
        >) {
          const error = yield* rejects(() => fetch(...args))
          assert.instanceOf(error, TypeError)
          assert.instanceOf(error.cause, HttpError.InvalidOption)
          assert.strictEqual((error.cause as HttpError.InvalidOption).option, Object.keys(init)[0])
        }
    }),
  "`dispatcher`, `agent`, `timeout` and other options outside the standard": (fetch) =>
    Effect.gen(function* () {
      for (const name of [
        "dispatcher",
        "agent",
        "compress",
        "follow",
        "size",
        "timeout",
        "client",
        "proxy",
        "tls",
        "unix"
      ]) {
        const error = yield* rejects(() => fetch(at, { [name]: {} }))
        assert.strictEqual((error.cause as HttpError.InvalidOption).option, name)
        yield* asks(fetch, at, { [name]: undefined })
      }
    }),
  "`priority`, `window: null`": (fetch) =>
    Effect.gen(function* () {
      yield* asks(fetch, at, { priority: "high", window: null } as RequestInit)
    }),
  "a `Response`": (fetch) =>
    Effect.gen(function* () {
      const response = yield* Effect.promise(() => fetch(`${at}#part`))
      assert.instanceOf(response, Response)
      assert.deepInclude(response, { ok: true, status: 200, statusText: "OK", url: at, redirected: false })
      assert.strictEqual(response.headers.get("X-Two"), "1")
      assert.deepStrictEqual(response.headers.getSetCookie(), ["a=1"])
      const copy = response.clone()
      assert.deepInclude(copy, { url: at, redirected: false })
      assert.strictEqual((copy.clone() as Response).url, at)
      assert.strictEqual(
        yield* Effect.promise(() => copy.text()),
        yield* Effect.promise(() => response.text())
      )
      for (const [path, method, status] of [
        ["/to/204", "GET", 204],
        ["/to/304", "GET", 304],
        ["/", "HEAD", 200]
      ] as const) {
        const empty = yield* Effect.promise(() => fetch(`http://a.test${path}`, { method }))
        assert.deepInclude(empty, { status, body: null })
      }
      assert.deepInclude(yield* Effect.promise(() => fetch("http://a.test/to/503")), {
        ok: false,
        status: 503
      })
    }),
  "a response body as a stream": (fetch) =>
    Effect.gen(function* () {
      const server = yield* RawPeer.listen({ host: "slow.test", port: 80 })
      const asking = yield* Effect.fork(Effect.promise(() => fetch("http://slow.test/")))
      const peer = yield* server.accept
      yield* peer.head
      yield* peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
      const { body } = yield* asking
      const reader = body!.getReader()
      yield* peer.send("x".repeat(100))
      assert.strictEqual((yield* Effect.promise(() => reader.read())).value?.length, 100)
      yield* Effect.promise(() => reader.cancel())
      yield* peer.expectClosed
    }),
  failures: (fetch) =>
    Effect.gen(function* () {
      const server = yield* RawPeer.listen({ host: "slow.test", port: 80 })
      const refused = yield* rejects(() => fetch("http://nowhere.test:81/"))
      assert.instanceOf(refused, TypeError)
      assert.property(refused.cause, "_tag")
      const cut = yield* Effect.fork(rejects(async () => (await fetch("http://slow.test/")).text()))
      const peer = yield* server.accept
      yield* peer.head
      yield* peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
      yield* peer.end
      const error = yield* cut
      assert.instanceOf(error, TypeError)
      assert.deepInclude(error.cause, { _tag: "HangUp", phase: "body" })
    }),
  "content codings": (fetch) =>
    Effect.gen(function* () {
      assert.isUndefined((yield* asks(fetch, at)).headers["accept-encoding"])
      const server = yield* RawPeer.listen({ host: "coded.test", port: 80 })
      const client = NodeDecompression.decompress(yield* Client.Client)
      const decoding = yield* Effect.provideService(FetchClient.make(), Client.Client, client)
      const asking = yield* Effect.fork(
        Effect.promise(async () => (await decoding("http://coded.test/")).text())
      )
      const peer = yield* server.accept
      assert.match(yield* peer.head, /\r\naccept-encoding: .*gzip/i)
      const bytes = new Uint8Array(gzipSync("tea"))
      yield* peer.send(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bytes.length}\r\n\r\n`)
      yield* peer.send(bytes)
      assert.strictEqual(yield* asking, "tea")
    })
}

const table = readFileSync(new URL("../../../../docs/client-features.md", import.meta.url), "utf8")

describe("A fetch over a client", () => {
  it.effect.each(Object.keys(rows))("%s", (name) => {
    assert.include(table, `| ${name} `)
    return run(rows[name]!)
  })

  it("is tested for every row of the guide", () => {
    const section = table.slice(table.indexOf("## Give a library a `fetch`"))
    const lines = section.slice(0, section.indexOf("\n## ", 5)).split("\n")
    const cells = lines
      .filter((line) => line.startsWith("| "))
      .map((line) => line.split(" | ")[0]!.slice(2).trim())
    assert.deepStrictEqual(
      cells
        .slice(1)
        .filter((cell) => !/^-+/.test(cell))
        .sort(),
      Object.keys(rows).sort()
    )
  })

  it.effect("can be the fetch of platform's client", () =>
    run((fetch) =>
      Effect.gen(function* () {
        const client = yield* HttpClient.HttpClient
        const response = yield* client.post("http://a.test/x")
        assert.deepInclude(yield* response.json, { method: "POST", url: "/x" })
      }).pipe(Effect.provide(FetchHttpClient.layer), Effect.provideService(FetchHttpClient.Fetch, fetch))
    )
  )

  it.effect("uses the fiber refs of the fiber that made it, and its redirect options", () =>
    Effect.gen(function* () {
      yield* serving
      const jar = yield* CookieJar.make()
      yield* jar.set("a=jar", "http://a.test/")
      const client = CookieJar.client(jar)(yield* Client.Client)
      const fetch = yield* FetchClient.make({ redirects: { limit: 0 } }).pipe(
        Effect.provideService(Client.Client, client),
        Client.without("cookies")
      )
      assert.isUndefined((yield* asks(fetch, at)).headers["cookie"])
      const error = yield* rejects(() => fetch("http://a.test/to/301"))
      assert.deepInclude(error.cause, { _tag: "TooManyRedirects" })
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("keeps the client's timeouts, by Effect's clock", () =>
    Effect.gen(function* () {
      const server = yield* RawPeer.listen({ host: "slow.test", port: 80 })
      const fetch = yield* FetchClient.make()
      const error = yield* Quiet.complete(rejects(() => fetch("http://slow.test/")))
      assert.deepInclude(error.cause, { _tag: "HeadTimedOut" })
      yield* server.accept
    }).pipe(
      Effect.scoped,
      Effect.provide(Client.layerWith({ timeouts: { head: "5 seconds" } })),
      Effect.provide(MemoryNetwork.layer())
    )
  )
})

/** Serves one request to `http://odd.test/` with a response whose body is incomplete. */
const answering = <A>(response: string, use: (fetch: Fetch) => Promise<A>) =>
  Effect.gen(function* () {
    const server = yield* RawPeer.listen({ host: "odd.test", port: 80 })
    const fetch = yield* FetchClient.make()
    const asking = yield* Effect.fork(Effect.promise(() => use(fetch)))
    const peer = yield* server.accept
    yield* peer.head
    yield* peer.send(response)
    return { result: yield* asking, peer }
  })

describe("A fetch over a client leaves nothing", () => {
  it.effect("of a response whose status has no body, although content still arrives", () =>
    Effect.gen(function* () {
      const head = "HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nab"
      const { peer, result } = yield* answering(head, (fetch) => fetch("http://odd.test/"))
      assert.deepInclude(result, { status: 205, body: null })
      yield* peer.expectClosed
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("of a response whose status a web `Response` cannot have", () =>
    Effect.gen(function* () {
      const head = "HTTP/1.1 999 Denied\r\nContent-Length: 5\r\n\r\nab"
      const { peer, result } = yield* answering(head, (fetch) =>
        fetch("http://odd.test/").catch((error: unknown) => error)
      )
      assert.instanceOf(result, TypeError)
      assert.instanceOf((result as TypeError).cause, RangeError)
      yield* peer.expectClosed
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("of an upload that was aborted before it began, whatever its source does", () =>
    run((fetch) =>
      Effect.gen(function* () {
        const reason = new Error("enough")
        const sources: ReadonlyArray<UnderlyingDefaultSource> = [
          { cancel: () => new Promise(() => {}) },
          { start: (controller) => controller.error(new Error("source")) }
        ]
        for (const source of sources) {
          const init = { method: "POST", duplex: "half", signal: AbortSignal.abort(reason) }
          const body = new ReadableStream(source)
          assert.strictEqual(yield* rejects(() => fetch(at, { ...init, body } as RequestInit)), reason)
        }
      })
    )
  )

  it.effect("of an upload that is aborted, or whose server cannot be reached", () =>
    Effect.gen(function* () {
      const server = yield* RawPeer.listen({ host: "odd.test", port: 80 })
      const fetch = yield* FetchClient.make()
      let cancelled = 0
      const body = () =>
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(3)),
          cancel: () => {
            cancelled++
            return new Promise<void>(() => {})
          }
        })
      const controller = new AbortController()
      const { signal } = controller
      const init = () => ({ method: "POST", duplex: "half", body: body() }) as RequestInit
      for (const [input, given] of [
        ["http://odd.test/", init()],
        [new Request("http://odd.test/", init()), {}]
      ] as const) {
        const asking = yield* Effect.fork(rejects(() => fetch(input, { ...given, signal })))
        const peer = yield* server.accept
        yield* peer.head
        if (input instanceof Request) controller.abort(new Error("enough"))
        else yield* peer.end
        yield* asking
      }
      yield* rejects(() => fetch("http://nowhere.test:81/", init()))
      assert.strictEqual(cancelled, 3)
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
