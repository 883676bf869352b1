// Serves an app on the server of `@effect/platform-node` 4, with the default options. The URL names the app:
// `start.mjs?router` serves router.mjs. With `&ours` the server uses our callback API instead of `node:http`.
import * as builtIn from "node:http"
import * as ours from "@httpfx/node/http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { HttpServer } from "effect/http"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

/** Starts the server. Returns its port. */
export const start = async () => {
  const [app, own] = new URL(import.meta.url).search.slice(1).split("&")
  const { serving } = await import(`./${app}.mjs`)
  const { createServer } = own === "ours" ? ours : builtIn
  const server = NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })
  const runtime = ManagedRuntime.make(Layer.provideMerge(serving, server))
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  return address.port
}
