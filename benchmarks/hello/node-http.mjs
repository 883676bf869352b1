// The baseline: a callback on the built-in server, as short as a program can be that sends the same response.
import { createServer } from "node:http"

export const start = () =>
  new Promise((resolve) => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "content-length": 13 })
      response.end("Hello, World!")
    })
    server.listen(0, "127.0.0.1", () => resolve(server.address().port))
  })
