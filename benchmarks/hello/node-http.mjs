// The baseline: a callback on the built-in server.
import * as http from "node:http"
import { serve } from "./callbacks.mjs"

export const start = () => serve(http)
