// The routes for the situations of `stalls`: rows that are all in memory, a form, an echo of WebSocket
// messages, and an upload.
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

const encoder = new TextEncoder()
const text = "x".repeat(200)
/** A stream of rows that never waits. */
const rows = Stream.map(Stream.range(1, 1_000_000), (n) => encoder.encode(`{"row":${n},"text":"${text}"}\n`))

const echo = Effect.gen(function* () {
  const socket = yield* HttpServerRequest.upgrade
  const write = yield* socket.writer
  yield* socket.runRaw((message) => write(message))
  return HttpServerResponse.empty()
})

const app = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  switch (request.url) {
    case "/rows":
      return HttpServerResponse.stream(rows)
    case "/form":
      yield* request.multipart
      return HttpServerResponse.text("a whole form")
    case "/limited":
      yield* HttpServerRequest.withMaxBodySize(request.multipart, Option.some(1000))
      return HttpServerResponse.text("a whole form")
    case "/socket":
      return yield* echo
    default:
      return HttpServerResponse.text("Hello, World!")
  }
}).pipe(Effect.scoped)

/**
 * Serves the app with the layer of a server, and uploads with the layer of a client. Returns the port, and a
 * function that uploads to another server.
 */
export const serve = async (server, client) => {
  const runtime = ManagedRuntime.make(
    HttpServer.serve(app).pipe(
      Layer.provideMerge(server),
      Layer.provideMerge(client),
      Layer.provideMerge(Logger.minimumLogLevel(LogLevel.None))
    )
  )
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  const upload = (port) => {
    const request = HttpClientRequest.post(`http://127.0.0.1:${port}/`)
    const sent = HttpClient.execute(HttpClientRequest.bodyStream(request, rows))
    return runtime.runPromise(Effect.ignore(Effect.scoped(sent)))
  }
  return { port: address.port, upload }
}
