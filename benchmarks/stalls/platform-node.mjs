// The app of `stalls` on `@effect/platform-node`, with the default options.
import { createServer } from "node:http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { serve } from "./app.mjs"

export const start = () =>
  serve(
    NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" }),
    NodeHttpClient.layer
  )
