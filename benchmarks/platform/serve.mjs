// Serves the app named in a contestant's URL (`httpfx.mjs?router`: router.mjs) on the server of a layer.
import * as HttpServer from "@effect/platform/HttpServer"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

/** Returns the port. */
export const serve = async (url, server) => {
  const { serving } = await import(`./${new URL(url).search.slice(1)}.mjs`)
  const runtime = ManagedRuntime.make(Layer.provideMerge(serving, server))
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  return address.port
}
