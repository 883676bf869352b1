// The same app on `@effect/platform-node`, with the default options.
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { serve } from "./serve.mjs"

export const start = () =>
  serve(
    import.meta.url,
    NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })
  )
