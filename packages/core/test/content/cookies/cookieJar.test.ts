/**
 * Cookies: which cookies a jar keeps, which cookies a request gets, and when they expire. With both clients,
 * also together with redirects and retries.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { pipe } from "effect/Function"
import { Client, Retry, Server } from "@httpfx/core"
import * as CookieJar from "@httpfx/core/CookieJar"
import { MemoryNetwork, Quiet } from "@httpfx/testing"

const sent = (jar: CookieJar.CookieJar, url: string) =>
  Effect.map(jar.get(url), (cookies) => cookies.map(({ name, value }) => `${name}=${value}`).join("; "))

// ---- rules of a jar

/**
 * A cookie, the URL whose response sets it, and the `Cookie` values for other URLs; `refused` if the jar does
 * not keep the cookie.
 */
type Row = readonly [cookie: string, from: string, gets: Readonly<Record<string, string>> | "refused"]

const at = "http://www.a.test/dir/page"
const table: ReadonlyArray<Row> = [
  ["a=1", at, { [at]: "a=1", "http://www.a.test/dir/other": "a=1", "http://www.a.test/": "" }],
  [
    "a=1",
    "http://www.a.test/page",
    { "http://www.a.test/other": "a=1", "http://a.test/": "", "http://x.www.a.test/": "" }
  ],
  ["a=1", "http://www.a.test:8080/", { "http://www.a.test/": "a=1", "https://www.a.test/": "a=1" }],
  ["a=1; Path=/", at, { "http://www.a.test/": "a=1" }],
  [
    "a=1; Path=/dir",
    "http://www.a.test/",
    { "http://www.a.test/dir": "a=1", "http://www.a.test/dir/x": "a=1", "http://www.a.test/dirx": "" }
  ],
  ["a=1; Path=dir", at, { [at]: "a=1", "http://www.a.test/": "" }],
  [
    "a=1; Domain=a.test; Path=/",
    at,
    { "http://a.test/": "a=1", "http://x.y.a.test/": "a=1", "http://b.test/": "", "http://xa.test/": "" }
  ],
  ["a=1; Domain=.a.test; Path=/", at, { "http://a.test/": "a=1" }],
  ["a=1; Domain=A.TEST; Path=/", at, { "http://a.test/": "a=1" }],
  ["a=1; Domain=x.www.a.test", at, "refused"],
  ["a=1; Domain=b.test", at, "refused"],
  ["a=1; Domain=ww.a.test", at, "refused"],
  ["a=1; Domain=test", at, "refused"],
  ["a=1; Domain=com", "http://example.com/", "refused"],
  ["a=1; Domain=co.uk", "http://www.example.co.uk/", "refused"],
  ["a=1; Domain=github.io", "http://x.github.io/", "refused"],
  ["a=1", "http://x.github.io/", { "http://x.github.io/": "a=1", "http://y.github.io/": "" }],
  ["a=1", "http://127.0.0.1/", { "http://127.0.0.1/": "a=1", "http://127.0.0.2/": "" }],
  ["a=1; Domain=0.0.1", "http://127.0.0.1/", "refused"],
  ["a=1", "http://[::1]:80/", { "http://[::1]/": "a=1" }],
  ["a=1; Secure", "https://a.test/", { "https://a.test/": "a=1", "http://a.test/": "" }],
  ["a=1; Secure", "http://a.test/", "refused"],
  ["a=1; Secure", "http://localhost/", { "http://localhost/": "a=1" }],
  ["__Secure-a=1; Secure", "https://a.test/", { "https://a.test/": "__Secure-a=1" }],
  ["__Secure-a=1", "https://a.test/", "refused"],
  [
    "__Host-a=1; Secure; Path=/",
    "https://a.test/dir/",
    { "https://a.test/": "__Host-a=1", "https://x.a.test/": "" }
  ],
  ["__Host-a=1; Secure; Path=/dir", "https://a.test/dir/", "refused"],
  ["__Host-a=1; Secure; Path=/; Domain=a.test", "https://a.test/", "refused"],
  ["__Host-a=1; Path=/", "https://a.test/", "refused"],
  ["__HOST-a=1; Secure; Path=/; Domain=a.test", "https://x.a.test/", "refused"],
  ["__secure-a=1", "https://a.test/", "refused"],
  ["a=1\x7f", at, "refused"],
  ["a=€", at, "refused"],
  ["a=\xe4", at, { [at]: "a=\xe4" }],
  [`a=1; Path=/${"x".repeat(1024)}`, at, { [at]: "a=1" }],
  ["a=1; SameSite=None", "https://a.test/", "refused"],
  ["a=1; SameSite=None; Secure", "https://a.test/", { "https://a.test/": "a=1" }],
  ["a=1; SameSite=Strict", at, { [at]: "a=1" }],
  ["a=1; SameSite=other", at, { [at]: "a=1" }],
  ["a=1; HttpOnly", at, { [at]: "a=1" }],
  ['a="1 2,3"', at, { [at]: 'a="1 2,3"' }],
  ["a=", at, { [at]: "a=" }],
  ["a=b=c", at, { [at]: "a=b=c" }],
  ["a=1; Max-Age=10", at, { [at]: "a=1" }],
  ["a=1; Max-Age=0", at, { [at]: "" }],
  ["a=1; Max-Age=-1", at, { [at]: "" }],
  ["a=1; Max-Age=x", at, { [at]: "a=1" }],
  ["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=10", at, { [at]: "a=1" }],
  ["a=1; Expires=Thu, 01 Jan 1969 00:00:00 GMT", at, { [at]: "" }],
  ["a=1; Expires=nonsense", at, { [at]: "a=1" }],
  ["novalue", at, "refused"],
  ["", at, "refused"],
  ["=1", at, "refused"],
  [`a=${"x".repeat(4095)}`, at, { [at]: `a=${"x".repeat(4095)}` }],
  [`a=${"x".repeat(4096)}`, at, "refused"],
  ["a=1", "no URL", "refused"]
]

describe("A jar", () => {
  it.effect.each(table)("%s from %s", ([cookie, from, gets]) =>
    Effect.gen(function* () {
      const jar = yield* CookieJar.make()
      assert.strictEqual(yield* jar.set(cookie, from), gets !== "refused")
      if (gets === "refused") return assert.deepStrictEqual(yield* jar.save, [])
      const found: Record<string, string> = {}
      for (const url of Object.keys(gets)) found[url] = yield* sent(jar, url)
      assert.deepStrictEqual(found, gets)
    })
  )

  it.effect("sends longer paths first, then older cookies, and replaces", () =>
    Effect.gen(function* () {
      const jar = yield* CookieJar.make()
      for (const cookie of ["a=1; Path=/", "b=1; Path=/", "c=1; Path=/dir", "a=2; Path=/"])
        yield* jar.set(cookie, at)
      assert.strictEqual(yield* sent(jar, at), "c=1; a=2; b=1")
      yield* jar.set("a=3; Path=/; Max-Age=0", at)
      assert.strictEqual(yield* sent(jar, at), "c=1; b=1")
      yield* jar.clear
      assert.strictEqual(yield* sent(jar, at), "")
    })
  )

  it.effect("does not let an http: response replace, hide or displace a Secure cookie", () =>
    Effect.gen(function* () {
      const jar = yield* CookieJar.make({ maxCookies: 3 })
      yield* jar.set("a=1; Secure; Domain=a.test; Path=/dir", "https://a.test/")
      yield* jar.set("local=1; Secure", "http://localhost/")
      const rows: ReadonlyArray<readonly [cookie: string, url: string, isSet: boolean]> = [
        ["a=2; Domain=a.test; Path=/dir", "http://a.test/", false],
        ["a=2; Path=/dir/deep", "http://x.a.test/", false],
        ["a=2", "http://x.a.test/dir/page", false],
        ["a=2; Domain=a.test; Path=/dir; Max-Age=0", "http://a.test/", false],
        ["a=2; Path=/", "http://x.a.test/", true],
        ["A=2; Path=/dir", "http://y.a.test/", true],
        ["a=2; Path=/dir", "http://b.test/", true],
        ["local=2; Secure", "http://localhost/", true]
      ]
      for (const [cookie, url, isSet] of rows)
        assert.strictEqual(yield* jar.set(cookie, url), isSet, `${cookie} from ${url}`)
      assert.strictEqual(yield* sent(jar, "https://a.test/dir"), "a=1")
      assert.strictEqual(yield* sent(jar, "http://localhost/"), "local=2")
      const host = yield* CookieJar.make()
      yield* host.set("a=1; Secure; Path=/", "https://x.a.test/")
      assert.isFalse(yield* host.set("a=2; Domain=a.test; Path=/", "http://a.test/"))
      const full = yield* CookieJar.make({ maxCookies: 2, maxCookiesPerDomain: 1 })
      for (const name of ["a", "b"]) yield* full.set("s=1; Secure", `https://${name}.test/`)
      yield* full.set("c=1", "http://c.test/")
      yield* full.set("n=1", "http://a.test/")
      for (const name of ["a", "b"]) assert.strictEqual(yield* sent(full, `https://${name}.test/`), "s=1")
    })
  )

  it.effect("distinguishes names and paths with spaces, and ignores unknown attributes", () =>
    Effect.gen(function* () {
      const jar = yield* CookieJar.make()
      yield* jar.set("c=1; Path=/a b; Unknown=x", at)
      yield* jar.set("b c=2; Path=/a", at)
      const saved = yield* jar.save
      assert.lengthOf(saved, 2)
      assert.notInclude(JSON.stringify(saved), "Unknown")
    })
  )

  it.effect("expires cookies by Effect's clock, however often a cookie was used", () =>
    Effect.gen(function* () {
      const jar = yield* CookieJar.make()
      yield* jar.set("age=1; Max-Age=100", at)
      yield* jar.set(`date=1; Expires=${new Date(50_000).toUTCString()}`, at)
      yield* jar.set("session=1", at)
      yield* jar.set("long=1; Max-Age=999999999999", at)
      yield* TestClock.adjust("49 seconds")
      assert.strictEqual(yield* sent(jar, at), "age=1; date=1; session=1; long=1")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* sent(jar, at), "age=1; session=1; long=1")
      yield* TestClock.adjust("50 seconds")
      assert.strictEqual(yield* sent(jar, at), "session=1; long=1")
      yield* TestClock.adjust("400 days")
      assert.strictEqual(yield* sent(jar, at), "session=1")
    })
  )

  it.effect("can be saved and restored", () =>
    Effect.gen(function* () {
      const jar = yield* CookieJar.make()
      yield* jar.set("a=1; Max-Age=100; HttpOnly; SameSite=Strict", at)
      yield* jar.set("b=1; Domain=a.test; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT", at)
      yield* jar.set("gone=1; Max-Age=10", at)
      yield* TestClock.adjust("10 seconds")
      const saved = JSON.parse(JSON.stringify(yield* jar.save)) as ReadonlyArray<unknown>
      assert.strictEqual(saved.length, 2)
      const copy = yield* CookieJar.make({ saved })
      assert.deepStrictEqual(yield* copy.get(at), yield* jar.get(at))
      assert.strictEqual(yield* sent(copy, "http://x.a.test/"), "b=1")
      yield* TestClock.adjust("90 seconds")
      assert.strictEqual(yield* sent(copy, at), "b=1")
    })
  )

  it.effect("holds at most `maxCookies` cookies, and prefers Secure cookies", () =>
    Effect.gen(function* () {
      const jar = yield* CookieJar.make({ maxCookies: 5, maxCookiesPerDomain: 3 })
      yield* jar.set("s=1; Secure", "https://a.test/")
      for (let n = 0; n < 10; n++) yield* jar.set(`c${n}=1`, "http://a.test/")
      assert.strictEqual(yield* sent(jar, "https://a.test/"), "s=1; c8=1; c9=1")
      for (const host of ["b.test", "c.test", "d.test"]) yield* jar.set("a=1", `http://${host}/`)
      assert.strictEqual((yield* jar.save).length, 5)
      assert.strictEqual(yield* sent(jar, "https://a.test/"), "s=1; c9=1")
      for (let n = 0; n < 10; n++) yield* jar.set(`s${n}=1; Secure`, "https://a.test/")
      assert.strictEqual(yield* sent(jar, "https://a.test/"), "s7=1; s8=1; s9=1")
    })
  )

  it.effect("refuses invalid options by name", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]> = [
        ["maxCookies", [0, 1.5, NaN, "1"]],
        ["maxCookiesPerDomain", [0, -1, Infinity]],
        ["saved", ["text", {}, [1], [{}], [{ key: "a", value: "1" }]]]
      ]
      for (const [option, values] of cases)
        for (const value of values)
          assert.deepInclude(yield* Effect.flip(CookieJar.make({ [option]: value })), {
            _tag: "InvalidOption",
            option
          })
    })
  )
})

// ---- clients with a jar

interface Asked {
  readonly url: string
  readonly cookie: string | undefined
}
type Site = Readonly<
  Record<string, readonly [status: number, fields?: Readonly<Record<string, string>>, setCookie?: string]>
>

const world = (site: Site, asked: Array<Asked>) => {
  const app = Effect.map(HttpServerRequest.HttpServerRequest, (request) => {
    const url = `http://${request.headers["host"]}${request.url}`
    asked.push({ url, cookie: request.headers["cookie"] })
    const [status, headers = {}, setCookie] = site[url] ?? [200]
    return HttpServerResponse.text("a body", {
      status,
      headers: { ...headers, ...(setCookie === undefined ? {} : { "set-cookie": setCookie }) }
    })
  })
  const serve = (host: string) =>
    Effect.flatMap(Server.make({ host, port: 80, idleConnectionGrace: 0 }), (server) =>
      server.httpServer.serve(app)
    )
  return Layer.scopedDiscard(Effect.all([serve("a.test"), serve("www.a.test"), serve("b.test")])).pipe(
    Layer.provideMerge(Client.layer),
    Layer.provideMerge(MemoryNetwork.layer())
  )
}

interface Given {
  readonly url?: string
  readonly method?: string
  readonly cookie?: string
}
/**
 * For each kind of client, a function that sends a request with a jar. The test adds other features by
 * `compose`.
 */
const faces = {
  Client: (jar: CookieJar.CookieJar, compose: (client: Client.Service) => Client.Service) => (given: Given) =>
    Effect.gen(function* () {
      const { cookie, method = "GET", url = "http://a.test/" } = given
      const client = compose(pipe(yield* Client.Client, CookieJar.client(jar)))
      const headers = cookie === undefined ? {} : { headers: ["Cookie", cookie] }
      yield* Effect.flatMap(client.request({ url, method, ...headers }), ({ text }) => text)
    }),
  "platform's":
    (jar: CookieJar.CookieJar, compose: (client: Client.Service) => Client.Service) => (given: Given) =>
      Effect.gen(function* () {
        const { cookie, method = "GET", url = "http://a.test/" } = given
        const client = compose(pipe(yield* Client.Client, CookieJar.client(jar))).httpClient
        const request = HttpClientRequest.make(method as "GET")(url).pipe(
          HttpClientRequest.setHeaders(cookie === undefined ? {} : { cookie })
        )
        yield* Effect.flatMap(client.execute(request), ({ text }) => text)
      })
}

describe.each(Object.keys(faces) as Array<keyof typeof faces>)("The %s client with a jar", (name) => {
  const run = <A, E>(
    site: Site,
    test: (
      ask: (given?: Given) => Effect.Effect<void, unknown, Client.Client>,
      jar: CookieJar.CookieJar,
      asked: ReadonlyArray<Asked>
    ) => Effect.Effect<A, E, Client.Client>,
    compose: (client: Client.Service) => Client.Service = Client.followRedirects()
  ) => {
    const asked: Array<Asked> = []
    return Effect.flatMap(CookieJar.make(), (jar) =>
      test((given = {}) => faces[name](jar, compose)(given), jar, asked)
    ).pipe(Effect.scoped, Effect.provide(world(site, asked)))
  }
  const cookies = (asked: ReadonlyArray<Asked>) => asked.map(({ cookie = "", url }) => `${url}: ${cookie}`)

  it.effect("sends cookies to the URLs for which they were set", () =>
    run({ "http://a.test/": [200, {}, "id=7; Path=/"] }, (ask, _jar, asked) =>
      Effect.gen(function* () {
        yield* ask()
        yield* ask()
        yield* ask({ url: "http://a.test/other" })
        yield* ask({ url: "http://b.test/" })
        assert.deepStrictEqual(cookies(asked), [
          "http://a.test/: ",
          "http://a.test/: id=7",
          "http://a.test/other: id=7",
          "http://b.test/: "
        ])
      })
    )
  )

  it.effect("sends cookies of the request first, and these take precedence", () =>
    run({}, (ask, jar, asked) =>
      Effect.gen(function* () {
        yield* jar.set("a=jar", "http://a.test/")
        yield* jar.set("b=jar", "http://a.test/")
        yield* ask({ cookie: "a=own; c=own" })
        yield* ask({ cookie: "a=own; b=own" })
        assert.deepStrictEqual(cookies(asked), [
          "http://a.test/: a=own; c=own; b=jar",
          "http://a.test/: a=own; b=own"
        ])
      })
    )
  )

  it.effect("keeps the cookies that redirects set, and sends each redirected request its own cookies", () =>
    run(
      {
        "http://a.test/": [302, { location: "http://b.test/" }, "hop=a"],
        "http://b.test/": [302, { location: "http://a.test/end" }, "hop=b"]
      },
      (ask, jar, asked) =>
        Effect.gen(function* () {
          yield* jar.set("mine=b", "http://b.test/")
          yield* ask({ cookie: "own=secret" })
          assert.deepStrictEqual(cookies(asked), [
            "http://a.test/: own=secret",
            "http://b.test/: mine=b",
            "http://a.test/end: hop=a"
          ])
        })
    )
  )

  const sites = (from: string, status: number): Site => ({
    [from]: [status, { location: "http://www.a.test/" }],
    "http://www.a.test/": [status, { location: "http://www.a.test/end" }]
  })
  const all = "strict=1; lax=1; plain=1"
  const rows: ReadonlyArray<
    readonly [from: string, method: string, status: number, first: string, second: string]
  > = [
    ["http://a.test/", "GET", 302, all, all],
    ["http://a.test/", "PUT", 307, all, all],
    ["http://b.test/", "GET", 302, "lax=1; plain=1", "lax=1; plain=1"],
    ["http://b.test/", "POST", 302, "lax=1; plain=1", "lax=1; plain=1"],
    ["http://b.test/", "HEAD", 307, "lax=1; plain=1", "lax=1; plain=1"],
    ["http://b.test/", "PUT", 307, "", ""],
    ["http://b.test/", "POST", 308, "", ""]
  ]
  it.effect.each(rows)("SameSite after a redirect from %s: %s, %i", ([from, method, status, first, second]) =>
    run(sites(from, status), (ask, jar, asked) =>
      Effect.gen(function* () {
        for (const cookie of ["strict=1; SameSite=Strict", "lax=1; SameSite=Lax", "plain=1"])
          yield* jar.set(`${cookie}; Path=/`, "http://www.a.test/")
        yield* ask({ url: from, method })
        assert.deepStrictEqual(cookies(asked), [
          `${from}: `,
          `http://www.a.test/: ${first}`,
          `http://www.a.test/end: ${second}`
        ])
      })
    )
  )

  it.effect("does not keep a SameSite cookie that another site sets when it redirects a POST", () =>
    run(
      {
        "http://b.test/": [307, { location: "http://a.test/" }],
        "http://a.test/": [200, {}, "a=1; SameSite=Lax"]
      },
      (ask, jar) =>
        Effect.gen(function* () {
          yield* ask({ url: "http://b.test/", method: "POST" })
          assert.deepStrictEqual(yield* jar.save, [])
          yield* ask({ url: "http://a.test/", method: "POST" })
          assert.strictEqual(yield* sent(jar, "http://a.test/"), "a=1")
        })
    )
  )

  it.effect("sends with a retry the cookies that the first attempt was given", () =>
    Effect.gen(function* () {
      const policy = yield* Retry.make({ base: 0 })
      yield* run(
        { "http://a.test/": [503, {}, "n=1; Path=/"] },
        (ask, _jar, asked) =>
          Effect.gen(function* () {
            yield* Quiet.complete(ask())
            assert.deepStrictEqual(cookies(asked), [
              "http://a.test/: ",
              "http://a.test/: n=1",
              "http://a.test/: n=1"
            ])
          }),
        Retry.client(policy)
      )
    })
  )

  it.effect("is switched off by `Client.without`, as redirects and retries are", () =>
    run({ "http://a.test/": [302, { location: "/next" }, "a=1; Path=/"] }, (ask, jar, asked) =>
      Effect.gen(function* () {
        yield* jar.set("old=1", "http://a.test/")
        yield* ask().pipe(Client.without("cookies"))
        yield* ask().pipe(Client.without("redirects"), Client.without("cookies"))
        assert.strictEqual(yield* sent(jar, "http://a.test/"), "old=1")
        yield* ask()
        assert.deepStrictEqual(cookies(asked), [
          "http://a.test/: ",
          "http://a.test/next: ",
          "http://a.test/: ",
          "http://a.test/: old=1",
          "http://a.test/next: old=1; a=1"
        ])
      })
    )
  )
})

describe("Platform's client with a jar", () => {
  it.effect("applies transformations of requests once, and ends with the request's scope", () => {
    const asked: Array<Asked> = []
    return Effect.gen(function* () {
      const jar = yield* CookieJar.make()
      yield* jar.set("a=1", "http://a.test/")
      let transformed = 0
      const client = (yield* HttpClient.HttpClient).pipe(
        HttpClient.mapRequestEffect((request) => Effect.sync(() => (transformed++, request))),
        CookieJar.httpClient(jar),
        Client.followRedirects()
      )
      yield* client.get("http://a.test/")
      assert.strictEqual(transformed, 1)
      assert.strictEqual(asked[1]?.cookie, "a=1")
    }).pipe(Effect.provide(world({ "http://a.test/": [302, { location: "/next" }] }, asked)))
  })
})
