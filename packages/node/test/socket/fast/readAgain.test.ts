// A connection that has ended can be read once more, which reveals a reset.
import { once } from "node:events"
import { Socket } from "node:net"
import { expect, it } from "vitest"
import { knowsNoPeer } from "../../../src/socket/fast/peer.js"
import { readAgain } from "../../../src/socket/fast/readAgain.js"
import { connected } from "../../support/sockets.js"

/** Whether libuv reports FIN and RST in the same way, as it did up to Node.js 22. */
const toldAsEnd = Number(process.versions.node.split(".")[0]) < 24

/** How a socket tells of bytes and RST that arrive in one turn: the first of its events. */
const firstOf = (socket: Socket) =>
  new Promise<unknown>((resolve) => {
    socket.once("end", () => resolve("end")).once("error", resolve)
  })

it("a read after the end finds the RST, where libuv told it as an end", () =>
  connected(async (client, server) => {
    server.resume()
    const told = firstOf(server)
    // Both arrive in one turn.
    client.write("abc")
    client.resetAndDestroy()
    if (toldAsEnd) {
      expect(await told).toBe("end")
      expect(knowsNoPeer(server)).toBe(true)
      const failed = once(server, "error")
      expect(readAgain(server)).toBe(true)
      expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" })
    } else {
      // Nothing has to be read again: the reset comes by itself.
      expect(await told).toMatchObject({ code: "ECONNRESET" })
    }
  }))

it("a socket without a handle cannot be read again", () => {
  expect(readAgain(new Socket())).toBe(false)
})
