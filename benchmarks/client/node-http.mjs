// The baseline: `http.request` with an agent that keeps connections.
import * as http from "node:http"
import { requests } from "./requests.mjs"

export const start = async (url) => requests(http, url)
