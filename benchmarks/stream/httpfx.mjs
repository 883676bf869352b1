// The same as an Effect program on httpfx, with the default options.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as NodeHttpServer from "@httpfx/node/NodeHttpServer"
import { makePiece, piecesOf } from "./app.mjs"

const download = (url) =>
  HttpServerResponse.stream(
    Stream.unfold(piecesOf(url), (left) => (left > 0 ? Option.some([makePiece(), left - 1]) : Option.none()))
  )

const upload = (request) =>
  Effect.map(
    Stream.runFold(request.stream, 0, (bytes, piece) => bytes + piece.length),
    (bytes) => HttpServerResponse.text(String(bytes))
  )

const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
  request.method === "GET" ? Effect.succeed(download(request.url)) : upload(request)
)

export const start = async () => {
  const runtime = ManagedRuntime.make(
    Layer.provideMerge(HttpServer.serve(app), NodeHttpServer.layer({ port: 0, host: "127.0.0.1" }))
  )
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  return address.port
}
