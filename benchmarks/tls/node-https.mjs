// Hello on `node:https`.
import * as https from "node:https"
import { serve } from "./callbacks.mjs"

export const start = () => serve(https)
