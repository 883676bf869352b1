// The page of compression/page.mjs, compressed for clients that accept it.
import { HttpServer } from "@effect/platform"
import { NodeCompression } from "@httpfx/node"
import { app } from "./page.mjs"

export const serving = HttpServer.serve(app.pipe(NodeCompression.compress()))
