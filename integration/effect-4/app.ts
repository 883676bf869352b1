/** The app that the programs serve and call: a text, streams, an upload, a WebSocket, and two that wait. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse, Multipart } from "effect/http"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as FileSystem from "effect/FileSystem"
import * as Stream from "effect/Stream"

const Upload = Schema.Struct({ title: Schema.String, file: Multipart.SingleFileSchema })

const upload = Effect.gen(function* () {
  const { file, title } = yield* HttpServerRequest.schemaBodyMultipart(Upload)
  const files = yield* FileSystem.FileSystem
  const { size } = yield* files.stat(file.path)
  return yield* HttpServerResponse.json({ title, name: file.name, size: Number(size) })
})

const echo = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
  HttpServerResponse.stream(request.stream)
)

const louder = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const socket = yield* request.upgrade
  const { pull } = yield* socket.reader
  const { write } = yield* socket.writer
  // Every end of the connection fails the pull.
  return yield* Effect.forever(
    Effect.flatMap(pull, (messages) =>
      Effect.forEach(messages, (message) => write(String(message).toUpperCase()))
    )
  )
}).pipe(
  Effect.scoped,
  Effect.catch(() => Effect.succeed(HttpServerResponse.empty()))
)

/** How many parts the route `/numbers` sends. */
export const parts = 500

const numbers = Stream.range(1, parts).pipe(
  Stream.map((n) => `${n}\n`),
  Stream.encodeText
)

/** The app, and what a test observes of it. */
export const makeApp = () => {
  const arrived = Deferred.makeUnsafe<void>()
  const interrupted = Deferred.makeUnsafe<void>()
  const gate = Latch.makeUnsafe(false)
  const waits = Effect.andThen(Deferred.succeed(arrived, undefined), gate.await).pipe(
    Effect.as(HttpServerResponse.text("late")),
    Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
  )
  const routes = Layer.mergeAll(
    HttpRouter.add("GET", "/", HttpServerResponse.text("Hello, World!")),
    HttpRouter.add("GET", "/numbers", HttpServerResponse.stream(numbers)),
    HttpRouter.add("POST", "/echo", echo),
    HttpRouter.add("POST", "/upload", upload),
    HttpRouter.add("GET", "/louder", louder),
    HttpRouter.add("GET", "/waits", waits)
  )
  const app = HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true })
  return { app, arrived: Deferred.await(arrived), interrupted: Deferred.await(interrupted), open: gate.open }
}
