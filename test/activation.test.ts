/** A server serves on an inherited listening socket, as systemd or another supervisor passes it. */
import { spawn } from "node:child_process"
import * as net from "node:net"
import { join } from "node:path"
import { assert, it, onTestFinished } from "vitest"
import { root } from "./support.js"

it("serves on a socket opened by a supervisor", async () => {
  const server = net.createServer()
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const { port } = server.address() as net.AddressInfo
  // LISTEN_PID must be the pid of the program, which only the shell that becomes the program knows.
  const command = 'LISTEN_PID=$$ exec "$0" "$1"'
  const program = join(root, "packages/node/test/fixtures/activated.mjs")
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  const child = spawn("sh", ["-c", command, process.execPath, program], {
    stdio: ["ignore", "inherit", "inherit", fd],
    env: { ...process.env, LISTEN_FDS: "1", LISTEN_FDNAMES: "http" }
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  // Close the socket in this process, so that only the child accepts connections.
  server.close()
  const text = await new Promise<string>((resolve, reject) => {
    let all = ""
    const socket = net.connect(port, "127.0.0.1", () =>
      socket.write("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
    )
    socket.setEncoding("latin1").on("data", (chunk: string) => (all += chunk))
    socket.on("error", reject).on("close", () => resolve(all))
  })
  assert.include(text, "<activated>")
})
