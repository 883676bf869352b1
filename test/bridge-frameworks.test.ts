/**
 * Express, Koa and Fastify mounted in an Effect app, and an Effect app in Express, with the real libraries on
 * real sockets, with and without the register hook.
 */
import { mkdir, symlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { describe, it } from "vitest"
import { project } from "./programs.js"
import { root, run } from "./support.js"

const program = `
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Server } from "@httpfx/core"
import { NodeHttpServer } from "@httpfx/node"
import * as bridge from "@httpfx/node/bridge"
import http from "@httpfx/node/http"
import { Effect, Layer, Option, Schema } from "effect"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"

const require = createRequire(import.meta.url)
const say = (what: string, value: unknown) => console.log(what + ": " + JSON.stringify(value))

const koa = () => {
  const app = new (require("koa"))()
  app.silent = true
  app.use(async (ctx: any) => {
    if (ctx.path === "/json") ctx.body = { url: ctx.url, ip: ctx.ip, secure: ctx.secure }
    else if (ctx.path === "/echo") {
      ctx.body = ctx.req.pipe(new (require("node:stream").PassThrough)())
    } else if (ctx.path === "/fails") throw new Error("no")
    else if (ctx.path === "/stream") ctx.body = Readable.from(["a", "b", "c"])
  })
  return app.callback()
}

const fastify = async () => {
  const app = require("fastify")()
  app.addContentTypeParser("text/plain", { parseAs: "string" }, (_req: any, body: string, done: any) => done(null, body))
  app.get("/json", async (req: any) => ({ url: req.url, ip: req.ip, secure: req.protocol === "https" }))
  app.post("/echo", async (req: any) => req.body)
  app.get("/fails", async () => {
    throw new Error("no")
  })
  app.get("/stream", async (_req: any, reply: any) => reply.send(Readable.from(["a", "b", "c"])))
  await app.ready()
  return app.routing
}

const express = () => {
  const express = require("express")
  const app = express()
  app.disable("x-powered-by")
  app.use(express.text({ limit: "1mb" }))
  app.get("/json", (req: any, res: any) => res.json({ url: req.url, ip: req.ip, secure: req.secure }))
  app.post("/echo", (req: any, res: any) => res.send(req.body))
  app.get("/fails", () => {
    throw new Error("no")
  })
  app.get("/stream", (_req: any, res: any) => Readable.from(["a", "b", "c"]).pipe(res))
  app.use((_error: unknown, _req: any, res: any, _next: any) => res.status(500).send("failed"))
  return app
}

const mounted = async (name: string, listener: http.RequestListener) => {
  const app = HttpRouter.empty.pipe(HttpRouter.mountApp("/old", bridge.fromListener(listener)))
  const world = HttpServer.serve(app).pipe(Layer.provideMerge(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" })))
  const visit = Effect.gen(function* () {
    const { address } = yield* Server.Server
    const base = "http://127.0.0.1:" + (address._tag === "TcpAddress" ? address.port : 0) + "/old"
    yield* Effect.promise(async () => {
      const body = "x".repeat(300_000)
      say(name + " json", await (await fetch(base + "/json?q=1")).json())
      const echoed = await fetch(base + "/echo", { method: "POST", body, headers: { "content-type": "text/plain" } })
      say(name + " echo", (await echoed.text()) === body)
      say(name + " stream", await (await fetch(base + "/stream")).text())
      say(name + " fails", (await fetch(base + "/fails")).status)
      say(name + " none", (await fetch(base + "/none")).status)
    })
  })
  await Effect.runPromise(Effect.provide(visit, world))
}

const inExpress = Effect.gen(function* () {
  const { request } = yield* bridge.toListeners(
    HttpRouter.empty.pipe(HttpRouter.get("/effect", HttpServerResponse.json({ by: "Effect" })))
  )
  const app = require("express")()
  app.use((req: any, res: any, next: any) => (req.url === "/effect" ? request(req, res) : next()))
  app.get("/express", (_req: any, res: any) => res.send("by Express"))
  const server: http.Server = app.listen(0, "127.0.0.1")
  yield* Effect.promise(() => new Promise((resolve) => server.once("listening", resolve)))
  const base = "http://127.0.0.1:" + (server.address() as AddressInfo).port
  yield* Effect.promise(async () => {
    const response = await fetch(base + "/effect")
    say("in Express", [await response.json(), response.headers.get("x-powered-by")])
    say("beside", await (await fetch(base + "/express")).text())
    server.closeAllConnections()
    server.close()
  })
}).pipe(Effect.scoped)

// Express runs authentication, CORS and a body parser before the Effect app. Pages of Express come before and
// after it.
const behindMiddlewares = Effect.gen(function* () {
  interface Known extends http.IncomingMessage {
    user?: string
  }
  const user = Effect.map(bridge.callbackRequest<Known>(), (req) => Option.getOrThrow(req).user ?? "nobody")
  const { request } = yield* bridge.toListeners(
    HttpRouter.empty.pipe(
      HttpRouter.get(
        "/me",
        Effect.gen(function* () {
          const { page } = yield* HttpRouter.schemaParams(Schema.Struct({ page: Schema.String }))
          return yield* HttpServerResponse.json({ user: yield* user, page })
        })
      ),
      HttpRouter.post(
        "/body",
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => Effect.map(request.text, (text) => HttpServerResponse.text(text)))
      )
    )
  )
  const express = require("express")
  const app = express()
  app.use((req: any, res: any, next: any) => {
    res.setHeader("Access-Control-Allow-Origin", "*")
    if (req.headers.authorization !== "Bearer ada") return res.status(401).end()
    req.user = "Ada"
    next()
  })
  app.use(express.json(), express.urlencoded({ extended: false }), express.text(), express.raw())
  app.get("/express", (_req: any, res: any) => res.send("by Express"))
  app.use(request)
  app.use((_error: unknown, _req: any, res: any, _next: any) => res.status(500).send("failed"))
  const server = http.createServer(app)
  yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
  const base = "http://127.0.0.1:" + (server.address() as AddressInfo).port
  yield* Effect.promise(async () => {
    const headers = { authorization: "Bearer ada" }
    const ask = (path: string, init: RequestInit = {}) => fetch(base + path, { ...init, headers: { ...headers, ...init.headers } })
    say("refused", (await fetch(base + "/me?page=2")).status)
    const me = await ask("/me?page=2")
    say("me", [await me.json(), me.headers.get("access-control-allow-origin")])
    for (const [type, body] of [["application/json", '{"a":1}'], ["application/x-www-form-urlencoded", "a=1&b=2"], ["text/plain", "text"], ["application/octet-stream", "raw"]] as const)
      say(type, await (await ask("/body", { method: "POST", body, headers: { "content-type": type } })).text())
    say("before", await (await ask("/express")).text())
    say("nowhere", (await ask("/nowhere")).status)
    server.closeAllConnections()
    server.close()
  })
}).pipe(Effect.scoped)

await mounted("koa", koa())
await mounted("fastify", await fastify())
await mounted("express", express())
await Effect.runPromise(inExpress)
await Effect.runPromise(behindMiddlewares)
process.exit(0)
`

const expectedOf = (name: string): string =>
  [
    `${name} json: {"url":"/json?q=1","ip":"127.0.0.1","secure":false}`,
    `${name} echo: true`,
    `${name} stream: "abc"`,
    `${name} fails: 500`,
    `${name} none: 404`
  ].join("\n")

const both = `in Express: [{"by":"Effect"},"Express"]\nbeside: "by Express"`
const behind = `refused: 401
me: [{"user":"Ada","page":"2"},"*"]
application/json: "{\\"a\\":1}"
application/x-www-form-urlencoded: "a=1&b=2"
text/plain: "text"
application/octet-stream: "raw"
before: "by Express"
nowhere: 404`

describe("frameworks", () => {
  it("work in Effect apps, and Effect apps in Express", async ({ expect }) => {
    const folder = await project(new Map([["program", program]]))
    for (const name of ["express", "koa", "fastify"]) {
      const to = join(folder, "node_modules", name)
      await mkdir(dirname(to), { recursive: true })
      await symlink(join(root, "integration/node_modules", name), to)
    }
    const expected = [...["koa", "fastify", "express"].map(expectedOf), both, behind].join("\n")
    for (const hook of [["--import", "@httpfx/node/register"], []]) {
      const output = await run(process.execPath, [...hook, "out/program.js"], folder, { NODE_ENV: "test" })
      expect(output.trim()).toBe(expected)
    }
  })
})
