// Hello on the callback API of httpfx.
import * as https from "@httpfx/node/https"
import { serve } from "./callbacks.mjs"

export const start = () => serve(https)
