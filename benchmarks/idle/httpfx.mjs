// The program of `hello` on httpfx.
import * as Layer from "effect/Layer"
import * as ServerTimeouts from "@httpfx/core/ServerTimeouts"
import * as NodeHttpServer from "@httpfx/node/NodeHttpServer"
import { serve } from "../hello/app.mjs"
import { keepAliveTimeout } from "./patience.mjs"

export const start = () =>
  serve(
    Layer.provide(
      NodeHttpServer.layer({ port: 0, host: "127.0.0.1" }),
      ServerTimeouts.layer({ keepAliveTimeout })
    )
  )
