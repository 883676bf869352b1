// Sockets of the operating system are distinguished from other streams.
import { PassThrough } from "node:stream"
import { expect, it } from "vitest"
import { isSystems } from "../../../src/socket/fast/isSystems.js"
import { connected, securing } from "../../support/sockets.js"

it("a connection with or without TLS is a system socket until it is destroyed; other streams are not", async () => {
  await connected(async (client, server) => {
    expect([client, server, new PassThrough()].map(isSystems)).toEqual([true, true, false])
    client.destroy()
    expect(isSystems(client)).toBe(false)
  })
  await securing(async (client, server) => {
    expect([client, server].map(isSystems)).toEqual([true, true])
  })
})
