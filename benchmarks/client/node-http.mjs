// The baseline: `http.request` with a keep-alive agent.
import * as http from "node:http"
import { requests } from "./requests.mjs"

export const start = async (url) => requests(http, url)
