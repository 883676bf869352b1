/**
 * File upload with progress: the page shows what was sent, the server what it has read.
 *
 * Files are read as they arrive and never buffered; a part over 100 MiB, or a 21st part, gets 413, and the
 * rest is not read. `PORT`: where it listens (default 3000).
 */
import {
  FileSystem,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse,
  Multipart
} from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { NodeHttpServer } from "@httpfx/node"
import { Config, Effect, Layer, Option, Stream } from "effect"
import { createHash } from "node:crypto"
import { page } from "./page.js"

interface Received {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

const receive = (file: Multipart.File) =>
  Effect.suspend(() => {
    const hash = createHash("sha256")
    let bytes = 0
    return Stream.runForEach(file.content, (chunk) =>
      Effect.sync(() => {
        hash.update(chunk)
        bytes += chunk.length
      })
    ).pipe(Effect.map((): Received => ({ name: file.name, bytes, sha256: hash.digest("hex") })))
  })

const upload = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const files = yield* request.multipartStream.pipe(
    Stream.filter(Multipart.isFile),
    Stream.mapEffect(receive),
    Stream.runCollect
  )
  return yield* HttpServerResponse.json([...files])
}).pipe(
  Multipart.withLimits({
    maxParts: Option.some(20),
    maxFieldSize: FileSystem.KiB(64),
    maxFileSize: Option.some(FileSystem.MiB(100))
  }),
  Effect.catchTag("MultipartError", ({ reason }) =>
    HttpServerResponse.text(`${reason}\n`, { status: /TooLarge|TooMany/.test(reason) ? 413 : 400 })
  )
)

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/", HttpServerResponse.html(page)),
  HttpRouter.post("/upload", upload)
)

const main = HttpServer.serve(router).pipe(
  HttpServer.withLogAddress,
  Layer.provide(NodeHttpServer.layerConfig({ port: Config.withDefault(Config.integer("PORT"), 3000) }))
)

runMain(Layer.launch(main))
