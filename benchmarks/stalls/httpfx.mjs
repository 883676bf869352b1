// The app of `stalls` on httpfx, with the default options.
import * as NodeHttpClient from "@httpfx/node/NodeHttpClient"
import * as NodeHttpServer from "@httpfx/node/NodeHttpServer"
import { serve } from "./app.mjs"

export const start = () => serve(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" }), NodeHttpClient.layer)
