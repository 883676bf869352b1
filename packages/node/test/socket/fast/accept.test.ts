// A listening server passes the handles of its connections to our callback. A server that does not listen is
// not changed.
import { once } from "node:events"
import * as net from "node:net"
import { expect, it, vi } from "vitest"
import { acceptDirectly, socketOver } from "../../../src/socket/fast/accept.js"

it("sockets over accepted handles do not read before `read` or `resume`", async () => {
  const server = net.createServer(() => expect.unreachable("the server has made a socket itself"))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const received: Array<string> = []
  const onread: net.OnReadOpts = {
    buffer: Buffer.alloc(16),
    callback: (length, buffer) => {
      received.push(Buffer.from(buffer.subarray(0, length)).toString())
      return true
    }
  }
  const socket = new Promise<net.Socket>((resolve) => {
    expect(acceptDirectly(server, (handle) => resolve(socketOver(handle, onread)))).toBe(true)
  })
  const client = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1").on("error", () => {})
  client.write("abc")
  const accepted = (await socket).on("error", () => {})
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(received).toEqual([])
  accepted.read(0)
  await vi.waitFor(() => expect(received.join("")).toBe("abc"))
  expect(accepted.remotePort).toBe(client.localPort)
  client.destroy()
  accepted.destroy()
  server.close()
  await once(server, "close")
})

it("a server without a handle is not changed", () => {
  expect(acceptDirectly(net.createServer(), () => {})).toBe(false)
})

it("a server whose runtime passes no handles makes its sockets itself", async () => {
  const server = net.createServer()
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const inside = (server as unknown as { _handle: { onconnection: (status: number) => void } })._handle
  const { onconnection } = inside
  const statuses: Array<number> = []
  inside.onconnection = (status) => void statuses.push(status)
  expect(acceptDirectly(server, () => expect.unreachable("no handle was passed"))).toBe(true)
  inside.onconnection(0)
  inside.onconnection(0)
  expect(statuses).toEqual([0, 0])
  inside.onconnection = onconnection
  server.close()
  await once(server, "close")
})
