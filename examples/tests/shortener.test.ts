/**
 * The URL shortener, whole: its API by the derived client, live clicks, expiry, limits, health and metrics.
 * Network and time are virtual. Only the database is a real file.
 */
import { FileSystem, HttpClient, HttpClientRequest, Socket } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Server, ServerSentEvents } from "@httpfx/core"
import { NodeContext, NodeWebSocket } from "@httpfx/node"
import { Fault, MemoryNetwork, Quiet, TestServer } from "@httpfx/testing"
import {
  ConfigProvider,
  DateTime,
  Deferred,
  Effect,
  Fiber,
  Layer,
  Logger,
  Queue,
  Schema,
  Stream
} from "effect"
import { Api, Click, LinkExpired, LinkNotFound, Slug, SlugTaken, TooManyLinks } from "../shortener/api.js"
import { Database, Links } from "../shortener/links.js"
import { adminLive, ObservedLive, ServiceLive } from "../shortener/server.js"

const TemporaryDatabase = Layer.unwrapScoped(
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "httpfx-shortener-" })
    const config = ConfigProvider.fromMap(new Map([["DATABASE", `${folder}/links.db`]]))
    return Layer.provide(Database, Layer.setConfigProvider(config))
  })
).pipe(Layer.provide(NodeContext.layer))

const world = Layer.mergeAll(ServiceLive, ObservedLive, adminLive({ host: "admin.test", port: 9464 })).pipe(
  Layer.provideMerge(TestServer.layer()),
  Layer.provide(NodeWebSocket.layer()),
  Layer.provideMerge(Links.Default),
  Layer.provide(TemporaryDatabase),
  // The access log.
  Layer.provide(Logger.remove(Logger.defaultLogger))
)

const target = "https://example.org/a/long/path?with=a&query"
const tea = Slug.make("green-tea")
const cake = Slug.make("cherry-cake")
const admin = (path: string) => HttpClient.get(`http://admin.test:9464${path}`)

describe("links", () => {
  it.scoped("are created, found, listed, and redirect", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(Api)
      const named = yield* client.links.create({ payload: { target, slug: tea } })
      expect(named).toMatchObject({ slug: tea, target, clicks: 0, expiresAt: null })
      const random = yield* client.links.create({ payload: { target } })
      expect(random.slug).toMatch(/^\w{7}$/)

      const visit = yield* HttpClient.get(`/${tea}`)
      expect([visit.status, visit.headers["location"]]).toEqual([302, target])
      yield* client.visit({ path: { slug: tea } })
      expect((yield* client.links.get({ path: { slug: tea } })).clicks).toBe(2)
      const slugs = (yield* client.links.list()).map(({ slug }) => slug)
      expect(slugs.sort()).toEqual([tea, random.slug].sort())
    }).pipe(Effect.provide(world))
  )

  it.scoped("fail with typed errors", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(Api)
      yield* client.links.create({ payload: { target, slug: tea } })
      const again = client.links.create({ payload: { target, slug: tea } })
      expect(yield* Effect.flip(again)).toEqual(new SlugTaken({ slug: tea }))
      const missing = new LinkNotFound({ slug: cake })
      expect(yield* Effect.flip(client.links.get({ path: { slug: cake } }))).toEqual(missing)
      expect(yield* Effect.flip(client.visit({ path: { slug: cake } }))).toEqual(missing)
      expect((yield* HttpClient.get(`/api/links/${cake}/clicks`)).status).toBe(404)
      for (const payload of [{ target: "javascript:alert(1)" }, { target, slug: "docs" }, {}]) {
        const request = HttpClientRequest.post("/api/links").pipe(HttpClientRequest.bodyUnsafeJson(payload))
        expect((yield* HttpClient.execute(request)).status).toBe(400)
      }
    }).pipe(Effect.provide(world))
  )

  it.scoped("expire, and are forgotten a month later", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(Api)
      const { expiresAt } = yield* client.links.create({ payload: { target, slug: tea, expiresInDays: 90 } })
      const expiredAt = DateTime.unsafeMake(90 * 86_400_000)
      expect(expiresAt).toEqual(expiredAt)
      const visit = client.visit({ path: { slug: tea } })
      const pass = (days: number) => Quiet.complete(Effect.sleep(`${days} days`), { maxTime: "100 days" })
      yield* pass(89)
      yield* visit
      yield* pass(2)
      expect(yield* Effect.flip(visit)).toEqual(new LinkExpired({ slug: tea, expiredAt }))
      yield* pass(30)
      expect(yield* Effect.flip(visit)).toEqual(new LinkNotFound({ slug: tea }))
    }).pipe(Effect.provide(world))
  )

  it.scoped("are limited: ten at once, then one every two seconds", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(Api)
      const create = client.links.create({ payload: { target } })
      yield* Effect.all(Array.from({ length: 10 }, () => create))
      expect(yield* Effect.flip(create)).toEqual(new TooManyLinks({ retryAfterSeconds: 2 }))
      const request = HttpClientRequest.post("/api/links").pipe(HttpClientRequest.bodyUnsafeJson({ target }))
      const refused = yield* HttpClient.execute(request)
      expect([refused.status, refused.headers["retry-after"]]).toEqual([429, "2"])
      yield* Quiet.complete(Effect.sleep("2 seconds"))
      yield* create
    }).pipe(Effect.provide(world))
  )
})

describe("live clicks", () => {
  it.scoped("arrive as server-sent events, and none is missed over an outage", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(Api)
      yield* client.links.create({ payload: { target, slug: tea } })
      yield* client.links.create({ payload: { target, slug: cake } })
      const seen = yield* Queue.unbounded<readonly [string, string]>()
      const url = `http://server.test/api/links/${tea}/clicks`
      yield* ServerSentEvents.request({ url }, { reconnectionTime: "1 second" }).pipe(
        Stream.runForEach(({ event, lastEventId }) => Queue.offer(seen, [event, lastEventId])),
        Effect.forkScoped
      )
      const next = Quiet.complete(Queue.take(seen))
      expect(yield* next).toEqual(["state", "0"])
      yield* client.visit({ path: { slug: cake } })
      yield* client.visit({ path: { slug: tea } })
      expect(yield* next).toEqual(["click", "1"])

      const links = yield* Links
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Fault.refuse({ to: "server.test" })
          yield* MemoryNetwork.reset()
          yield* links.visit(tea)
          yield* links.visit(tea)
          yield* Quiet.complete(Effect.sleep("10 seconds"))
        })
      )
      expect(yield* next).toEqual(["state", "3"])
      yield* client.visit({ path: { slug: tea } })
      expect(yield* next).toEqual(["click", "4"])
    }).pipe(Effect.provide(world))
  )

  const decodeClick = Schema.decodeUnknownSync(Schema.parseJson(Click))

  it.scoped("arrive over a WebSocket, for the links that it follows", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(Api)
      for (const slug of [tea, cake]) yield* client.links.create({ payload: { target, slug } })
      expect((yield* HttpClient.get("/api/clicks")).status).toBe(426)

      const socket = yield* Socket.makeWebSocket("/api/clicks")
      const write = yield* socket.writer
      const seen = yield* Queue.unbounded<Click>()
      const open = yield* Deferred.make<void>()
      const closed = yield* Effect.fork(
        Effect.flip(
          socket.runRaw((message) => Queue.offer(seen, decodeClick(message)), {
            onOpen: Deferred.succeed(open, undefined)
          })
        )
      )
      yield* open
      yield* write(JSON.stringify({ follow: [tea] }))
      yield* Quiet.complete(Effect.sleep("1 second"))
      for (const slug of [cake, tea]) yield* client.visit({ path: { slug } })
      expect(yield* Queue.take(seen)).toMatchObject({ slug: tea, clicks: 1 })
      yield* write(JSON.stringify({ follow: [cake] }))
      yield* Quiet.complete(Effect.sleep("1 second"))
      for (const slug of [tea, cake]) yield* client.visit({ path: { slug } })
      expect(yield* Queue.take(seen)).toMatchObject({ slug: cake, clicks: 2 })

      yield* write("hello?")
      expect(yield* Quiet.complete(Fiber.join(closed))).toMatchObject({ reason: "Close", code: 1008 })
    }).pipe(Effect.provide(world))
  )

  it.scoped("end in good order when the server stops, and readiness says so before", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(Api)
      yield* client.links.create({ payload: { target, slug: tea } })
      const events = yield* Effect.fork(
        Effect.flatMap(HttpClient.get(`/api/links/${tea}/clicks`), (response) => response.text)
      )
      const socket = yield* Socket.makeWebSocket("/api/clicks")
      const closed = yield* Effect.fork(Effect.flip(socket.runRaw(() => {})))
      yield* Quiet.complete(Effect.sleep("1 second"))
      const ready = yield* admin("/readyz")
      expect(ready.status).toBe(200)
      expect(yield* ready.json).toMatchObject({ checks: { database: { status: "pass" } } })

      const server = yield* Server.Server
      yield* server.lameDuck
      expect((yield* admin("/readyz")).status).toBe(503)
      expect((yield* admin("/livez")).status).toBe(200)
      yield* client.visit({ path: { slug: tea } })

      yield* Quiet.complete(server.shutdown)
      expect(yield* events).toMatch(/^id: 0\nevent: state\ndata: 0\n\nid: 1\nevent: click\n.+\n\n$/s)
      expect(yield* Fiber.join(closed)).toMatchObject({ reason: "Close", code: 1001 })
    }).pipe(Effect.provide(world))
  )
})

it.scoped("operators see metrics by route, and what the rate limit refused", () =>
  Effect.gen(function* () {
    const client = yield* TestServer.apiClient(Api)
    // Metrics are of the process, which has other tests.
    const values = Effect.map(
      Effect.flatMap(admin("/metrics"), (response) => response.text),
      (text) =>
        [
          /^http_server_request_duration_count\{.*status_code="302".*http_route="\/:slug".*\} (\d+)$/m,
          /^http_server_rate_limited_requests.*\{limit="links"\} (\d+)$/m
        ].map((line) => Number(line.exec(text)?.[1] ?? 0))
    )
    const [visits, refused] = yield* values
    yield* client.links.create({ payload: { target, slug: tea } })
    for (let times = 0; times < 3; times++) yield* client.visit({ path: { slug: tea } })
    for (let times = 0; times < 11; times++) yield* Effect.exit(client.links.create({ payload: { target } }))
    expect(yield* values).toEqual([visits! + 3, refused! + 2])
  }).pipe(Effect.provide(world))
)
