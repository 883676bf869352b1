/** Exchanges on the callback API, as programs see them, on the built-in module and on ours. */
import { AsyncLocalStorage } from "node:async_hooks"
import { once } from "node:events"
import type { IncomingMessage, ServerResponse } from "node:http"
import net from "node:net"
import { describe, expect, it } from "vitest"
import { ask, implementations, serving, textOf } from "./implementations.js"
import { talk } from "../support/sockets.js"

describe.each(implementations)("%s", (_name, http) => {
  it("responds to pipelined requests in order, whichever handler completes first", async () => {
    const held: Array<() => void> = []
    const server = http.createServer((req, res) => {
      if (req.url === "/1") held.push(() => res.end("first"))
      else res.end(`${req.url}`, () => held.pop()?.())
      if (req.url === "/2") setImmediate(() => held.pop()?.())
    })
    const text = await serving(server, async (port) => {
      const socket = net.connect(port, "127.0.0.1")
      socket.end("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      return textOf(socket)
    })
    expect(text.indexOf("first")).toBeGreaterThan(0)
    expect(text.indexOf("/2")).toBeGreaterThan(text.indexOf("first"))
  })

  it("runs the callbacks of a request on a reused connection in the context of its caller", async () => {
    const storage = new AsyncLocalStorage<number>()
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const seen = await serving(
      http.createServer((_req, res) => res.end("x")),
      async (port) => {
        const found: Array<ReadonlyArray<number | undefined>> = []
        const one = (id: number) =>
          storage.run(
            id,
            () =>
              new Promise<void>((resolve) => {
                http.get({ host: "127.0.0.1", port, agent }, (res) => {
                  const first = storage.getStore()
                  res.resume().on("end", () => {
                    found.push([first, storage.getStore()])
                    resolve()
                  })
                })
              })
          )
        await Promise.all([one(1), one(2), one(3)])
        agent.destroy()
        return found
      }
    )
    expect(seen).toEqual([
      [1, 1],
      [2, 2],
      [3, 3]
    ])
  })

  it("reuses a connection, and sets reusedSocket", async () => {
    const agent = new http.Agent({ keepAlive: true })
    const { first, free, second } = await serving(
      http.createServer((req, res) => res.end(req.url)),
      async (port) => {
        const one = await ask(http, { port, agent, path: "/a" })
        await new Promise((resolve) => setImmediate(resolve))
        const name = agent.getName({ host: "127.0.0.1", port })
        const idle = agent.freeSockets[name]?.length
        const two = await ask(http, { port, agent, path: "/b" })
        agent.destroy()
        return { first: one, free: idle, second: two }
      }
    )
    expect([first.text, first.req.reusedSocket]).toEqual(["/a", false])
    expect(free).toBe(1)
    expect([second.text, second.req.reusedSocket]).toEqual(["/b", true])
  })

  it("removes the socket from a complete response, so that destroying the response later affects no connection", async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const seen = await serving(
      http.createServer((req, res) => res.end(req.url)),
      async (port) => {
        const one = await ask(http, { port, agent })
        const { socket } = one.req
        await new Promise((resolve) => setImmediate(resolve))
        const gone = [one.res.socket, one.res.connection]
        one.res.socket?.destroy()
        const two = await ask(http, { port, agent })
        const last = await ask(http, { port, agent: false })
        agent.destroy()
        return [...gone, two.req.socket === socket, last.res.socket === last.req.socket]
      }
    )
    expect(seen).toEqual([null, null, true, true])
  })

  it("keeps an unread request complete, and its connection open", async () => {
    const requests: Array<unknown> = []
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    await serving(
      http.createServer((req, res) => {
        requests.push(req)
        res.end()
      }),
      async (port) => {
        await ask(http, { port, agent, method: "POST" }, "x".repeat(200_000))
        await ask(http, { port, agent })
        agent.destroy()
      }
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(requests).toHaveLength(2)
    for (const req of requests as Array<{ complete: boolean; destroyed: boolean; readableEnded: boolean }>) {
      expect([req.complete, req.destroyed, req.readableEnded]).toEqual([true, true, true])
    }
  })

  it("encodes fields correctly that earlier messages have sent too", async () => {
    const name = "Content-Disposition"
    const refused: Array<unknown> = []
    const answers: ReadonlyArray<readonly [string, (res: ServerResponse) => void]> = [
      ["x-a: 13", (res) => res.writeHead(200, { "x-a": 13 })],
      ["x-a: 13", (res) => res.writeHead(200, { "x-a": "13" })],
      ["X-A: 13", (res) => res.writeHead(200, { "X-A": "13" })],
      ["x-a: 14", (res) => res.writeHead(200, { "x-a": "14" })],
      [
        "x-a: 14",
        (res) => {
          for (const bad of ["1\n4", "1\r\nb: 4", "\u0100"]) {
            try {
              res.writeHead(200, { "x-a": bad })
            } catch (error) {
              refused.push((error as { code?: unknown }).code)
            }
          }
          res.writeHead(200, { "x-a": "14" })
        }
      ],
      ["x-a: 14", (res) => res.setHeader("x-a", "14")],
      ["x-a: 14, 15", (res) => res.writeHead(200, { "x-a": "14, 15" })],
      ["x-a: 14\r\nx-a: 15", (res) => res.setHeader("x-a", ["14", "15"])],
      [`${name}: \u00c3\u00a9`, (res) => res.writeHead(200, { [name]: "\u00c3\u00a9" })],
      [`${name}: \u00e9`, (res) => res.writeHead(200, { "Content-Length": 2, [name]: "\u00c3\u00a9" })],
      ["Connection: keep-alive", (res) => res.writeHead(200, { Connection: "keep-alive" })],
      ["Connection: keep-alive", (res) => res.writeHead(200, { Connection: "keep-alive" })],
      ["Connection: close", (res) => res.writeHead(200, { Connection: "close" })]
    ]
    let at = 0
    const server = http.createServer((_req, res) => {
      answers[at++]![1](res)
      res.end(Buffer.from("ok"))
    })
    const text = await serving(server, (port) =>
      talk(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(answers.length))
    )
    const heads = text.split("HTTP/1.1 200 OK\r\n").slice(1)
    expect(heads).toHaveLength(answers.length)
    for (const [index, [line]] of answers.entries()) expect(heads[index]).toContain(`${line}\r\n`)
    expect(refused).toEqual(["ERR_INVALID_CHAR", "ERR_INVALID_CHAR", "ERR_INVALID_CHAR"])
  })

  it("lets programs add and remove data listeners of a connection at any time", async () => {
    const seen: Array<string> = []
    const listen = (chunk: Buffer) => void seen.push(chunk.toString("latin1"))
    const server = http.createServer((req, res) => {
      if (req.url === "/listen") req.socket.on("data", listen)
      if (req.url === "/stop") req.socket.off("data", listen)
      if (req.url === "/pause") {
        req.socket.pause()
        setImmediate(() => req.socket.resume())
      }
      res.end(req.url)
    })
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
    const paths = ["/1", "/listen", "/2", "/pause", "/3", "/stop", "/4", "/pause", "/5"]
    await serving(server, async (port) => {
      const socket = net.connect(port, "127.0.0.1").setEncoding("latin1")
      for (const path of paths) {
        socket.write(request(path))
        let text = ""
        while (!text.endsWith(`\r\n\r\n${path}`)) text += String((await once(socket, "data"))[0])
      }
      socket.destroy()
    })
    expect(seen).toEqual(["/2", "/pause", "/3", "/stop"].map(request))
  })

  it("hands over an upgraded connection with all bytes, also if they are megabytes", async () => {
    const server = http.createServer((req, res) => res.end(req.url))
    server.on("upgrade", (_req, socket, head: Buffer) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
      socket.write(head)
      socket.pipe(socket)
    })
    const bulk = Buffer.alloc(3_000_000, "0123456789")
    const text = await serving(server, async (port) => {
      const socket = net.connect(port, "127.0.0.1")
      socket.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
      await once(socket, "data")
      socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst")
      await once(socket, "data")
      socket.end(bulk)
      const chunks: Array<Buffer> = []
      for await (const chunk of socket) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks)
    })
    expect(text.subarray(-bulk.length).equals(bulk)).toBe(true)
  })

  it("parses bytes that a listener pushes while a head is parsed", async () => {
    const { Duplex } = await import("node:stream")
    const socket = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        this.push("HTTP/1.1 102 Processing\r\n\r\n")
        done()
      }
    })
    const answer = new Promise<number | undefined>((resolve, reject) => {
      const req = http.request({ createConnection: () => socket as net.Socket }, (res) => {
        res.resume()
        resolve(res.statusCode)
      })
      req.on("information", () => socket.push("HTTP/1.1 204 No Content\r\n\r\n"))
      req.on("error", reject)
      req.end()
    })
    expect(await answer).toBe(204)
  })

  it.each([
    ["strict and short", { strict: true, length: 5, body: "four" }, "ERR_HTTP_CONTENT_LENGTH_MISMATCH"],
    ["strict and exact", { strict: true, length: 4, body: "four" }, undefined],
    ["lax and short", { strict: false, length: 5, body: "four" }, undefined]
  ])("a body of another length than announced: %s", async (_case, given, code) => {
    let thrown: unknown
    const server = http.createServer((_req, res) => {
      res.strictContentLength = given.strict
      res.setHeader("Content-Length", given.length)
      try {
        res.end(given.body)
      } catch (error) {
        thrown = (error as { code?: string }).code
      }
      res.destroy()
    })
    await serving(server, (port) => ask(http, { port }).catch(() => undefined))
    expect(thrown).toBe(code)
  })

  it.each([
    ["GET / HTTP/1.1\r\nHost: a\r\nA: \0\r\n\r\n", "400 Bad Request", "HPE_INVALID_HEADER_TOKEN"],
    [
      `GET / HTTP/1.1\r\nHost: a\r\nA: ${"x".repeat(20_000)}\r\n\r\n`,
      "431 Request Header",
      "HPE_HEADER_OVERFLOW"
    ]
  ])("answers what is no request by itself, or lets a listener do it", async (bytes, answer, code) => {
    const send = (port: number) => talk(port, bytes).catch(() => "")
    expect(await serving(http.createServer(), send)).toContain(answer)
    let found: { code?: string; bytesParsed?: number; rawPacket?: Buffer } = {}
    const server = http.createServer().on("clientError", (error, socket) => {
      found = error as typeof found
      socket.end("HTTP/1.1 418 Own\r\n\r\n")
    })
    expect(await serving(server, send)).toContain("418 Own")
    expect(found.code).toBe(code)
    expect(found.rawPacket).toBeInstanceOf(Buffer)
    expect(found.bytesParsed).toBeGreaterThan(0)
  })

  it("sends a latin1 head unchanged, whatever the body is", async () => {
    const bodies = ["hello", "h\u00e9llo", Buffer.from("hello")]
    for (const body of bodies) {
      const server = http.createServer((_req, res) => {
        res.writeHead(200, ["X-Name", "b\u00e5r"])
        res.end(body)
      })
      const { res, text } = await serving(server, (port) => ask(http, { port, agent: false }))
      expect(res.headers["x-name"]).toBe("b\u00e5r")
      expect(res.headers["transfer-encoding"]).toBe("chunked")
      expect(text).toBe(String(body))
    }
  })

  it("keeps an idle connection a second longer than announced, for a request in flight", async () => {
    let socket: net.Socket | undefined
    const server = http.createServer((req, res) => {
      socket = req.socket
      res.end()
    })
    const agent = new http.Agent({ keepAlive: true })
    const timeouts = await serving(server, async (port) => {
      const { res } = await ask(http, { port, agent })
      const first = socket!.timeout
      server.keepAliveTimeout = 2000
      await ask(http, { port, agent })
      return [res.headers["keep-alive"], first, socket!.timeout]
    })
    agent.destroy()
    expect(timeouts).toEqual(["timeout=5", 6000, 3000])
  })

  it("closes an idle connection in time, even if handlers have set timeouts", async () => {
    const handlers: ReadonlyArray<(req: IncomingMessage) => void> = [
      () => {},
      (req) => void req.socket.setTimeout(0),
      (req) => void req.socket.setTimeout(60_000)
    ]
    for (const handle of handlers) {
      for (const later of [false, true]) {
        const seen: Array<number | undefined> = []
        const server = http.createServer((req, res) => {
          seen.push(req.socket.timeout)
          handle(req)
          if (later) setImmediate(() => res.end("x"))
          else res.end("x")
        })
        server.keepAliveTimeout = 50
        const idle = await serving(server, async (port) => {
          const socket = net.connect(port, "127.0.0.1")
          for (let i = 0; i < 3; i++) {
            socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await once(socket, "data")
          }
          const answered = performance.now()
          await once(socket.resume(), "end")
          return performance.now() - answered
        })
        // The server waits a second longer than announced, but the client may have received the response
        // late.
        expect(idle).toBeGreaterThan(500)
        expect(seen.slice(1)).toEqual([0, 0])
      }
    }
  })

  it.each([
    ["upgrade", { headers: { connection: "upgrade", upgrade: "x" } }, "101 Switching Protocols"],
    ["connect", { method: "CONNECT", path: "a:1" }, "200 Connected"]
  ] as const)(
    "%s: both messages are complete and end, and the connection can be reused",
    async (event, options, line) => {
      const seen: Array<unknown> = []
      const note = async (message: IncomingMessage): Promise<void> => {
        seen.push(message.complete)
        for await (const piece of message) seen.push(String(piece))
        seen.push(message.readableEnded, message.aborted)
      }
      const server = http.createServer()
      server.on(event, (req: IncomingMessage, socket: net.Socket) => {
        void note(req).then(() => socket.end("later"))
        socket.write(`HTTP/1.1 ${line}\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nat once `)
      })
      await serving(server, async (port) => {
        const req = http.request({ host: "127.0.0.1", port, agent: false, ...options }).end()
        const [res, socket, head] = (await once(req, event)) as [IncomingMessage, net.Socket, Buffer]
        let text = String(head)
        await note(res)
        while (!text.endsWith("later")) text += String((await once(socket, "data"))[0])
        seen.push(text, socket.destroyed)
        socket.destroy()
      })
      expect(seen).toEqual([true, true, false, true, true, false, "at once later", false])
    }
  )
})
