// The page on `node:http`, compressed with `node:zlib` on its threads.
import * as http from "node:http"
import { gzip } from "node:zlib"
import { contentType, page } from "./page.mjs"

export const start = () =>
  new Promise((resolve) => {
    const server = http.createServer((_request, response) => {
      gzip(page, (_error, coded) => {
        response.writeHead(200, {
          "content-type": contentType,
          "content-encoding": "gzip",
          vary: "Accept-Encoding",
          "content-length": coded.length
        })
        response.end(coded)
      })
    })
    server.listen(0, "127.0.0.1", () => resolve(server.address().port))
  })
