// Server-sent events on the callback API of httpfx.
import * as http from "@httpfx/node/http"
import { serve } from "./callbacks.mjs"

export const start = () => serve(http)
