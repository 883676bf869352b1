// Sends texts of a given size by callbacks, on a module with the API of `node:http`.
import { textOf } from "./bodies.mjs"

export const serve = ({ createServer }) =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      const text = textOf(request.url)
      response.writeHead(200, { "content-type": "text/plain", "content-length": text.length })
      response.end(text)
    })
    server.listen(0, "127.0.0.1", () => resolve(server.address().port))
  })
