// An open-loop load: requests start at scheduled times, whether or not earlier requests have completed.
// Latency counts from the scheduled time, so that a stall of the server counts for every request that waits
// during the stall.
import { connect } from "node:net"
import { exchange } from "./exchange.mjs"

const where = (port) => ({ port, host: "127.0.0.1", noDelay: true })
const opened = (socket) =>
  new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket))
    socket.once("error", reject)
  })

// Schedules the same times in each run: a Poisson process with a fixed seed.
const random = (seed) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return (seed + 1) / 4294967297
}

const percentile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]

/**
 * Starts a download that is read slowly, and an upload of about 20 MiB/s. Returns a function that ends both.
 */
const beside = async (port) => {
  const reader = await opened(connect(where(port)))
  reader.write("GET /download HTTP/1.1\r\nHost: localhost\r\n\r\n")
  reader.on("data", () => {
    reader.pause()
    setTimeout(() => reader.resume(), 50)
  })
  const uploader = await opened(connect(where(port)))
  uploader.write("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`
  const uploading = setInterval(() => {
    if (uploader.writableLength === 0) uploader.write(chunk, "latin1")
  }, 3)
  for (const socket of [reader, uploader]) socket.on("error", () => {})
  return () => {
    clearInterval(uploading)
    reader.destroy()
    uploader.destroy()
  }
}

const run = async ({ busy, connections, port, rate, request, seconds }) => {
  const { length } = await exchange(port, request)
  const end = busy ? await beside(port) : () => {}
  const latencies = []
  const waiting = []
  const free = []
  const sockets = []
  let trouble
  let over = false
  const send = (socket, due) => {
    socket.due = due
    socket.write(request, "latin1")
  }
  for (let index = 0; index < connections; index++) {
    const socket = connect({
      ...where(port),
      onread: {
        buffer: Buffer.allocUnsafe(16_384),
        callback: (bytes) => {
          socket.came = (socket.came ?? 0) + bytes
          if (socket.came < length) return true
          socket.came = 0
          latencies.push(performance.now() - socket.due)
          if (waiting.length > 0) send(socket, waiting.shift())
          else free.push(socket)
          return true
        }
      }
    })
    sockets.push(await opened(socket))
    socket.on("error", (error) => (trouble ??= error.message))
    socket.on("close", () => (trouble ??= over ? undefined : "a connection was closed"))
    free.push(socket)
  }
  const next = random(1)
  const from = performance.now()
  const until = from + seconds * 1000
  let due = from
  let asked = 0
  await new Promise((resolve) => {
    const look = () => {
      const now = performance.now()
      while (due <= now && due < until) {
        asked++
        const socket = free.pop()
        if (socket === undefined) waiting.push(due)
        else send(socket, due)
        due -= (Math.log(next()) / rate) * 1000
      }
      // Stop after twice the time if the server cannot keep up.
      if ((now >= until && latencies.length === asked) || now >= until + seconds * 1000) resolve()
      else setImmediate(look)
    }
    look()
  })
  over = true
  for (const socket of sockets) socket.destroy()
  end()
  if (trouble !== undefined) throw new Error(trouble)
  const sorted = Float64Array.from(latencies).sort()
  return {
    answered: latencies.length / Math.max(1, asked),
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999)
  }
}

process.on("message", async (order) => {
  try {
    process.send({ value: await run(order) })
  } catch (error) {
    process.send({ error: String(error) })
  }
})
process.on("disconnect", () => process.exit())
