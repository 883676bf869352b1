// The API of api.mjs with compiled routes, which only our server has.
import * as Serve from "@httpfx/core/Serve"
import * as Layer from "effect/Layer"
import { live } from "./api.mjs"

export const serving = Layer.provide(Serve.httpApi(), live)
