/** `noRealNetwork` checks each test of this file separately. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { NodeHttpServer } from "@httpfx/node"
import * as TestServer from "@httpfx/testing/TestServer"
import { noRealNetwork } from "@httpfx/testing/vitest"

const allow = noRealNetwork({ allow: "always.test" })

const hello = Effect.zipRight(
  HttpServer.serveEffect(HttpServerResponse.text("hello")),
  Effect.flatMap(HttpClient.get("/"), (response) => response.text)
).pipe(
  Effect.map((text) => expect(text).toBe("hello")),
  Effect.scoped
)

it.effect("a test in memory passes", () => Effect.provide(hello, TestServer.layer()))

it.effect.fails("a test on real sockets fails", () => Effect.provide(hello, NodeHttpServer.layerTest))

it.effect("a test on real sockets passes if it allows them", () =>
  Effect.zipRight(
    Effect.sync(() => allow("127.0.0.1")),
    Effect.provide(hello, NodeHttpServer.layerTest)
  )
)

it.effect.fails("what one test allows is not allowed in the next", () =>
  Effect.provide(hello, NodeHttpServer.layerTest)
)
