// A server and a client of Effect 4 that know nothing of httpfx. Prints what the client has received, and
// which module both have used.
import { createRequire } from "node:module"
import { createServer } from "node:http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import {
  HttpBody,
  HttpClient,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "effect/http"
import * as Layer from "effect/Layer"

const echo = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
  HttpServerResponse.stream(request.stream)
)
const app = HttpRouter.serve(
  Layer.mergeAll(
    HttpRouter.add("GET", "/", HttpServerResponse.text("Hello, World!")),
    HttpRouter.add("POST", "/echo", echo)
  ),
  { disableListenLog: true, disableLogger: true }
)

const main = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  const url = `http://127.0.0.1:${address.port}`
  const hello = yield* Effect.flatMap(HttpClient.get(url), (response) => response.text)
  const body = HttpBody.uint8Array(new Uint8Array(3_000_000))
  const echoed = yield* Effect.flatMap(
    HttpClient.post(`${url}/echo`, { body }),
    (response) => response.arrayBuffer
  )
  // The client of Effect 4 requires the module, and this file imports it.
  const { request } = createRequire(import.meta.url)("node:http")
  const own = yield* Effect.promise(() => import("@httpfx/node/http"))
  const isOurs = createServer === own.createServer && request === own.request
  return { hello, echoed: echoed.byteLength, engine: isOurs ? "ours" : "built in" }
})

const layer = Layer.mergeAll(
  Layer.provideMerge(
    app,
    NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })
  ),
  NodeHttpClient.layerNodeHttp
)
console.log(JSON.stringify(await Effect.runPromise(Effect.provide(main, layer))))
