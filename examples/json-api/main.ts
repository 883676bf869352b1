/**
 * A JSON API: requests and responses are schemas, errors are types with a status, and `/` leads to a page to
 * try it.
 *
 * `PORT`: where it listens (default 3000). It keeps the last thousand notes in memory only.
 */
import {
  FileSystem,
  HttpApiBuilder,
  HttpApiSwagger,
  HttpMiddleware,
  HttpServer,
  HttpServerResponse
} from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { NodeHttpServer } from "@httpfx/node"
import { Config, Effect, Layer, Option, Ref } from "effect"
import { Api, NoSuchNote, Note } from "./api.js"

const mostNotes = 1000

interface Store {
  readonly next: number
  readonly notes: ReadonlyMap<number, Note>
}

const NotesLive = HttpApiBuilder.group(Api, "notes", (handlers) =>
  Effect.gen(function* () {
    const store = yield* Ref.make<Store>({ next: 1, notes: new Map() })
    const find = (id: number) =>
      Effect.flatMap(Ref.get(store), ({ notes }) =>
        Effect.mapError(Option.fromNullable(notes.get(id)), () => new NoSuchNote({ id }))
      )
    return handlers
      .handle("list", () => Effect.map(Ref.get(store), ({ notes }) => [...notes.values()]))
      .handle("add", ({ payload }) =>
        Ref.modify(store, ({ next, notes }) => {
          const note = new Note({ id: next, text: payload.text })
          const kept = [...notes, [next, note] as const].slice(-mostNotes)
          return [note, { next: next + 1, notes: new Map(kept) }]
        })
      )
      .handle("get", ({ path }) => find(path.id))
      .handle("remove", ({ path }) =>
        Effect.zipRight(
          find(path.id),
          Ref.update(store, ({ next, notes }) => ({
            next,
            notes: new Map([...notes].filter(([id]) => id !== path.id))
          }))
        )
      )
  })
)

const StartLive = HttpApiBuilder.Router.use((router) => router.get("/", HttpServerResponse.redirect("/docs")))

const main = HttpApiBuilder.serve(HttpMiddleware.logger).pipe(
  Layer.provide([HttpApiSwagger.layer(), StartLive]),
  Layer.provide(HttpApiBuilder.api(Api)),
  Layer.provide(NotesLive),
  HttpServer.withLogAddress,
  Layer.provide(
    NodeHttpServer.layerConfig({
      port: Config.withDefault(Config.integer("PORT"), 3000),
      maxBodySize: Config.succeed(FileSystem.KiB(64))
    })
  )
)

runMain(Layer.launch(main))
