/**
 * A chat over WebSockets: whoever opens the page is in the room.
 *
 * Only pages of this server may join: a browser would open the socket for any. A member that reads too slowly
 * misses lines instead of holding the others up, and one whose message is larger than a line can be is
 * closed. When the server is told to stop, everybody is told so (1001, "going away"), and the page connects
 * again. `PORT` says where it listens (default 3000).
 */
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse, Socket } from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { Shutdown } from "@httpfx/core"
import { NodeHttpServer } from "@httpfx/node"
import { Config, Context, Effect, Layer, PubSub, Schema, Stream } from "effect"
import { page } from "./page.js"

// A line has 1000 characters at most, of up to three bytes each. A message is held whole, by default up to
// 100 MiB.
const maxPayload = 3000

class Room extends Context.Tag("Room")<Room, PubSub.PubSub<string>>() {}
const RoomLive = Layer.scoped(Room, PubSub.sliding<string>(64))

const Query = Schema.Struct({ name: Schema.NonEmptyTrimmedString.pipe(Schema.maxLength(30)) })

// A page of another site would speak with the rights of whoever looks at it.
const isOwn = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  headers["origin"] === undefined || headers["origin"].replace(/^https?:\/\//, "") === headers["host"]

const chat = Effect.gen(function* () {
  if (!isOwn(yield* HttpServerRequest.HttpServerRequest)) return HttpServerResponse.empty({ status: 403 })
  const { name } = yield* HttpServerRequest.schemaSearchParams(Query)
  const room = yield* Room
  const socket = yield* HttpServerRequest.upgrade
  const write = yield* socket.writer
  // Before the socket runs: nobody is told of a member that hears nothing.
  const lines = yield* Stream.fromPubSub(room, { scoped: true })
  const say = (text: string) => PubSub.publish(room, text)
  const listen = socket.runRaw((message) => say(`${name}: ${String(message).slice(0, 1000)}`), {
    onOpen: say(`${name} is here`)
  })
  const goodbye = Effect.zipRight(
    Shutdown.awaitDrain,
    write(new Socket.CloseEvent(1001, "the server is going away"))
  )
  yield* Effect.forkScoped(Stream.runForEach(lines, write))
  yield* Effect.forkScoped(goodbye)
  yield* Effect.ensuring(Effect.ignore(listen), say(`${name} has left`))
  return HttpServerResponse.empty()
}).pipe(
  Effect.catchTag("ParseError", () => HttpServerResponse.text("a name, please\n", { status: 400 })),
  Effect.scoped
)

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/", HttpServerResponse.html(page)),
  HttpRouter.get("/chat", chat)
)

const main = HttpServer.serve(router).pipe(
  Layer.provide(RoomLive),
  HttpServer.withLogAddress,
  Layer.provide(
    NodeHttpServer.layerConfig({
      port: Config.withDefault(Config.integer("PORT"), 3000),
      maxConnections: Config.succeed(1000),
      webSocket: { maxPayload: Config.succeed(maxPayload) }
    })
  )
)

runMain(Layer.launch(main))
