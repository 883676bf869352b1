// Hello by an Effect program on httpfx, with TLS.
import * as NodeHttpServer from "@httpfx/node/NodeHttpServer"
import { serve } from "../hello/app.mjs"
import { tls } from "./certificate.mjs"

export const start = () => serve(NodeHttpServer.layer({ port: 0, host: "127.0.0.1", tls }))
