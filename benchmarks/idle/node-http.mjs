// The baseline: the built-in server. Like the others, it keeps idle connections for longer than the
// measurement takes.
import * as http from "node:http"
import { serve } from "./callbacks.mjs"

export const start = () => serve(http)
