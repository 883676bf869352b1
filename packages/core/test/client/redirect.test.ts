/**
 * Redirects with `Client.request` and platform's client: the next request after each response, the
 * credentials that it carries, and redirects that are refused.
 */
import {
  HttpBody,
  HttpClient,
  HttpClientRequest,
  type HttpClientResponse,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Client, HttpError, Server } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"

interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The response for each URL. All other URLs get 200. */
type Site = Readonly<Record<string, readonly [status: number, fields?: Readonly<Record<string, string>>]>>

const world = (site: Site, asked: Array<Asked>) => {
  const app = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const { host = "" } = request.headers
    const url = `http://${host}${request.url}`
    asked.push({ method: request.method, url, headers: { ...request.headers }, body: yield* request.text })
    const [status, headers = {}] = site[url] ?? [200]
    return HttpServerResponse.text("a body", { status, headers })
  })
  const serve = (host: string, port: number) =>
    Effect.flatMap(Server.make({ host, port, idleConnectionGrace: 0 }), (server) =>
      server.httpServer.serve(Effect.orDie(app))
    )
  return Layer.scopedDiscard(
    Effect.all([serve("a.test", 80), serve("a.test", 8080), serve("b.test", 80)])
  ).pipe(Layer.provideMerge(Client.layerWith({ maxSockets: 1 })), Layer.provideMerge(MemoryNetwork.layer()))
}

interface Given {
  readonly url?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Stream.Stream<Uint8Array>
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** Makes a request with one of the two clients, and reads the final response. */
type Face = (
  given: Given,
  options?: Client.RedirectOptions
) => Effect.Effect<
  { readonly response: Client.Response | HttpClientResponse.HttpClientResponse; readonly text: string },
  HttpError.RedirectError,
  Client.Client | HttpClient.HttpClient
>
const redirectError = (error: { readonly _tag: string }) =>
  ("cause" in error ? error.cause : error) as HttpError.RedirectError
const faces: Record<"Client" | "platform's", Face> = {
  Client: ({ url = "http://a.test/", ...given }: Given, options?: Client.RedirectOptions) =>
    Effect.gen(function* () {
      const client = Client.followRedirects(yield* Client.Client, options)
      const response = yield* client.request({ url, ...given })
      return { response, text: yield* response.text }
    }).pipe(Effect.mapError(redirectError)),
  "platform's": (
    { body, headers = {}, method = "GET", url = "http://a.test/" }: Given,
    options?: Client.RedirectOptions
  ) =>
    Effect.gen(function* () {
      const client = (yield* HttpClient.HttpClient).pipe(Client.followRedirects(options))
      const request = HttpClientRequest.make(method as "GET")(url).pipe(
        body === undefined
          ? (same) => same
          : HttpClientRequest.setBody(typeof body === "string" ? HttpBody.text(body) : HttpBody.stream(body)),
        HttpClientRequest.setHeaders(headers)
      )
      const response = yield* client.execute(request)
      return { response, text: yield* response.text }
    }).pipe(Effect.mapError(redirectError))
}

const credentials = {
  authorization: "Bearer secret",
  cookie: "id=secret",
  "proxy-authorization": "Basic secret",
  origin: "http://a.test",
  referer: "http://a.test/page",
  "x-api-key": "secret",
  "x-kept": "yes"
}
const carried = ({ headers }: Asked) => Object.keys(credentials).filter((name) => headers[name] !== undefined)

describe.each(Object.keys(faces) as Array<keyof typeof faces>)("%s client that follows redirects", (name) => {
  const run = (site: Site, given: Given, options?: Client.RedirectOptions) => {
    const asked: Array<Asked> = []
    return faces[name](given, options).pipe(
      Effect.either,
      Effect.map((result) => ({ result, asked })),
      Effect.scoped,
      Effect.provide(world(site, asked))
    )
  }

  it.effect("changes methods as the Fetch standard says", () =>
    Effect.gen(function* () {
      const found: Record<string, string> = {}
      for (const status of [300, 301, 302, 303, 304, 305, 307, 308])
        for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]) {
          const body = method === "POST" || method === "PUT" ? { body: "content" } : {}
          const { asked, result } = yield* run(
            { "http://a.test/": [status, { location: "/next" }] },
            { method, ...body }
          )
          assert.strictEqual(result._tag, "Right")
          found[`${status} ${method}`] = asked
            .slice(1)
            .map(({ body, headers, method }) =>
              [method, body, headers["content-type"]].filter(Boolean).join(" ")
            )
            .join()
        }
      const after = (
        status: number,
        post: string,
        put: string,
        others = ["GET", "HEAD", "DELETE", "OPTIONS"]
      ) => ({
        [`${status} GET`]: others[0],
        [`${status} HEAD`]: others[1],
        [`${status} POST`]: post,
        [`${status} PUT`]: put,
        [`${status} DELETE`]: others[2],
        [`${status} OPTIONS`]: others[3]
      })
      const type = name === "Client" ? "" : " text/plain"
      const not = (status: number) => after(status, "", "", ["", "", "", ""])
      assert.deepStrictEqual(found, {
        ...not(300),
        ...after(301, "GET", `PUT content${type}`),
        ...after(302, "GET", `PUT content${type}`),
        ...after(303, "GET", "GET", ["GET", "HEAD", "GET", "GET"]),
        ...not(304),
        ...not(305),
        ...after(307, `POST content${type}`, `PUT content${type}`),
        ...after(308, `POST content${type}`, `PUT content${type}`)
      })
    })
  )

  it.effect("removes fields that describe content which is not resent", () =>
    Effect.gen(function* () {
      const headers = {
        "content-type": "x/y",
        "content-encoding": "gzip",
        "content-language": "uk",
        expect: "100-continue"
      }
      const site: Site = { "http://a.test/": [303, { location: "/next" }] }
      const { asked } = yield* run(site, { method: "POST", body: "content", headers })
      assert.deepStrictEqual(
        Object.keys(headers).filter((field) => asked[1]!.headers[field] !== undefined),
        []
      )
      assert.isUndefined(asked[1]!.headers["content-length"])
      assert.isUndefined(asked[1]!.headers["transfer-encoding"])
    })
  )

  const ways: Record<string, readonly [locations: ReadonlyArray<string>, kept: boolean]> = {
    "to a path": [["/next"], true],
    "to a relative path": [["next?q=1"], true],
    "to the same origin": [["http://a.test/next"], true],
    "to the same origin with its port written": [["http://a.test:80/next"], true],
    "to another host": [["http://b.test/next"], false],
    "to another host without a scheme": [["//b.test/next"], false],
    "to another port": [["http://a.test:8080/next"], false],
    "to another origin and back": [["http://b.test/next", "http://a.test/back"], false],
    "to another origin and on there": [["http://b.test/next", "/on"], false]
  }
  it.effect("sends credentials to no other origin", () =>
    Effect.gen(function* () {
      const found: Record<string, unknown> = {}
      for (const [way, [locations]] of Object.entries(ways)) {
        const urls = locations.reduce((all, to) => [...all, new URL(to, all.at(-1)).href], ["http://a.test/"])
        const site = Object.fromEntries(
          locations.map((location, i) => [urls[i]!, [302, { location }] as const])
        )
        const { asked } = yield* run(site, { headers: credentials }, { credentials: ["X-Api-Key"] })
        assert.deepStrictEqual(
          asked.map(({ url }) => url),
          urls
        )
        found[way] = carried(asked.at(-1)!)
      }
      const expected = Object.entries(ways).map(([way, [, kept]]) => [
        way,
        kept ? Object.keys(credentials) : ["x-kept"]
      ])
      assert.deepStrictEqual(found, Object.fromEntries(expected))
    })
  )

  it.effect("keeps the credentials of the URL, and its fragment, within the origin", () =>
    Effect.gen(function* () {
      const site: Site = {
        "http://a.test/": [302, { location: "/1" }],
        "http://a.test/1": [307, { location: "http://a.test/2" }],
        "http://a.test/2": [302, { location: "http://b.test/3#other" }]
      }
      const { asked, result } = yield* run(site, { url: "http://us%20er:secret@a.test/#here" })
      const basic = `Basic ${btoa("us er:secret")}`
      assert.deepStrictEqual(
        asked.map(({ headers }) => headers["authorization"]),
        [basic, basic, basic, undefined]
      )
      if (result._tag === "Left") return assert.fail(result.left.message)
      assert.deepStrictEqual(Client.redirectsOf(result.right.response), [
        {
          status: 302,
          from: "http://a.test/#here",
          to: "http://a.test/1#here",
          method: "GET",
          crossOrigin: false
        },
        {
          status: 307,
          from: "http://a.test/1#here",
          to: "http://a.test/2#here",
          method: "GET",
          crossOrigin: false
        },
        {
          status: 302,
          from: "http://a.test/2#here",
          to: "http://b.test/3#other",
          method: "GET",
          crossOrigin: true
        }
      ])
    })
  )

  it.effect("sends the query as received, not encoded again", () =>
    Effect.gen(function* () {
      const location = "/next?sig=a%2Fb%20c+d&x=~*%7E&&y"
      const { asked } = yield* run({ "http://a.test/": [302, { location }] }, {})
      assert.strictEqual(asked[1]!.url, `http://a.test${location}`)
    })
  )

  it.effect("reports each redirect before following it", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const site: Site = {
        "http://a.test/": [301, { location: "/1" }],
        "http://a.test/1": [303, { location: "//b.test/2" }]
      }
      const onRedirect = ({ crossOrigin, from, method, status, to }: Client.Redirect) =>
        Effect.sync(() => told.push(`${status} ${method} ${from} ${to} ${crossOrigin}`))
      yield* run(site, { method: "POST", body: "x" }, { onRedirect })
      assert.deepStrictEqual(told, [
        "301 GET http://a.test/ http://a.test/1 false",
        "303 GET http://a.test/1 http://b.test/2 true"
      ])
    })
  )

  const stream = Stream.make(bytesOf("once"))
  const failures: Record<
    string,
    readonly [Site, Given, HttpError.RedirectError["_tag"] | 200 | 302 | 307, Client.RedirectOptions?]
  > = {
    "no Location": [{ "http://a.test/": [302] }, {}, 302],
    "a limit of 0": [{ "http://a.test/": [302, { location: "/1" }] }, {}, "TooManyRedirects", { limit: 0 }],
    "exactly the limit": [{ "http://a.test/": [302, { location: "/1" }] }, {}, 200, { limit: 1 }],
    "one more than the limit": [
      { "http://a.test/": [302, { location: "/1" }], "http://a.test/1": [302, { location: "/2" }] },
      {},
      "TooManyRedirects",
      { limit: 1 }
    ],
    itself: [{ "http://a.test/": [302, { location: "/" }] }, {}, "RedirectLoop"],
    "itself, with another fragment": [{ "http://a.test/": [302, { location: "#x" }] }, {}, "RedirectLoop"],
    "a circle": [
      {
        "http://a.test/": [302, { location: "//b.test/" }],
        "http://b.test/": [302, { location: "http://a.test/" }]
      },
      {},
      "RedirectLoop"
    ],
    "itself, after a form was sent": [
      { "http://a.test/": [303, { location: "/" }] },
      { method: "POST" },
      "RedirectLoop"
    ],
    "itself, with a cookie each time": [
      { "http://a.test/": [302, { location: "/", "set-cookie": "a=1" }] },
      {},
      "TooManyRedirects"
    ],
    ftp: [{ "http://a.test/": [302, { location: "ftp://a.test/" }] }, {}, "InvalidRedirect"],
    javascript: [{ "http://a.test/": [302, { location: "javascript:alert(1)" }] }, {}, "InvalidRedirect"],
    "a file": [{ "http://a.test/": [302, { location: "file:///etc/passwd" }] }, {}, "InvalidRedirect"],
    "an invalid URL": [{ "http://a.test/": [302, { location: "http://[" }] }, {}, "InvalidRedirect"],
    credentials: [{ "http://a.test/": [302, { location: "http://u:p@b.test/" }] }, {}, "InvalidRedirect"],
    "credentials of the own origin": [
      { "http://a.test/": [302, { location: "//u@a.test/" }] },
      {},
      "InvalidRedirect"
    ],
    "a stream, which cannot be resent": [
      { "http://a.test/": [302, { location: "/1" }] },
      { method: "POST", body: stream },
      200
    ],
    "a stream, 303": [{ "http://a.test/": [303, { location: "/1" }] }, { method: "PUT", body: stream }, 200],
    "a stream, 307": [
      { "http://a.test/": [307, { location: "/1" }] },
      { method: "POST", body: stream },
      "BodyNotReplayable"
    ],
    "a stream, 302 to PUT": [
      { "http://a.test/": [302, { location: "/1" }] },
      { method: "PUT", body: stream },
      "BodyNotReplayable"
    ]
  }
  it.effect("fails with a typed error if a redirect cannot be followed", () =>
    Effect.gen(function* () {
      const found: Record<string, unknown> = {}
      for (const [what, [site, given, , options]] of Object.entries(failures)) {
        const { result } = yield* run(site, given, options)
        found[what] = result._tag === "Left" ? result.left._tag : result.right.response.status
        if (result._tag === "Left")
          assert.notMatch(`${result.left.message} ${JSON.stringify(result.left)}`, /u:p@|u@/)
      }
      assert.deepStrictEqual(
        found,
        Object.fromEntries(Object.entries(failures).map(([what, [, , expected]]) => [what, expected]))
      )
    })
  )

  it.effect("follows twenty redirects by default, and lists them in the error", () =>
    Effect.gen(function* () {
      const site = Object.fromEntries(
        [...Array(30).keys()].map((i) => [`http://a.test/${i}`, [302, { location: `/${i + 1}` }] as const])
      )
      const { asked, result } = yield* run(site, { url: "http://a.test/0" })
      assert.strictEqual(asked.length, 21)
      const error = result._tag === "Left" ? (result.left as HttpError.TooManyRedirects) : assert.fail()
      assert.deepStrictEqual([error.limit, error.url, error.visited.length], [20, "http://a.test/20", 20])
    })
  )
})

describe("Client.followRedirects", () => {
  it.effect("refuses invalid options", () =>
    Effect.gen(function* () {
      const client = yield* Client.Client
      const url = "http://a.test/"
      const refused = Client.followRedirects(client, { limit: -1 })
      const platforms = client.httpClient.pipe(Client.followRedirects({ onRedirect: 1 as never }))
      const credentials = Client.followRedirects({ credentials: [1] as never })
      const of = (error: unknown) => (assert.instanceOf(error, HttpError.InvalidOption), error.option)
      for (const ask of [refused.request, refused.requestScoped])
        assert.strictEqual(of(yield* Effect.flip(Effect.scoped(ask({ url })))), "limit")
      assert.strictEqual(of(yield* Effect.flip(credentials(client).request({ url }))), "credentials")
      for (const [asked, option] of [
        [refused.httpClient, "limit"],
        [platforms, "onRedirect"]
      ] as const) {
        const error = yield* Effect.flip(asked.get(url))
        assert.deepStrictEqual(
          [error._tag, error.reason, of(error.cause)],
          ["RequestError", "Encode", option]
        )
      }
    }).pipe(Effect.provide(Client.layer), Effect.provide(MemoryNetwork.layer()))
  )

  it.effect("returns a client with both APIs, for the context", () => {
    const asked: Array<Asked> = []
    return Effect.gen(function* () {
      const own = yield* Client.request({ url: "http://a.test/" })
      const platforms = yield* Effect.flatMap(Client.Client, ({ httpClient }) =>
        httpClient.get("http://a.test/")
      )
      const scoped = yield* Client.requestScoped({ url: "http://a.test/" })
      assert.deepStrictEqual([own.status, platforms.status, scoped.status], [200, 200, 200])
      assert.strictEqual(asked.length, 6)
    }).pipe(
      Effect.scoped,
      Effect.updateService(Client.Client, Client.followRedirects()),
      Effect.provide(world({ "http://a.test/": [302, { location: "/1" }] }, asked))
    )
  })

  it.effect("applies transformations of platform's client once, so that no credential returns", () => {
    const asked: Array<Asked> = []
    return Effect.gen(function* () {
      const client = (yield* HttpClient.HttpClient).pipe(
        HttpClient.mapRequest(HttpClientRequest.bearerToken("secret")),
        Client.followRedirects()
      )
      const response = yield* client.get("http://a.test/")
      assert.deepStrictEqual(
        asked.map(({ headers }) => headers["authorization"]),
        ["Bearer secret", "Bearer secret", undefined]
      )
      assert.strictEqual(response.request.url, "http://b.test/2")
      assert.strictEqual(Option.getOrThrow(Client.fromHttpClientResponse(response)).status, 200)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        world(
          {
            "http://a.test/": [302, { location: "/1" }],
            "http://a.test/1": [302, { location: "//b.test/2" }]
          },
          asked
        )
      )
    )
  })

  it.effect("sends a client's certificate to no other origin", () => {
    const tls = {
      cert: "c",
      key: "k",
      passphrase: "p",
      serverName: "a.test",
      ca: "ca",
      rejectUnauthorized: true
    }
    const made: Array<unknown> = []
    return Effect.gen(function* () {
      const sent = (request: Client.Request<never>) =>
        Effect.sync(() => {
          made.push(request.connection?.tls)
          const status = made.length === 1 ? 302 : 200
          const rawHeaders = status === 302 ? ["Location", "https://b.test/"] : []
          return { status, rawHeaders, discard: Effect.void } as unknown as Client.Response
        })
      const client = { ...(yield* Client.Client), request: sent as never }
      yield* Client.followRedirects(client).request({ url: "https://a.test/", connection: { tls } })
      assert.deepStrictEqual(made, [tls, { ca: "ca", rejectUnauthorized: true }])
    }).pipe(Effect.provide(Client.layer), Effect.provide(MemoryNetwork.layer()))
  })

  it.effect("shows no password of several different targets", () => {
    const response = {
      status: 302,
      rawHeaders: ["Location", "http://b.test/", "Location", "http://u:p@c.test/"],
      discard: Effect.void
    } as unknown as Client.Response
    return Effect.gen(function* () {
      const client = { ...(yield* Client.Client), request: () => Effect.succeed(response) }
      const error = yield* Effect.flip(Client.followRedirects(client).request({ url: "http://a.test/" }))
      assert.strictEqual((error as HttpError.InvalidRedirect).location, "http://b.test/, http://c.test/")
      assert.notMatch(`${error.message} ${JSON.stringify(error)}`, /u:p@/)
    }).pipe(Effect.provide(Client.layer), Effect.provide(MemoryNetwork.layer()))
  })

  it.scoped.each(["inside", "outside"])("ends with the scope of a request, which is added %s", (where) =>
    Effect.gen(function* () {
      const server = yield* RawPeer.listen({ host: "a.test", port: 80 })
      const client = yield* HttpClient.HttpClient
      const scoped =
        where === "inside"
          ? Client.followRedirects(HttpClient.withScope(client))
          : HttpClient.withScope(Client.followRedirects(client))
      const scope = yield* Scope.make()
      const fiber = yield* Effect.fork(Scope.extend(scoped.get("http://a.test/"), scope))
      const peer = yield* server.accept
      yield* peer.head
      yield* peer.send("HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n")
      assert.match(yield* peer.head, /^GET \/next /)
      yield* peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
      yield* fiber
      assert.strictEqual(peer.state(), "open")
      yield* Scope.close(scope, Exit.void)
      yield* peer.expectClosed
    }).pipe(Effect.provide(Client.layer), Effect.provide(MemoryNetwork.layer()))
  )
})
