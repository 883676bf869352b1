// socket.io: from polling to a WebSocket, acknowledgements, rooms, binary data, a reconnection.
import http from "node:http"
import { once } from "node:events"
import { Server } from "socket.io"
import { io } from "socket.io-client"
import { listen, report } from "./tools.mjs"

const server = http.createServer()
const app = new Server(server)
app.on("connection", (socket) => {
  socket.on("echo", (data, reply) => reply(data))
  socket.on("join", (room, reply) => {
    socket.join(room)
    reply(true)
  })
})
const url = `http://127.0.0.1:${await listen(server)}`
const one = io(url, { forceNew: true })
const two = io(url, { forceNew: true, transports: ["polling"] })
const emit = (socket, ...args) => new Promise((resolve) => socket.emit(...args, resolve))
const upgraded = new Promise((resolve) =>
  one.io.engine.once("upgrade", (transport) => resolve(transport.name))
)
report("echo", await emit(one, "echo", { a: [1, 2] }))
report("upgraded", await upgraded)
report("binary", (await emit(one, "echo", Buffer.alloc(50_000, 7))).length)
report("polling", [await emit(two, "echo", "x"), two.io.engine.transport.name])
await Promise.all([emit(one, "join", "room"), emit(two, "join", "room")])
const heard = Promise.all([once(one, "news"), once(two, "news")])
app.to("room").emit("news", 42)
report("room", await heard)
const gone = once(one, "disconnect")
one.io.engine.close()
report("disconnect", (await gone)[0])
two.close()
one.close()
await app.close()
