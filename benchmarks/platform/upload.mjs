// A form with a file. The app reads its parts one by one and counts their bytes.
import { HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const sizeOf = (part) =>
  part._tag === "File"
    ? Stream.runFold(part.content, 0, (sum, piece) => sum + piece.length)
    : Effect.succeed(0)

export const serving = HttpServer.serve(
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ multipartStream }) =>
    multipartStream.pipe(
      Stream.mapEffect(sizeOf),
      Stream.runSum,
      Effect.map((bytes) => HttpServerResponse.text(`${bytes}`))
    )
  )
)
