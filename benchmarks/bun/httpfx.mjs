// The Effect program of hello/app.mjs on the sockets of Bun, with the default options.
import { Server } from "@httpfx/core"
import * as BunNetwork from "@httpfx/node/BunNetwork"
import * as NodeHttpServer from "@httpfx/node/NodeHttpServer"
import * as Layer from "effect/Layer"
import { serve } from "../hello/app.mjs"

const server = Layer.provide(Server.layer({ port: 0, host: "127.0.0.1" }), BunNetwork.layer)

export const start = () => serve(Layer.merge(server, NodeHttpServer.layerContext))
