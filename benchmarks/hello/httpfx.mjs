// The Effect program on httpfx, over real sockets, with the default options.
import * as NodeHttpServer from "@httpfx/node/NodeHttpServer"
import { serve } from "./app.mjs"

/**
 * The benchmarked configuration. `test/benchmarked-configuration.test.ts` checks that the server is complete.
 */
export const layer = NodeHttpServer.layer({ port: 0, host: "127.0.0.1" })

export const start = () => serve(layer)
