// An open socket gets `onread` callbacks and new read buffers.
import type * as net from "node:net"
import { expect, it, vi } from "vitest"
import { exchangeBuffer, giveOnread, knowsBuffers, takesOnread } from "../../../src/socket/fast/userBuffer.js"
import { connected, securing } from "../../support/sockets.js"

it("a socket reads into the buffer that was set last", () =>
  connected(async (client, server) => {
    const received: Array<readonly [buffer: Uint8Array, text: string]> = []
    const onread = {
      buffer: () => undefined,
      callback: (length: number, buffer: Uint8Array) =>
        received.push([buffer, Buffer.from(buffer.subarray(0, length)).toString()]) > 0
    } as unknown as net.OnReadOpts
    const [first, second] = [Buffer.alloc(16), Buffer.alloc(16)]
    expect([knowsBuffers(server), takesOnread(server)]).toEqual([true, true])
    giveOnread(server, onread, first)
    server.resume()
    client.write("abc")
    await vi.waitFor(() => expect(received).toEqual([[first, "abc"]]))
    expect(received[0]![0]).toBe(first)
    exchangeBuffer(server, second)
    client.write("de")
    await vi.waitFor(() => expect(received.length).toBe(2))
    expect(received[1]![0]).toBe(second)
    expect(received[1]![1]).toBe("de")
    expect(takesOnread(server)).toBe(false)
  }))

it("TLS sockets and destroyed sockets are refused", () =>
  securing(async (client, server) => {
    expect([client, server].map(takesOnread)).toEqual([false, false])
    await connected(async (socket) => {
      socket.destroy()
      expect(takesOnread(socket)).toBe(false)
      exchangeBuffer(socket, Buffer.alloc(1))
    })
  }))
