// Streams by callbacks, on a module with the API of `node:http`.
import { makePiece, piecesOf } from "./app.mjs"

const download = (url, response) => {
  response.writeHead(200, { "content-type": "application/octet-stream" })
  let left = piecesOf(url)
  const more = () => {
    while (left > 0) {
      left--
      if (!response.write(makePiece())) return void response.once("drain", more)
    }
    response.end()
  }
  more()
}

const upload = (request, response) => {
  let bytes = 0
  request.on("data", (piece) => (bytes += piece.length))
  request.on("end", () => {
    const text = String(bytes)
    response.writeHead(200, { "content-type": "text/plain", "content-length": text.length })
    response.end(text)
  })
}

/** Starts the server. Returns its port. */
export const serve = ({ createServer }) =>
  new Promise((resolve) => {
    const server = createServer((request, response) =>
      request.method === "GET" ? download(request.url, response) : upload(request, response)
    )
    server.listen(0, "127.0.0.1", () => resolve(server.address().port))
  })
