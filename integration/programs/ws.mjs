// ws: text and binary messages, fragments, compression, pings, close codes, a refused upgrade.
import http from "node:http"
import { once } from "node:events"
import { WebSocket, WebSocketServer } from "ws"
import { close, listen, report } from "./tools.mjs"

const server = http.createServer((_req, res) => res.end("no socket here"))
const wss = new WebSocketServer({ noServer: true, perMessageDeflate: true })
server.on("upgrade", (req, socket, head) => {
  if (req.url === "/refused") return socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
  wss.handleUpgrade(req, socket, head, (client) => wss.emit("connection", client, req))
})
wss.on("connection", (client, req) => {
  client.send(`hello ${req.headers["x-user"]}`)
  client.on("message", (data, binary) => client.send(data, { binary }))
})
const url = `ws://127.0.0.1:${await listen(server)}`
const client = new WebSocket(`${url}/`, "proto", { headers: { "X-User": "me" } })
const messages = []
client.on("message", (data, binary) =>
  messages.push(binary ? `binary ${data.length}` : String(data).slice(0, 20))
)
await once(client, "open")
report("protocol", client.protocol)
client.send("text")
client.send(Buffer.alloc(300_000, 1))
client.send("x".repeat(100_000))
client.send("frag", { fin: false })
client.send("ment", { fin: true })
const pong = once(client, "pong")
client.ping("are you there")
report("pong", String((await pong)[0]))
while (messages.length < 5) await once(client, "message")
report("messages", messages)
client.close(4001, "enough")
const [code, reason] = await once(client, "close")
report("close", [code, String(reason)])
const refused = new WebSocket(`${url}/refused`)
report(
  "refused",
  await once(refused, "error")
    .catch((error) => error.message)
    .then(([error]) => error.message)
)
const plain = new WebSocket(`http://127.0.0.1:1/`.replace("http", "ws"))
report("nobody", (await once(plain, "error"))[0].code)
wss.close()
close(server)
