// A minimal callback on a module with the API of `node:http`.
export const serve = ({ createServer }) =>
  new Promise((resolve) => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "content-length": 13 })
      response.end("Hello, World!")
    })
    server.listen(0, "127.0.0.1", () => resolve(server.address().port))
  })
