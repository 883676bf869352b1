/**
 * A test can read the causes of failed handlers, whatever the client does. Failures that the test has not
 * read are reported.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterEach, assert, beforeEach, describe, expect, it, vi } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Client } from "@httpfx/core"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Origin from "@httpfx/testing/Origin"
import * as TestServer from "@httpfx/testing/TestServer"

const printed: Array<string> = []
beforeEach(() => {
  printed.length = 0
  vi.spyOn(console, "error").mockImplementation((line) => void printed.push(String(line)))
})
afterEach(() => {
  vi.restoreAllMocks()
})

const boom = new Error("no database")
const text = HttpServerResponse.text

interface Row {
  readonly app: HttpApp.Default<unknown>
  /** The cause that is printed. `undefined` if nothing is printed. */
  readonly cause: string | undefined
  readonly status?: number
}
const rows: Readonly<Record<string, Row>> = {
  "a defect": { app: Effect.die(boom), cause: "no database", status: 500 },
  "an error that is no response": { app: Effect.fail(boom), cause: "no database", status: 500 },
  "an exception": {
    app: Effect.sync(() => {
      throw boom
    }),
    cause: "no database",
    status: 500
  },
  "a defect of a route": {
    app: HttpRouter.empty.pipe(HttpRouter.get("/", Effect.die(boom))),
    cause: "no database",
    status: 500
  },
  "a body that fails": {
    app: Effect.succeed(
      HttpServerResponse.stream(Stream.concat(Stream.make(new Uint8Array(3)), Stream.die(boom)))
    ),
    cause: "no database",
    status: 200
  },
  "a route that there is not": { app: HttpRouter.empty, cause: undefined },
  "a 500 that the app has chosen": { app: Effect.succeed(text("", { status: 500 })), cause: undefined },
  "an error that is a response": { app: Effect.fail(text("", { status: 409 })), cause: undefined },
  "no failure": { app: Effect.succeed(text("")), cause: undefined }
}

const ask = Effect.flatMap(HttpClient.get("/"), (response) => Effect.exit(response.text))

const api = HttpApi.make("api").add(HttpApiGroup.make("users").add(HttpApiEndpoint.get("all", "/users")))
const dying = HttpApiBuilder.api(api).pipe(
  Layer.provide(
    HttpApiBuilder.group(api, "users", (handlers) => handlers.handle("all", () => Effect.die(boom)))
  )
)

describe("A handler's failure", () => {
  it.effect.each(Object.entries(rows))("is printed with its cause: %s", ([, { app, cause, status }]) =>
    Effect.gen(function* () {
      yield* Effect.provide(ask, TestServer.serve(app))
      if (cause === undefined) return assert.deepStrictEqual(printed, [])
      assert.lengthOf(printed, 1)
      assert.include(printed[0], `a handler of http://server.test failed\nGET /: ${status}\n`)
      assert.include(printed[0], cause)
    })
  )

  it.effect("is not recorded if the server's shutdown or the client interrupted the handler", () =>
    Effect.gen(function* () {
      const options = { server: { gracefulShutdownTimeout: 0 } }
      const begun = yield* Deferred.make<void>()
      const app = Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never)
      yield* Effect.zipRight(Effect.fork(ask), Deferred.await(begun)).pipe(
        Effect.provide(TestServer.serve(app, options))
      )
      yield* Effect.zipRight(Effect.flatMap(Effect.fork(ask), Fiber.interrupt), Effect.void).pipe(
        Effect.provide(TestServer.serve(app, options))
      )
      yield* Effect.provide(ask, TestServer.serve(Effect.interrupt, options))
      assert.deepStrictEqual(printed, [])
    })
  )

  it.effect("is recorded for an HttpApi too", () =>
    Effect.gen(function* () {
      yield* Effect.provide(HttpClient.get("/users"), TestServer.serveApi(dying))
      assert.include(printed.join(), "GET /users: 500\n")
      assert.include(printed.join(), "no database")
    })
  )

  it.effect("is not reported once the test has read it", () =>
    Effect.gen(function* () {
      yield* ask
      const [first, ...rest] = yield* TestServer.failures
      assert.deepInclude(first, { method: "GET", target: "/", status: 500 })
      assert.include(Cause.pretty(first!.cause), boom.message)
      assert.lengthOf(rest, 0)
    }).pipe(
      Effect.provide(TestServer.serve(Effect.die(boom), { onHandlerFailure: "die" })),
      Effect.ensuring(Effect.sync(() => assert.deepStrictEqual(printed, [])))
    )
  )

  it.effect("is reported if it happens after the test has read the failures", () =>
    Effect.gen(function* () {
      yield* Effect.zipRight(TestServer.failures, ask).pipe(
        Effect.provide(TestServer.serve(Effect.die(boom)))
      )
      assert.lengthOf(printed, 1)
    })
  )

  it.effect("fails the test with mode die, after the test's own failure", () =>
    Effect.gen(function* () {
      const world = TestServer.serve(Effect.die(boom), { onHandlerFailure: "die" })
      const passed = yield* Effect.exit(Effect.provide(ask, world))
      const failed = yield* Effect.exit(Effect.provide(Effect.zipRight(ask, Effect.fail("wrong")), world))
      assert.isTrue(Exit.isFailure(passed) && Cause.isDie(passed.cause))
      const [defect] = Exit.isFailure(passed) ? Cause.defects(passed.cause) : []
      expect(defect).toBeInstanceOf(TestServer.HandlersFailed)
      expect(defect).toMatchObject({ server: "http://server.test", failures: [{ status: 500 }] })
      assert.deepStrictEqual(Exit.isFailure(failed) && [...Cause.failures(failed.cause)], ["wrong"])
      assert.deepStrictEqual(printed, [])
    })
  )

  it.effect("is not reported with mode keep", () =>
    Effect.gen(function* () {
      yield* Effect.provide(ask, TestServer.serve(Effect.die(boom), { onHandlerFailure: "keep" }))
      assert.deepStrictEqual(printed, [])
    })
  )

  const client = Layer.provideMerge(Client.layer, MemoryNetwork.layer())
  const asked = (url: string) => Effect.flatMap(Client.request({ url }), (response) => response.text)

  it.effect("is recorded for an origin's reply too", () =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const origin = yield* Origin.make(
            { host: "api.test" },
            {
              reply: () => {
                throw boom
              }
            }
          )
          yield* asked(`${origin.url}/x`)
        })
      )
      assert.include(printed.join(), "a handler of http://api.test failed\nGET /x: 500\n")
      assert.include(printed.join(), "no database")
    }).pipe(Effect.provide(client))
  )

  it.effect("is not reported once the test has read it from the origin", () =>
    Effect.gen(function* () {
      const origin = yield* Origin.make({ host: "api.test" }, { reply: Effect.die(boom) })
      yield* asked(`${origin.url}/x`)
      assert.lengthOf(yield* origin.failures, 1)
    }).pipe(
      Effect.scoped,
      Effect.provide(client),
      Effect.ensuring(Effect.sync(() => assert.deepStrictEqual(printed, [])))
    )
  )

  it.effect("is recorded for an app that an origin serves, and with mode die fails the test", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.flatMap(
        Origin.app({ host: "app.test", onHandlerFailure: "die" }, Effect.fail("no stock")),
        asked
      ).pipe(Effect.scoped, Effect.exit)
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "no stock")
    }).pipe(Effect.provide(client))
  )
})
