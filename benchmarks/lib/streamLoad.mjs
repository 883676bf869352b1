// The load of stream scenarios: large bodies, each on its own connection, over plain `net` sockets that only
// count bytes. Reports when the first 64 MiB have been transferred, and its CPU time at the end.
import { connect } from "node:net"

const mebibyte = 1_048_576
const firstPart = 64 * mebibyte
const piece = Buffer.alloc(65_536, "0123456789abcdef")

const open = (port, read, over) => {
  const socket = connect({
    port,
    host: "127.0.0.1",
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(65_536),
      callback: (bytes, buffer) => {
        read(buffer.subarray(0, bytes))
        return true
      }
    }
  })
  socket.on("error", over)
  socket.on("close", () => over(new Error("the connection closed before the end")))
  return socket
}

// The end of a chunked body, which ends a download.
const last = Buffer.from("\r\n0\r\n\r\n")

const download = (port, size, moved) =>
  new Promise((resolve, reject) => {
    let received = 0
    let tail = Buffer.alloc(0)
    const socket = open(
      port,
      (bytes) => {
        received += bytes.length
        moved(bytes.length)
        if (received < size) return
        tail = Buffer.concat([tail, bytes]).subarray(-last.length)
        if (!tail.equals(last)) return
        socket.destroy()
        resolve()
      },
      reject
    )
    socket.write(`GET /${size / mebibyte} HTTP/1.1\r\nHost: localhost\r\n\r\n`, "latin1")
  })

const upload = (port, size, moved) =>
  new Promise((resolve, reject) => {
    let left = size
    let text = ""
    const socket = open(
      port,
      (bytes) => {
        text += bytes.toString("latin1")
        const body = text.indexOf("\r\n\r\n") + 4
        if (body < 4 || text.length < body + String(size).length) return
        socket.destroy()
        if (text.slice(body) === String(size)) resolve()
        else reject(new Error(`the answer to an upload was ${JSON.stringify(text)}`))
      },
      reject
    )
    const more = () => {
      while (left > 0) {
        left -= piece.length
        moved(piece.length)
        if (!socket.write(piece)) return
      }
      socket.off("drain", more)
    }
    socket.on("drain", more)
    socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\n`, "latin1")
    more()
  })

const ways = { download, upload }

const transfer = async ({ way, port, mebibytes, connections }) => {
  let untold = firstPart
  const moved = (bytes) => {
    if (untold <= 0) return
    untold -= bytes
    if (untold <= 0) process.send("reached")
  }
  const size = (mebibytes / connections) * mebibyte
  const from = { at: performance.now(), cpu: process.cpuUsage() }
  try {
    await Promise.all(Array.from({ length: connections }, () => ways[way](port, size, moved)))
    return { from, to: { at: performance.now(), cpu: process.cpuUsage() } }
  } catch (error) {
    return { error: String(error) }
  }
}

// The load replies to a command when the first part has been transferred or has failed, and to "result" when
// all transfers have ended.
let result
process.on("message", async (order) => {
  if (order === "result") return process.send(await result)
  result = transfer(order)
  const { error } = await result
  if (error !== undefined) process.send("failed")
})
process.on("disconnect", () => process.exit())
