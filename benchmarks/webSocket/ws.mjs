// A WebSocket echo by `ws` on `node:http`.
import { createServer } from "node:http"
import { WebSocketServer } from "ws"

export const start = () =>
  new Promise((resolve) => {
    const server = createServer()
    const sockets = new WebSocketServer({ server })
    sockets.on("connection", (socket) =>
      socket.on("message", (data, binary) => socket.send(data, { binary }))
    )
    server.listen(0, "127.0.0.1", () => resolve(server.address().port))
  })
