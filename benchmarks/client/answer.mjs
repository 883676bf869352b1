// The server of the client scenarios: a raw socket that replies to each head with the same bytes, at little
// cost.
import { createServer } from "node:net"

const body = "Hello, World!"
const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const server = createServer({ noDelay: true }, (socket) => {
  let tail = ""
  socket.setEncoding("latin1")
  socket.on("data", (chunk) => {
    const text = tail + chunk
    let answers = ""
    let from = 0
    for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n", from)) {
      answers += answer
      from = end + 4
    }
    tail = text.slice(from)
    if (answers !== "") socket.write(answers, "latin1")
  })
  socket.on("error", () => {})
})

server.listen(0, "127.0.0.1")
process.on("message", (question) => {
  if (question === "port") process.send(server.address().port)
  else process.send({ at: performance.now(), cpu: process.cpuUsage() })
})
process.on("disconnect", () => process.exit())
