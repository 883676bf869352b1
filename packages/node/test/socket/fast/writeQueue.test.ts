// The handle reports how many bytes of a write the kernel has not accepted yet.
import { PassThrough } from "node:stream"
import { expect, it, vi } from "vitest"
import { writeQueueOf } from "../../../src/socket/fast/writeQueue.js"
import { connected } from "../../support/sockets.js"

it("the number of unaccepted bytes shrinks while the peer reads", () =>
  connected(async (client, server) => {
    expect(writeQueueOf(client)).toBe(0)
    const size = 64 * 1024 * 1024
    client.write(Buffer.alloc(size))
    const before = writeQueueOf(client)!
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThanOrEqual(size)
    expect(client.writableLength).toBe(size)
    server.resume()
    await vi.waitFor(() => expect(writeQueueOf(client)).toBeLessThan(before))
  }))

it("the number is unknown for other streams", () => {
  expect(writeQueueOf(new PassThrough())).toBeUndefined()
})
