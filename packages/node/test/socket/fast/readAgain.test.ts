// Another read of a connection that has ended finds out whether it was reset.
import { once } from "node:events"
import { Socket } from "node:net"
import { expect, it } from "vitest"
import { knowsNoPeer } from "../../../src/socket/fast/peer.js"
import { readAgain } from "../../../src/socket/fast/readAgain.js"
import { connected } from "../../support/sockets.js"

/** Whether libuv reports FIN and RST in the same way, as it does up to Node.js 22. */
const toldAsEnd = Number(process.versions.node.split(".")[0]) < 24

/** Returns the first event of a socket after bytes and RST arrive in one turn. */
const firstOf = (socket: Socket) =>
  new Promise<unknown>((resolve) => {
    socket.once("end", () => resolve("end")).once("error", resolve)
  })

it("a read after the end finds the RST if libuv reported it as an end", () =>
  connected(async (client, server) => {
    server.resume()
    const told = firstOf(server)
    // The bytes and RST arrive in one turn.
    client.write("abc")
    client.resetAndDestroy()
    if (toldAsEnd) {
      expect(await told).toBe("end")
      expect(knowsNoPeer(server)).toBe(true)
      const failed = once(server, "error")
      expect(readAgain(server)).toBe(true)
      expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" })
    } else {
      // No further read is needed, because libuv reports the reset itself.
      expect(await told).toMatchObject({ code: "ECONNRESET" })
    }
  }))

it("a socket without a handle cannot be read again", () => {
  expect(readAgain(new Socket())).toBe(false)
})
