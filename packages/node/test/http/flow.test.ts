/**
 * Backpressure on the callback API between readers, writers and peers, on the built-in module and on ours.
 */
import { once } from "node:events"
import type { IncomingMessage, ServerResponse } from "node:http"
import net from "node:net"
import { describe, expect, it } from "vitest"
import { implementations, serving, textOf } from "./implementations.js"
import { talk } from "../support/sockets.js"

const turns = async (n: number) => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve))
}
const until = async (holds: () => boolean) => {
  while (!holds()) await turns(1)
}
/** Waits until a number has stopped changing, and returns it. */
const settled = async (count: () => number): Promise<number> => {
  for (let seen = -1; ;) {
    const now = count()
    if (now === seen) return now
    seen = now
    await turns(200)
  }
}

const get = (path: string, fields = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`
const block = "x".repeat(65_536)

describe.each(implementations)("%s", (_name, http) => {
  it("the server stops reading from a pipelining client until the client reads its responses", async () => {
    let handled = 0
    const server = http.createServer((_req, res) => {
      handled++
      res.end("x".repeat(10_000))
    })
    await serving(server, async (port) => {
      const socket = net.connect(port, "127.0.0.1")
      await once(socket, "connect")
      const all = 5_000
      // The socket has no `data` listener yet, so responses that fill the kernel's buffers stay in the
      // server.
      for (let i = 0; i < all / 50; i++) socket.write(get("/", `A: ${"a".repeat(900)}\r\n`).repeat(50))
      socket.end(get("/last", "Connection: close\r\n"))
      expect(await settled(() => handled)).toBeLessThan(all)
      const text = await textOf(socket)
      expect(text.split("HTTP/1.1 200 OK")).toHaveLength(all + 2)
      expect(handled).toBe(all + 1)
    })
  })

  it("queued responses cause no backpressure after they were sent", async () => {
    const held: Array<ServerResponse> = []
    const server = http.createServer((req, res) => {
      if (req.url === "/first") held.push(res)
      else res.end("x".repeat(20_000))
    })
    await serving(server, async (port) => {
      const socket = net.connect(port, "127.0.0.1")
      let text = ""
      socket.on("data", (chunk) => (text += String(chunk)))
      const rounds = 10
      for (let round = 1; round <= rounds; round++) {
        socket.write(get("/first") + get("/second").repeat(3))
        await until(() => held.length > 0)
        await turns(5)
        held.pop()!.end("y")
        await until(() => text.split("HTTP/1.1 200 OK").length === round * 4 + 1)
      }
      socket.destroy()
    })
  })

  it("a handler that does not read pauses its client, and gets the whole body when it reads", async () => {
    let request: IncomingMessage | undefined
    const server = http.createServer((req, res) => {
      request = req
      res.on("error", () => {})
    })
    await serving(server, async (port) => {
      const size = 64 * 1024 * 1024
      const socket = net.connect(port, "127.0.0.1")
      socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
      for (let sent = 0; sent < size; sent += block.length) socket.write(block)
      await until(() => request !== undefined)
      expect(await settled(() => request!.socket.bytesRead)).toBeLessThan(size / 2)
      let read = 0
      for await (const chunk of request!) read += (chunk as Buffer).length
      expect(read).toBe(size)
      socket.destroy()
    })
  })

  it("a client that does not read pauses its server, which gets drain when the client reads", async () => {
    const size = 64 * 1024 * 1024
    let written = 0
    let drains = 0
    const server = http.createServer((_req, res) => {
      const send = () => {
        while (written < size) {
          written += block.length
          if (!res.write(block)) return void res.once("drain", () => (drains++, send()))
        }
        res.end()
      }
      send()
    })
    await serving(server, async (port) => {
      const req = http.get({ host: "127.0.0.1", port, agent: false })
      const [res] = (await once(req, "response")) as [IncomingMessage]
      expect(await settled(() => written)).toBeLessThan(size / 2)
      let read = 0
      for await (const chunk of res) read += (chunk as Buffer).length
      expect(read).toBe(size)
      expect(drains).toBeGreaterThan(0)
    })
  })

  it("an upload gets drain when the server continues to read", async () => {
    const size = 64 * 1024 * 1024
    let request: IncomingMessage | undefined
    const server = http.createServer((req, res) => {
      request = req
      req.on("end", () => res.end("ok"))
    })
    await serving(server, async (port) => {
      let written = 0
      let drains = 0
      const req = http.request({ host: "127.0.0.1", port, method: "POST", agent: false })
      const send = () => {
        while (written < size) {
          written += block.length
          if (!req.write(block)) return void req.once("drain", () => (drains++, send()))
        }
        req.end()
      }
      send()
      await until(() => request !== undefined)
      expect(await settled(() => written)).toBeLessThan(size / 2)
      request!.resume()
      const [res] = (await once(req, "response")) as [IncomingMessage]
      expect(await textOf(res)).toBe("ok")
      expect([written, drains > 0]).toEqual([size, true])
    })
  })

  it("a socket serves the next request only after the previous one was sent completely", async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const seen: Array<string> = []
    const server = http.createServer((req, res) => {
      if (req.url === "/early") res.end("early")
      let body = ""
      req.on("data", (chunk) => (body += String(chunk)))
      req.on("end", () => {
        seen.push(`${req.url} ${body}`)
        if (req.url !== "/early") res.end("next")
      })
    })
    await serving(server, async (port) => {
      const first = http.request({ host: "127.0.0.1", port, agent, method: "POST", path: "/early" })
      first.write("one ")
      const [socket] = (await once(first, "socket")) as [net.Socket]
      const [early] = (await once(first, "response")) as [IncomingMessage]
      expect(await textOf(early)).toBe("early")
      const second = http.get({ host: "127.0.0.1", port, agent, path: "/next" })
      const answered = once(second, "response")
      await turns(20)
      expect(second.socket ?? null).toBe(null)
      first.end("two")
      const [next] = (await answered) as [IncomingMessage]
      expect(await textOf(next)).toBe("next")
      expect(second.socket).toBe(socket)
      expect(seen).toEqual(["/early one two", "/next "])
      agent.destroy()
    })
  })

  it("a body is read by a listener that was added in the same turn, after the response was sent", async () => {
    const agent = new http.Agent({ keepAlive: true })
    const seen: Array<string> = []
    const server = http.createServer((req, res) => {
      res.end("early")
      req.on("data", (chunk) => seen.push(String(chunk)))
      req.on("end", () => seen.push("end"))
    })
    await serving(server, async (port) => {
      const req = http.request({ host: "127.0.0.1", port, agent, method: "POST" })
      req.write("one")
      const [res] = (await once(req, "response")) as [IncomingMessage]
      expect(await textOf(res)).toBe("early")
      req.end("two")
      await until(() => seen.includes("end"))
      expect(seen).toEqual(["one", "two", "end"])
      agent.destroy()
    })
  })

  it("a final response without 100 (Continue) closes the connection, because the client may or may not send the body", async () => {
    const server = http.createServer()
    server.on("checkContinue", (_req, res: ServerResponse) => res.writeHead(403).end("no"))
    await serving(server, async (port) => {
      const text = await talk(
        port,
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
      )
      expect(text).toMatch(/^HTTP\/1\.1 403 [^]*\r\nConnection: close\r\n/)
    })
  })

  it("a body with strictContentLength is refused as soon as it is too long", async () => {
    const thrown: Array<unknown> = []
    const server = http.createServer((_req, res) => {
      res.strictContentLength = true
      res.writeHead(200, { "content-length": 5 })
      res.write("123")
      try {
        res.write("456")
      } catch (error) {
        thrown.push((error as { code: unknown }).code)
      }
      res.end("45")
    })
    await serving(server, async (port) => {
      const req = http.get({ host: "127.0.0.1", port, agent: false })
      const [res] = (await once(req, "response")) as [IncomingMessage]
      expect(await textOf(res)).toBe("12345")
      expect(thrown).toEqual(["ERR_HTTP_CONTENT_LENGTH_MISMATCH"])
    })
  })

  it("closeAllConnections spares upgraded connections", async () => {
    const server = http.createServer()
    server.on("upgrade", (_req, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
      socket.on("data", (chunk) => socket.write(chunk))
      socket.on("end", () => socket.end())
    })
    await serving(server, async (port) => {
      const socket = net.connect(port, "127.0.0.1")
      let text = ""
      socket.on("data", (chunk) => (text += String(chunk)))
      socket.write(get("/", "Connection: Upgrade\r\nUpgrade: x\r\n"))
      await until(() => text.endsWith("\r\n\r\n"))
      server.closeAllConnections()
      server.closeIdleConnections()
      socket.write("echo")
      await until(() => text.endsWith("echo"))
      socket.end()
      await once(socket, "close")
    })
  })
})
