// The peers of `stalls`, on plain sockets. Each peer treats a server or a client as its name says.
import { connect, createServer } from "node:net"
import { setTimeout as wait } from "node:timers/promises"

const dial = (port) =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket.on("error", () => {}))).once(
      "error",
      reject
    )
  })

const get = (target) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`
const part = '--b\r\nContent-Disposition: form-data; name="a"; filename="x"\r\n\r\n'
const form = (target, framing) =>
  `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n${framing}\r\n\r\n`
const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`

/** Reads until the connection closes, for at most `millis` milliseconds, and then destroys the socket. */
const quiet = async (socket, millis) => {
  socket.resume()
  await Promise.race([new Promise((done) => socket.once("close", done)), wait(millis)])
  socket.destroy()
}

export const peers = {
  /** Requests a stream and resets the connection, early and late. */
  reset: async ({ port }) => {
    for (const millis of [10, 20, 40]) {
      const socket = await dial(port)
      socket.pause().write(get("/rows"))
      await wait(millis)
      socket.resetAndDestroy()
      await wait(500)
    }
  },
  /** Reads a stream as fast as it arrives. */
  fast: async ({ port }) => {
    const socket = await dial(port)
    socket.write(get("/rows"))
    await quiet(socket, 3000)
  },
  /** Resets the connection during an upload. */
  uploadReset: async ({ child }) => {
    const server = createServer((socket) => {
      socket.on("error", () => {}).pause()
      setTimeout(() => socket.resetAndDestroy(), 20)
    })
    await new Promise((done) => server.listen(0, "127.0.0.1", done))
    await child.ask({ command: "upload", to: server.address().port })
    server.close()
  },
  /** Sends a form without its end. */
  truncated: async ({ port }) => {
    const socket = await dial(port)
    const body = `${part}half`
    socket.write(form("/form", `Content-Length: ${body.length}`) + body)
    await quiet(socket, 1000)
  },
  /** Sends a form that exceeds its limit. */
  limit: async ({ port }) => {
    const socket = await dial(port)
    socket.write(form("/limited", "Transfer-Encoding: chunked") + chunk(part + "x".repeat(600)))
    await wait(100)
    socket.write(chunk("x".repeat(600)))
    await quiet(socket, 1000)
  },
  /** Sends WebSocket messages to an echo, and never reads the replies. */
  unread: async ({ port }) => {
    const socket = await dial(port)
    socket.pause()
    socket.write(
      "GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await wait(200)
    const frame = Buffer.concat([Buffer.from([0x82, 0x80 | 120, 0, 0, 0, 0]), Buffer.alloc(120, 97)])
    const many = Buffer.concat(Array(1000).fill(frame))
    for (let sent = 0; sent < 60 && socket.write(many); sent++) await wait(5)
    await wait(1000)
    socket.resetAndDestroy()
    await wait(200)
  }
}

/** Warms up, so that compilation at first use does not count as a stall. */
export const warmUp = async (port) => {
  for (const target of ["/", "/rows"]) {
    const socket = await dial(port)
    socket.write(get(target))
    await quiet(socket, 300)
  }
}
