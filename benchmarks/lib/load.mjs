// The load generator: keep-alive connections, each with one request under way at a time, over plain `net` sockets.
// It learns the length of the response from the first one (by its framing) and then only counts bytes, so that it needs
// less of its core than any server it drives. A response of another length, or a closed connection, is reported.
import { connect } from "node:net"
import { exchange } from "./exchange.mjs"

let sockets = []
let count = 0
let trouble

const open = (port, request, length) =>
  new Promise((resolve, reject) => {
    let received = 0
    const socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      // One buffer for all reads: nothing is allocated for bytes that are only counted.
      onread: {
        buffer: Buffer.allocUnsafe(65536),
        callback(bytes) {
          received += bytes
          if (received === length) {
            received = 0
            count++
            // A string costs less here than a Buffer (measured: 3 % of the core).
            socket.write(request, "latin1")
          } else if (received > length) trouble ??= `a response had more than ${length} bytes`
          return true
        }
      }
    })
    socket.on("connect", () => resolve(socket))
    socket.on("error", (error) => {
      trouble ??= error.message
      reject(error)
    })
    socket.on("close", () => {
      if (sockets.includes(socket)) trouble ??= "a connection was closed"
    })
  })

const commands = {
  async start({ port, request, connections }) {
    const { length } = await exchange(port, request)
    trouble = undefined
    count = 0
    sockets = await Promise.all(Array.from({ length: connections }, () => open(port, request, length)))
    for (const socket of sockets) socket.write(request, "latin1")
  },
  mark: () => ({ at: performance.now(), cpu: process.cpuUsage(), count, trouble }),
  stop() {
    const closing = sockets
    sockets = []
    for (const socket of closing) socket.destroy()
  }
}

process.on("message", async ({ command, ...input }) => {
  try {
    process.send({ value: await commands[command](input) })
  } catch (error) {
    process.send({ error: String(error) })
  }
})
process.on("disconnect", () => process.exit())
