// The app on httpfx, with the default options.
import * as NodeHttpServer from "@httpfx/node/NodeHttpServer"
import { serve } from "./serve.mjs"

export const start = () => serve(import.meta.url, NodeHttpServer.layer({ port: 0, host: "127.0.0.1" }))
