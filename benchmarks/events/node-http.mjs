// Server-sent events on `node:http`.
import * as http from "node:http"
import { serve } from "./callbacks.mjs"

export const start = () => serve(http)
