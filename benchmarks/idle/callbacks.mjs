// Hello world by a callback, on a module with the API of `node:http`.
import { keepAliveTimeout } from "./patience.mjs"

/** Starts the server. Returns its port. */
export const serve = ({ createServer }) =>
  new Promise((resolve) => {
    const server = createServer({ keepAliveTimeout }, (_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "content-length": 13 })
      response.end("Hello, World!")
    })
    server.listen(0, "127.0.0.1", () => resolve(server.address().port))
  })
