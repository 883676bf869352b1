// The baseline: the built-in server. Like the other contestants, it keeps idle connections for longer than a
// measurement.
import * as http from "node:http"
import { serve } from "./callbacks.mjs"

export const start = () => serve(http)
