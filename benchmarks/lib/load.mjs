// The load generator: keep-alive connections over plain `net` sockets (`node:tls` with `secure`), each with
// one request in flight, or with `depth` requests. It takes the length of the response from the first
// response, and then only counts bytes, so that it needs less CPU than any server. It reports responses of
// another length and closed connections. Other kinds of load: `marks` counts occurrences of a text in an
// endless response, and `frames` sends a frame repeatedly after a handshake.
import { connect } from "node:net"
import { connect as connectSecurely } from "node:tls"
import { exchange } from "./exchange.mjs"

let sockets = []
let count = 0
let trouble

// All reads use one buffer, because bytes that are only counted need no allocation.
const reading = (callback) => ({ buffer: Buffer.allocUnsafe(65536), callback })

/** Opens a connection. `read(length, bytes)` is called for each read. */
const open = ({ port, secure }, read) =>
  new Promise((resolve, reject) => {
    const where = { port, host: "127.0.0.1", noDelay: true }
    const socket = secure
      ? connectSecurely({ ...where, rejectUnauthorized: false })
      : connect({
          ...where,
          onread: reading((length, bytes) => {
            read(length, bytes, socket)
            return true
          })
        })
    if (secure) socket.on("data", (bytes) => read(bytes.length, bytes, socket))
    socket.on(secure ? "secureConnect" : "connect", () => resolve(socket))
    socket.on("error", (error) => {
      trouble ??= error.message
      reject(error)
    })
    socket.on("close", () => {
      if (sockets.includes(socket)) trouble ??= "a connection was closed"
    })
  })

/** Sends `text` again whenever `length` bytes have arrived. */
const again = (text, length, responses = 1) => {
  let received = 0
  return (bytes, _buffer, socket) => {
    received += bytes
    if (received === length) {
      received = 0
      count += responses
      // Writing a string costs less here than writing a Buffer (measured: 3 % of the core).
      socket.write(text, "latin1")
    } else if (received > length) trouble ??= `a response had more than ${length} bytes`
  }
}

/** Counts the occurrences of the text, also across reads. */
const marks = (mark) => {
  let tail = ""
  return (length, buffer) => {
    for (let at = buffer.indexOf(mark, 0, "latin1"); at >= 0 && at + mark.length <= length;) {
      count++
      at = buffer.indexOf(mark, at + mark.length, "latin1")
    }
    const cut = tail + buffer.latin1Slice(0, Math.min(length, mark.length - 1))
    if (cut.includes(mark)) count++
    tail = buffer.latin1Slice(Math.max(0, length - mark.length + 1), length)
  }
}

/** Sends a frame after the handshake, and sends it again after each frame that arrives. */
const frames = async (where, handshake, frame, length) => {
  let read
  let head = ""
  const opened = new Promise((resolve) => {
    read = (bytes, buffer) => {
      head += buffer.latin1Slice(0, bytes)
      if (!head.includes("\r\n\r\n")) return
      if (!head.startsWith("HTTP/1.1 101 ")) trouble ??= `the handshake was answered ${head}`
      read = again(frame, length)
      resolve()
    }
  })
  const socket = await open(where, (bytes, buffer, socket) => read(bytes, buffer, socket))
  socket.write(handshake, "latin1")
  await opened
  return socket
}

const kinds = {
  responses: async ({ depth = 1, request, ...where }) => {
    const { length } = await exchange(where.port, request, where.secure)
    const first = request.repeat(depth)
    return { one: () => open(where, again(first, length * depth, depth)), first }
  },
  marks: ({ mark, request, ...where }) => ({ one: () => open(where, marks(mark)), first: request }),
  frames: ({ frame, length, request, ...where }) => ({
    one: () => frames(where, request, frame, length),
    first: frame
  })
}

const commands = {
  async start({ connections, kind = "responses", ...order }) {
    const { first, one } = await kinds[kind](order)
    trouble = undefined
    count = 0
    sockets = await Promise.all(Array.from({ length: connections }, one))
    for (const socket of sockets) socket.write(first, "latin1")
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
