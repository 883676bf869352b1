// The upper bound: a socket that replies to any bytes with a constant, without parsing HTTP.
import { createServer } from "node:net"

const answer = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, World!",
  "latin1"
)

export const start = () =>
  new Promise((resolve) => {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on("data", () => socket.write(answer))
      socket.on("error", () => socket.destroy())
    })
    server.listen(0, "127.0.0.1", () => resolve(server.address().port))
  })
