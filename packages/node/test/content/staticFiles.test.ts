/**
 * A folder of files on a server: paths, indexes, redirects, fallbacks, cache policies, codings and methods.
 * Both the files and the network are in memory.
 */
import type { HttpServerError } from "@effect/platform"
import {
  FileSystem,
  HttpClient,
  HttpClientRequest,
  HttpLayerRouter,
  HttpMiddleware,
  HttpRouter,
  HttpServer,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { NodeStaticFiles } from "@httpfx/node"
import { TestServer } from "@httpfx/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const files: Record<string, string> = {
  "/site/index.html": "root index",
  "/site/app.js": "app",
  "/site/app.js.br": "app in br",
  "/site/app.js.gz": "app in gzip",
  "/site/only.css": "css",
  "/site/only.css.gz": "css in gzip",
  "/site/assets/main-1a2b3c4d.js": "main",
  "/site/docs/index.html": "docs index",
  "/site/docs/page.txt": "page",
  "/site/docs/second.htm": "second",
  "/site/empty/deep/x.bin": "x",
  "/site/a b.txt": "blank",
  "/site/ü.txt": "umlaut",
  "/site/100%.txt": "percent",
  "/site/a:b.txt": "colon",
  "/site/semi;colon.txt": "semi",
  "/site/.env": "secret",
  "/site/.well-known/security.txt": "contact",
  "/site/.well-known/.hidden": "secret",
  "/site/docs/.well-known/x": "secret",
  "/site/.git/config": "secret",
  "/site/sub/.env": "secret",
  "/secret.txt": "secret",
  "/site-secret/a.txt": "secret"
}
const world = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  for (const [path, content] of Object.entries(files)) {
    yield* fs.makeDirectory(path.slice(0, path.lastIndexOf("/")) || "/", { recursive: true })
    yield* fs.writeFileString(path, content)
  }
})

type App = ReturnType<typeof NodeStaticFiles.app>
const served = <A, E, R>(app: App, test: Effect.Effect<A, E, R>) =>
  Effect.zipRight(world, test).pipe(Effect.provide(TestServer.serve(app)))

const ask = (target: string, headers: Record<string, string> = {}, method = "GET") =>
  Effect.flatMap(
    HttpClient.execute(HttpClientRequest.make(method as "GET")(target, { headers })),
    (response) =>
      Effect.map(response.text, (body) => ({ status: response.status, headers: response.headers, body }))
  )

type Row = readonly [target: string, status: number, body?: string]

const paths: ReadonlyArray<Row> = [
  ["/", 200, "root index"],
  ["/index.html", 200, "root index"],
  ["/app.js", 200, "app"],
  ["/app.js?v=1", 200, "app"],
  ["/%61pp.js", 200, "app"],
  ["/a%20b.txt", 200, "blank"],
  ["/%C3%BC.txt", 200, "umlaut"],
  ["/100%25.txt", 200, "percent"],
  ["/a:b.txt", 200, "colon"],
  ["/semi;colon.txt", 200, "semi"],
  ["/docs/", 200, "docs index"],
  ["/docs/page.txt", 200, "page"],
  ["/.well-known/security.txt", 200, "contact"],
  ["/nothing", 404],
  ["/app.js/", 404],
  ["/app.js/more", 404],
  ["/APP.js", 404],
  ["/empty", 404],
  ["/empty/", 404],
  ["/docs//page.txt", 404],
  ["//docs/page.txt", 404],
  ["/.env", 404],
  ["/%2eenv", 404],
  ["/.git/config", 404],
  ["/.git/", 404],
  ["/sub/.env", 404],
  ["/.well-known/.hidden", 404],
  ["/docs/.well-known/x", 404]
]

describe("paths", () => {
  it.effect.each(paths)("%s is %d", ([target, status, body = ""]) =>
    served(
      NodeStaticFiles.app("/site"),
      Effect.gen(function* () {
        const response = yield* ask(target)
        assert.deepStrictEqual([response.status, response.body], [status, body])
        const head = yield* ask(target, {}, "HEAD")
        assert.deepStrictEqual([head.status, head.body], [status, ""])
        if (status === 200) assert.strictEqual(head.headers["content-length"], String(body.length))
      })
    )
  )

  it.effect.each([
    ["/docs", "./docs/"],
    ["/docs?a=b&c", "./docs/?a=b&c"],
    ["/%64ocs", "./%64ocs/"]
  ])("%s is redirected to %s", ([target, location]) =>
    served(
      NodeStaticFiles.app("/site"),
      Effect.gen(function* () {
        const { body, headers, status } = yield* ask(target!)
        assert.deepStrictEqual([status, headers["location"], body], [301, location, ""])
      })
    )
  )

  it.effect("dotfiles: true serves names that begin with a dot, but refuses dot segments", () =>
    served(
      NodeStaticFiles.app("/site/docs/../", { dotfiles: true }),
      Effect.gen(function* () {
        assert.strictEqual((yield* ask("/.env")).body, "secret")
        assert.strictEqual((yield* ask("/.git/config")).body, "secret")
        assert.strictEqual((yield* ask("/docs/..%2f.env")).status, 404)
      })
    )
  )

  it.effect("index: the first name that exists, or no index", () =>
    Effect.gen(function* () {
      const status = (index: ReadonlyArray<string>, target: string) =>
        served(
          NodeStaticFiles.app("/site", { index }),
          Effect.map(ask(target), ({ body, status }) => [status, body])
        )
      assert.deepStrictEqual(yield* status(["none.html", "second.htm", "index.html"], "/docs/"), [
        200,
        "second"
      ])
      assert.deepStrictEqual(yield* status(["second.htm"], "/"), [404, ""])
      assert.deepStrictEqual(yield* status([], "/docs/"), [404, ""])
      assert.deepStrictEqual(yield* status([], "/docs"), [404, ""])
    })
  )
})

describe("fallback", () => {
  const app = NodeStaticFiles.app("/site", { fallback: "index.html" })
  const page = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" }
  it.effect.each<readonly [string, Record<string, string>, number, string]>([
    ["/users/1", page, 200, "root index"],
    ["/users/1?tab=2", page, 200, "root index"],
    ["/empty", page, 200, "root index"],
    ["/docs/page.txt", page, 200, "page"],
    ["/users/1", { accept: "*/*" }, 404, ""],
    ["/users/1", { accept: "application/json" }, 404, ""],
    ["/users/1", { accept: "text/html-x" }, 404, ""],
    ["/users/1", { accept: "x-text/html" }, 404, ""],
    ["/users/1", {}, 404, ""],
    // The fallback does not apply to refused targets.
    ["/.env", page, 404, ""],
    ["/..%2fx", page, 404, ""]
  ])("%s with %j is %d", ([target, headers, status, body]) =>
    served(
      app,
      Effect.gen(function* () {
        const response = yield* ask(target, headers)
        assert.deepStrictEqual([response.status, response.body], [status, body])
        if (body === "root index") assert.strictEqual(response.headers["vary"], "accept")
      })
    )
  )

  it.effect("a missing fallback file is 404", () =>
    served(
      NodeStaticFiles.app("/site", { fallback: "none.html" }),
      Effect.map(ask("/users/1", page), ({ status }) => assert.strictEqual(status, 404))
    )
  )
})

describe("fields", () => {
  const assets = [
    [/^assets\//, NodeStaticFiles.immutable],
    [/\.css$/g, "max-age=60"],
    [/\.txt$/, ""]
  ] as const
  it.effect.each<readonly [string, NodeStaticFiles.Options, Record<string, string | undefined>]>([
    ["/app.js", {}, { "cache-control": "no-cache", "content-type": "text/javascript; charset=utf-8" }],
    ["/app.js", {}, { vary: undefined, "accept-ranges": "bytes" }],
    ["/", {}, { "content-type": "text/html; charset=utf-8" }],
    ["/", { charset: "iso-8859-1" }, { "content-type": "text/html; charset=iso-8859-1" }],
    ["/", { charset: "" }, { "content-type": "text/html" }],
    ["/empty/deep/x.bin", {}, { "content-type": "application/octet-stream" }],
    ["/assets/main-1a2b3c4d.js", { cacheControl: assets }, { "cache-control": NodeStaticFiles.immutable }],
    ["/only.css", { cacheControl: assets }, { "cache-control": "max-age=60" }],
    ["/docs/page.txt", { cacheControl: assets }, { "cache-control": undefined }],
    ["/", { cacheControl: assets }, { "cache-control": "no-cache" }]
  ])("of %s with %j", ([target, options, expected]) =>
    served(
      NodeStaticFiles.app("/site", options),
      Effect.gen(function* () {
        // Ask twice, because a pattern with the flag g starts at its `lastIndex` the second time.
        for (let again = 0; again < 2; again++) {
          const { headers } = yield* ask(target)
          for (const [name, value] of Object.entries(expected)) assert.strictEqual(headers[name], value)
        }
      })
    )
  )
})

describe("precompressed", () => {
  const app = NodeStaticFiles.app("/site", { precompressed: ["br", "gzip"] })
  const js = "text/javascript; charset=utf-8"
  it.effect.each<readonly [string, string | undefined, string | undefined, string, string]>([
    ["/app.js", undefined, undefined, "app", js],
    ["/app.js", "", undefined, "app", js],
    ["/app.js", "gzip, deflate, br", "br", "app in br", js],
    ["/app.js", "gzip", "gzip", "app in gzip", js],
    ["/app.js", "br;q=0.5, gzip", "gzip", "app in gzip", js],
    ["/app.js", "br;q=0, *", "gzip", "app in gzip", js],
    ["/app.js", "identity", undefined, "app", js],
    ["/app.js", "zstd", undefined, "app", js],
    // The best coding has no file, so the next coding is sent.
    ["/only.css", "br, gzip;q=0.5", "gzip", "css in gzip", "text/css; charset=utf-8"],
    ["/only.css", "br", undefined, "css", "text/css; charset=utf-8"],
    ["/docs/page.txt", "br, gzip", undefined, "page", "text/plain; charset=utf-8"],
    // A coded file that is requested by its own name is served like any other file.
    ["/only.css.gz", undefined, undefined, "css in gzip", "application/octet-stream"]
  ])("%s with Accept-Encoding %j: %j", ([target, accept, coding, body, type]) =>
    served(
      app,
      Effect.gen(function* () {
        const response = yield* ask(target, accept === undefined ? {} : { "accept-encoding": accept })
        assert.strictEqual(response.headers["content-encoding"], coding)
        assert.strictEqual(response.body, body)
        assert.strictEqual(response.headers["content-type"], type)
        assert.strictEqual(response.headers["vary"], "accept-encoding")
        assert.strictEqual(response.headers["content-length"], String(body.length))
      })
    )
  )

  it.effect("adds Accept-Encoding to the Vary of platform's cors", () =>
    served(
      HttpMiddleware.cors({ allowedOrigins: ["http://a.test"] })(app),
      Effect.gen(function* () {
        const { headers } = yield* ask("/app.js", { "accept-encoding": "br", origin: "http://a.test" })
        assert.strictEqual(headers["content-encoding"], "br")
        assert.strictEqual(headers["vary"], "Origin, accept-encoding")
      })
    )
  )

  it.effect("each coding has its own ETag, and ranges and preconditions refer to the coded file", () =>
    served(
      app,
      Effect.gen(function* () {
        const br = { "accept-encoding": "br" }
        const plain = (yield* ask("/app.js")).headers["etag"]!
        const coded = (yield* ask("/app.js", br)).headers["etag"]!
        assert.match(coded, /^"[^"]*-br"$/)
        assert.notStrictEqual(plain, coded)
        assert.strictEqual((yield* ask("/app.js", { ...br, "if-none-match": coded })).status, 304)
        assert.strictEqual((yield* ask("/app.js", { ...br, "if-none-match": plain })).status, 200)
        const part = yield* ask("/app.js", { ...br, range: "bytes=7-8" })
        assert.deepStrictEqual([part.status, part.body, part.headers["content-encoding"]], [206, "br", "br"])
      })
    )
  )
})

describe("methods", () => {
  it.effect.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])(
    "%s is 405, or is passed to the next app",
    (method) =>
      Effect.gen(function* () {
        const refused = yield* served(NodeStaticFiles.app("/site"), ask("/app.js", {}, method))
        assert.deepStrictEqual([refused.status, refused.headers["allow"]], [405, "GET, HEAD"])
        const app = NodeStaticFiles.app("/site", { otherMethods: "pass" })
        assert.strictEqual((yield* served(app, ask("/app.js", {}, method))).status, 404)
      })
  )
})

describe("in a router", () => {
  const mounted = HttpRouter.empty.pipe(
    HttpRouter.get("/api", HttpServerResponse.text("api")),
    HttpRouter.mountApp("/static", NodeStaticFiles.app("/site"))
  )
  const underStatic = NodeStaticFiles.app("/site", { prefix: "/static" })
  const layered = HttpLayerRouter.serve(
    Layer.merge(
      HttpLayerRouter.add("*", "/static", underStatic),
      HttpLayerRouter.add("*", "/static/*", underStatic)
    )
  )
  const prefixed = HttpLayerRouter.serve(
    HttpLayerRouter.use((router) => {
      const below = router.prefixed("/static")
      return Effect.zipRight(
        below.add("*", "/", NodeStaticFiles.app("/site")),
        below.add("*", "/*", NodeStaticFiles.app("/site"))
      )
    })
  )
  const routed = HttpRouter.empty.pipe(
    HttpRouter.get("/static", underStatic),
    HttpRouter.get("/static/*", underStatic)
  )
  const atRoot = HttpRouter.empty.pipe(
    HttpRouter.get("/api", HttpServerResponse.text("api")),
    HttpRouter.get("*", NodeStaticFiles.app("/site"))
  )
  it.effect.each([
    ["mountApp", HttpServer.serve(mounted)],
    ["HttpLayerRouter", layered],
    ["HttpLayerRouter, prefixed", prefixed],
    ["routes with a prefix", HttpServer.serve(routed)]
  ])("%s", ([, serving]) =>
    Effect.gen(function* () {
      yield* world
      assert.strictEqual((yield* ask("/static/app.js")).body, "app")
      assert.strictEqual((yield* ask("/static/")).body, "root index")
      assert.strictEqual((yield* ask("/static/docs/")).body, "docs index")
      assert.strictEqual((yield* ask("/static/docs")).headers["location"], "./docs/")
      assert.strictEqual((yield* ask("/static/none")).status, 404)
      assert.strictEqual((yield* ask("/static/..%2fsecret.txt")).status, 404)
    }).pipe(Effect.provide(Layer.provideMerge(serving as Layer.Layer<never>, TestServer.layer())))
  )

  it.effect("a route for all paths leaves the other routes to the router", () =>
    Effect.gen(function* () {
      yield* world
      assert.strictEqual((yield* ask("/api")).body, "api")
      assert.strictEqual((yield* ask("/app.js")).body, "app")
      assert.strictEqual((yield* ask("/")).body, "root index")
      assert.strictEqual((yield* ask("/docs")).headers["location"], "./docs/")
      assert.strictEqual((yield* ask("/app.js", {}, "HEAD")).status, 200)
      assert.strictEqual((yield* ask("/none")).status, 404)
      assert.strictEqual((yield* ask("/app.js", {}, "POST")).status, 404)
    }).pipe(Effect.provide(Layer.provideMerge(HttpServer.serve(atRoot), TestServer.layer())))
  )

  it.effect("the root of a mount is redirected to its slash, so that relative links work", () =>
    Effect.gen(function* () {
      yield* world
      const { headers, status } = yield* ask("/static?x=1")
      assert.deepStrictEqual([status, headers["location"]], [301, "./static/?x=1"])
      assert.strictEqual((yield* ask("/staticx")).status, 404)
    }).pipe(Effect.provide(TestServer.serve(mounted)))
  )

  it.effect("a prefix matches only whole path segments", () =>
    served(
      NodeStaticFiles.app("/site", { prefix: "/s" }),
      Effect.gen(function* () {
        assert.strictEqual((yield* ask("/s/app.js")).status, 200)
        for (const target of ["/sapp.js", "/app.js", "/x/s/app.js", "/s-secret/a.txt", "/s.."])
          assert.strictEqual((yield* ask(target)).status, 404)
      })
    )
  )

  it.effect("a missing file fails with RouteNotFound, so that another app can follow", () =>
    Effect.gen(function* () {
      yield* world
      assert.strictEqual((yield* ask("/app.js")).body, "app")
      assert.strictEqual((yield* ask("/none")).body, "own page")
    }).pipe(
      Effect.provide(
        TestServer.serve(
          Effect.catchTag(
            NodeStaticFiles.app("/site"),
            "RouteNotFound",
            (error: HttpServerError.RouteNotFound) =>
              Effect.succeed(
                HttpServerResponse.text("own page", { status: error.request.method === "GET" ? 404 : 500 })
              )
          )
        )
      )
    )
  )

  it.effect("a missing root folder is 404", () =>
    served(
      NodeStaticFiles.app("/nowhere"),
      Effect.map(ask("/"), ({ status }) => assert.strictEqual(status, 404))
    )
  )
})

describe("options", () => {
  it.effect.each<readonly [string, object]>([
    ["prefix", { prefix: "/a/" }],
    ["prefix", { prefix: "a" }],
    ["prefix", { prefix: "/a?b" }],
    ["index", { index: "index.html" }],
    ["index", { index: ["../x"] }],
    ["fallback", { fallback: true }],
    ["cacheControl", { cacheControl: ["no-store"] }],
    ["cacheControl", { cacheControl: [["*.js", "no-store"]] }],
    ["precompressed", { precompressed: ["deflate"] }],
    ["precompressed", { precompressed: ["br", "br"] }],
    ["dotfiles", { dotfiles: "ignore" }],
    ["outsideLinks", { outsideLinks: 1 }],
    ["charset", { charset: 1 }],
    ["otherMethods", { otherMethods: "405" }],
    ["extensions", { extensions: ["html"] }],
    ["root", { root: 1 }]
  ])(
    "%s of %j is refused",
    ([option, options]) =>
      Effect.gen(function* () {
        const { root = "/site", ...rest } = options as { root?: string }
        const error = yield* Effect.flip(NodeStaticFiles.app(root, rest))
        assert.deepInclude(error, { _tag: "InvalidOption", option })
      }).pipe(Effect.provide(TestServer.layer())) as Effect.Effect<void>
  )
})
