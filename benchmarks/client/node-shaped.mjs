// The same requests on the callback API of httpfx.
import * as http from "@httpfx/node/http"
import { requests } from "./requests.mjs"

export const start = async (url) => requests(http, url)
