// Serves an app on the server of a layer. The URL of the contestant names the app (`httpfx.mjs?router` serves
// router.mjs).
import * as HttpServer from "@effect/platform/HttpServer"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

/** Starts the server. Returns its port. */
export const serve = async (url, server) => {
  const { serving } = await import(`./${new URL(url).search.slice(1)}.mjs`)
  const runtime = ManagedRuntime.make(Layer.provideMerge(serving, server))
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  return address.port
}
