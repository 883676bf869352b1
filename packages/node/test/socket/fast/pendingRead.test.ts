// Unread bytes in the kernel's buffer are reported if Node's handle has the method for it.
import { expect, it, vi } from "vitest"
import { hasBytesWaiting } from "../../../src/socket/fast/pendingRead.js"
import { connected } from "../../support/sockets.js"

it("returns false without unread bytes, and for a destroyed connection", () =>
  connected(async (client) => {
    expect(hasBytesWaiting(client)).toBe(false)
    client.destroy()
    expect(hasBytesWaiting(client)).toBe(false)
  }))

it("returns true with unread bytes, if the handle has the method", () =>
  connected(async (client, server) => {
    const tells = "hasPendingRead" in (server as unknown as { _handle: object })._handle
    client.write("abc")
    if (tells) await vi.waitFor(() => expect(hasBytesWaiting(server)).toBe(true))
    else expect(hasBytesWaiting(server)).toBe(false)
  }))
