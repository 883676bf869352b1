// The memory per connection that a hostile client can make a server use, measured in a child process on real
// sockets. Core's tests of bounds count known buffers; this test also finds unknown ones.
import { fork } from "node:child_process"
import * as net from "node:net"
import { afterAll, expect, it } from "vitest"

const bound = 256 * 1024
const clients = 60

const child = fork(new URL("../fixtures/hostedServer.mjs", import.meta.url), { execArgv: ["--expose-gc"] })
afterAll(() => child.disconnect())
const told = () => new Promise<number>((resolve) => child.once("message", (value) => resolve(Number(value))))
const port = told()
/** Returns the bytes in use after a garbage collection. */
const memory = () => {
  child.send("memory")
  return told()
}

const connected = (port: number) =>
  new Promise<net.Socket>((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => resolve(socket))
    // The server may reset the connection.
    socket.on("error", () => {})
  })

const answer = (port: number) =>
  new Promise<string>((resolve, reject) => {
    let text = ""
    const socket = net.connect(port, "127.0.0.1")
    socket.on("data", (chunk) => (text += chunk.toString("latin1")))
    socket.on("end", () => resolve(text)).on("error", reject)
    socket.write("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
  })

/** Waits until everything was sent or no client can write more. */
const settled = async (sockets: ReadonlyArray<net.Socket>) => {
  let before = -1
  for (let same = 0; same < 5;) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    const waiting = sockets.reduce((sum, socket) => sum + socket.writableLength, 0)
    same = waiting === before ? same + 1 : 0
    before = waiting
  }
}

const version = "HTTP/1.1\r\nHost: t\r\n"
const chunked = `POST /never ${version}Transfer-Encoding: chunked\r\n\r\n`
const attacks: ReadonlyArray<readonly [string, string]> = [
  // This row is the first, so that one-time allocations of the process do not count for later rows.
  ["requests after an unanswered one", `GET /never ${version}\r\n`.repeat(10_000)],
  ["an unread body", `POST /never ${version}Content-Length: 99999999\r\n\r\n${"x".repeat(500_000)}`],
  ["one-byte chunks", chunked + "1\r\nx\r\n".repeat(80_000)],
  [
    "little data among extensions",
    chunked + `200;${"a".repeat(16_000)}\r\n${"x".repeat(512)}\r\n`.repeat(60)
  ],
  ["fields without end", `GET / ${version}${"a:\r\n".repeat(1_900)}`],
  ["an endless field", `GET / ${version}a: ${"x".repeat(16_000)}`],
  ["an answer that is not taken", `GET /endless ${version}\r\n`],
  ["answers that are not taken", `GET / ${version}\r\n`.repeat(20_000)]
]

it.each(attacks)("at most 256 KiB per connection: %s", async (_, text) => {
  const at = await port
  const before = await memory()
  const sockets: Array<net.Socket> = []
  for (let i = 0; i < clients; i++) sockets.push(await connected(at))
  for (const socket of sockets) {
    socket.pause()
    socket.write(text, "latin1")
  }
  await settled(sockets)
  expect(((await memory()) - before) / clients).toBeLessThan(bound)
  expect(await answer(at)).toMatch(/^HTTP\/1.1 200 OK/)
  for (const socket of sockets) socket.destroy()
})
