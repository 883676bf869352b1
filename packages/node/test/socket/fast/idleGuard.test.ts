// Received bytes destroy an idle socket or other stream. They do not destroy a socket in use.
import { once } from "node:events"
import { PassThrough, type Duplex } from "node:stream"
import { expect, it, vi } from "vitest"
import { startGuarding, stopGuarding } from "../../../src/socket/fast/idleGuard.js"
import { connected } from "../../support/sockets.js"

const guards = async (guarded: Duplex, send: (text: string) => void) => {
  guarded.resume()
  startGuarding(guarded)
  stopGuarding(guarded)
  const received = once(guarded, "data")
  send("used")
  expect(String((await received)[0])).toBe("used")
  startGuarding(guarded)
  send("idle")
  await vi.waitFor(() => expect(guarded.destroyed).toBe(true))
}

it("destroys an idle connection, whose stream never gets the bytes", () =>
  connected(async (client, server) => {
    const push = vi.spyOn(server, "push")
    await guards(server, (text) => client.write(text))
    expect(push.mock.calls.map(([chunk]) => String(chunk))).toEqual(["used"])
  }))

it("destroys another idle stream", async () => {
  const stream = new PassThrough()
  await guards(stream, (text) => stream.write(text))
})

it("destroys a socket with buffered bytes at once", () => {
  const stream = new PassThrough()
  stream.write("x")
  startGuarding(stream)
  expect(stream.destroyed).toBe(true)
})

it("passes on the peer's FIN to the stream", () =>
  connected(async (client, server) => {
    server.resume()
    startGuarding(server)
    client.end()
    await once(server, "end")
    expect(server.destroyed).toBe(false)
  }))
