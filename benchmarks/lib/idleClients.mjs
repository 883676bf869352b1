// The clients of the idle connections. They open a number of connections, send one request on each, and keep
// the connections open.
import { connect } from "node:net"
import { exchange } from "./exchange.mjs"

const request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

// Maximum number of concurrent attempts to connect. More attempts would only wait in the server's backlog.
const atOnce = 100

const sockets = []
let closed = 0

const open = (port, length) =>
  new Promise((resolve, reject) => {
    let received = 0
    const socket = connect({
      port,
      host: "127.0.0.1",
      onread: {
        buffer: Buffer.allocUnsafe(length + 1),
        callback: (bytes) => {
          received += bytes
          if (received === length) resolve()
          else if (received > length) reject(new Error(`a response had more than ${length} bytes`))
          return true
        }
      }
    })
    sockets.push(socket)
    socket.on("error", reject)
    socket.on("close", () => {
      closed++
      reject(new Error("a connection was closed before its response"))
    })
    socket.write(request, "latin1")
  })

const openAll = async ({ port, connections }) => {
  const { length } = await exchange(port, request)
  let left = connections
  const some = async () => {
    while (left > 0) {
      left--
      await open(port, length)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, some))
}

const commands = { open: openAll, closed: () => closed }

process.on("message", async ({ command, ...input }) => {
  try {
    process.send({ value: (await commands[command](input)) ?? null })
  } catch (error) {
    process.send({ error: String(error) })
  }
})
process.on("disconnect", () => process.exit())
