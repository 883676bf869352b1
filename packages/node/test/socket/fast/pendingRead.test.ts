// Bytes that wait in the system are told where the system's handle can tell.
import { expect, it, vi } from "vitest"
import { hasBytesWaiting } from "../../../src/socket/fast/pendingRead.js"
import { connected } from "../../support/sockets.js"

it("a connection without bytes has none, and a destroyed one neither", () =>
  connected(async (client) => {
    expect(hasBytesWaiting(client)).toBe(false)
    client.destroy()
    expect(hasBytesWaiting(client)).toBe(false)
  }))

it("bytes that nobody has read, where Node tells", () =>
  connected(async (client, server) => {
    const tells = "hasPendingRead" in (server as unknown as { _handle: object })._handle
    client.write("abc")
    if (tells) await vi.waitFor(() => expect(hasBytesWaiting(server)).toBe(true))
    else expect(hasBytesWaiting(server)).toBe(false)
  }))
