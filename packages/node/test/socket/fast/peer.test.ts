// The system knows the peer of a connection until RST arrives, even if nothing is read.
import { setTimeout as sleep } from "node:timers/promises"
import { Socket } from "node:net"
import { expect, it, vi } from "vitest"
import { knowsNoPeer } from "../../../src/socket/fast/peer.js"
import { connected } from "../../support/sockets.js"

it("the peer is known until it resets the connection", () =>
  connected(async (client, server) => {
    await sleep(1)
    expect(knowsNoPeer(server)).toBe(false)
    client.resetAndDestroy()
    await vi.waitFor(() => expect(knowsNoPeer(server)).toBe(true))
    expect(server.destroyed).toBe(false)
  }))

it("without a handle the peer counts as known", () => {
  expect(knowsNoPeer(new Socket())).toBe(false)
})
