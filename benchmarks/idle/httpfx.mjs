// The program of `hello` on httpfx.
import * as Layer from "effect/Layer"
import * as Timeouts from "@httpfx/core/Timeouts"
import * as NodeHttpServer from "@httpfx/node/NodeHttpServer"
import { serve } from "../hello/app.mjs"
import { keepAliveTimeout } from "./patience.mjs"

export const start = () =>
  serve(
    Layer.provide(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" }), Timeouts.layer({ keepAliveTimeout }))
  )
