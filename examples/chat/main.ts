/**
 * A chat over WebSockets: everyone with the page open is in the room.
 *
 * Only pages of this server may join, although browsers allow any page to open the socket. A member that
 * reads too slowly misses lines instead of delaying the others; one that sends too large a message is closed.
 * When the server is told to stop, it closes all sockets with 1001 ("going away"), and the pages reconnect.
 * `PORT`: where it listens (default 3000).
 */
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse, Socket } from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { Shutdown } from "@httpfx/core"
import { NodeHttpServer } from "@httpfx/node"
import { Config, Context, Effect, Layer, PubSub, Schema, Stream } from "effect"
import { page } from "./page.js"

// A line has at most 1000 characters of up to three bytes. Limit messages: each is buffered whole, by default
// up to 100 MiB.
const maxPayload = 3000

class Room extends Context.Tag("Room")<Room, PubSub.PubSub<string>>() {}
const RoomLive = Layer.scoped(Room, PubSub.sliding<string>(64))

const Query = Schema.Struct({ name: Schema.NonEmptyTrimmedString.pipe(Schema.maxLength(30)) })

// A page of another site would act with the rights of its visitor.
const isOwn = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  headers["origin"] === undefined || headers["origin"].replace(/^https?:\/\//, "") === headers["host"]

const chat = Effect.gen(function* () {
  if (!isOwn(yield* HttpServerRequest.HttpServerRequest)) return HttpServerResponse.empty({ status: 403 })
  const { name } = yield* HttpServerRequest.schemaSearchParams(Query)
  const room = yield* Room
  const socket = yield* HttpServerRequest.upgrade
  const write = yield* socket.writer
  // Subscribe before the socket runs, so that an announced member gets every line.
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
