// Each use of the system's network by the process is reported with its name.
import { lookup } from "node:dns"
import { once } from "node:events"
import * as net from "node:net"
import { expect, it } from "vitest"
import { RealSockets } from "../../../src/assert/fast/realSockets.js"

it("reports a listener, a lookup of its name and a connection to it", async () => {
  const sockets = new RealSockets()
  try {
    const server = net.createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as net.AddressInfo
    const listened = sockets.take()
    await new Promise((resolve) => lookup("localhost", 4, resolve))
    const client = net.connect(port, "127.0.0.1")
    await once(client, "connect")
    const rest = sockets.take()
    client.destroy()
    server.close()
    const shown = [...listened, ...rest].map(({ kind, names, target }) => [kind, target, ...names])
    expect(shown).toEqual([
      ["listen", `127.0.0.1:${port}`],
      ["lookup", "localhost", "localhost"],
      ["connect", `127.0.0.1:${port}`, "localhost"]
    ])
  } finally {
    sockets.stop()
  }
})
