// A connection that has ended can be read once more, which reveals a reset.
import { once } from "node:events"
import { Socket } from "node:net"
import { expect, it } from "vitest"
import { knowsNoPeer } from "../../../src/socket/fast/peer.js"
import { readAgain } from "../../../src/socket/fast/readAgain.js"
import { connected } from "../../support/sockets.js"

it("a read after the end finds the RST", () =>
  connected(async (client, server) => {
    server.resume()
    const ended = once(server, "end")
    // Both arrive in one turn.
    client.write("abc")
    client.resetAndDestroy()
    await ended
    expect(knowsNoPeer(server)).toBe(true)
    const failed = once(server, "error")
    expect(readAgain(server)).toBe(true)
    expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" })
  }))

it("a socket without a handle cannot be read again", () => {
  expect(readAgain(new Socket())).toBe(false)
})
