// The app by callbacks, on a module with the API of `node:http`.
import { hello, makePiece } from "./app.mjs"

const download = (response) => {
  const more = () => {
    while (!response.destroyed && response.write(makePiece()));
  }
  response.on("drain", more)
  more()
}

export const serve = ({ createServer }) =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      if (request.url === "/download") return download(response)
      const answer = () => {
        response.writeHead(200, { "content-type": "text/plain", "content-length": hello.length })
        response.end(hello)
      }
      if (request.method === "GET") return answer()
      request.resume()
      request.on("end", answer)
    })
    server.listen(0, "127.0.0.1", () => resolve(server.address().port))
  })
