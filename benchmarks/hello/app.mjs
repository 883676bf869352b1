// The Effect program that both Effect contestants serve. It builds a new response for each request.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

export const app = Effect.sync(() => HttpServerResponse.text("Hello, World!"))

/** Serves `app` on the server of the layer. Returns its port. */
export const serve = async (server) => {
  const runtime = ManagedRuntime.make(Layer.provideMerge(HttpServer.serve(app), server))
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  return address.port
}
