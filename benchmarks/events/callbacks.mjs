// Server-sent events by callbacks, on a module with the API of `node:http`. Sends them as fast as the client
// reads.
import { event, type } from "./app.mjs"

export const serve = ({ createServer }) =>
  new Promise((resolve) => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": type })
      const more = () => {
        while (!response.destroyed && response.write(event()));
      }
      response.on("drain", more)
      more()
    })
    server.listen(0, "127.0.0.1", () => resolve(server.address().port))
  })
