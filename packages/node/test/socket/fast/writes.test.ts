// Intercepted writes of a socket: the number of bytes in flight, and failures that the stream does not get.
import { expect, it, vi } from "vitest"
import { watchesWrites, watchWrites, type Writing } from "../../../src/socket/fast/writes.js"
import { connected } from "../../support/sockets.js"

const watcher = (keepsFailures: boolean) => {
  const told: Array<string> = []
  const writing: Writing = {
    underWay: 0,
    done: undefined,
    written: (error) => {
      told.push(error ? (error as NodeJS.ErrnoException).code! : "written")
      writing.underWay = 0
      if (!error || !keepsFailures) writing.done?.(error)
    }
  }
  return { told, writing }
}

it("plain and vectored writes count as in flight until the system has accepted them", () =>
  connected(async (client, server) => {
    const { told, writing } = watcher(false)
    watchWrites(client, writing)
    expect(watchesWrites).toBe(true)
    const received: Array<Buffer> = []
    server.on("data", (chunk: Buffer) => received.push(chunk)).resume()
    client.write("abc")
    client.cork()
    client.write("de")
    client.write("f")
    client.uncork()
    await vi.waitFor(() => expect(Buffer.concat(received).toString()).toBe("abcdef"))
    expect(told).toEqual(["written", "written"])
    const large = Buffer.alloc(64 * 1024 * 1024)
    server.pause()
    client.write(large)
    expect(writing.underWay).toBe(large.length)
  }))

it("a failed write does not reach the stream", () =>
  connected(async (client, server) => {
    const { told, writing } = watcher(true)
    watchWrites(client, writing)
    const failed = vi.fn()
    client.on("error", failed)
    client.pause()
    server.resetAndDestroy()
    await vi.waitFor(() => {
      if (told.length === 0 || told.at(-1) === "written") client.write("x")
      expect(told.at(-1)).toMatch(/^E/)
    })
    expect([failed.mock.calls.length, client.destroyed]).toEqual([0, false])
  }))
