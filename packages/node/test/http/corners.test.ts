/** Rare states of messages and connections, as programs see them, on the built-in module and on ours. */
import type { ClientRequest, IncomingMessage, RequestListener, ServerResponse } from "node:http"
import net from "node:net"
import { once } from "node:events"
import { Duplex } from "node:stream"
import { describe, expect, it } from "vitest"
import { implementations, serving, textOf } from "./implementations.js"
import { accepting, talk } from "../support/sockets.js"

type Coded = Error & { code?: string }

const turns = async (n: number) => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve))
}
const until = async (holds: () => boolean) => {
  while (!holds()) await turns(1)
}

const thrown = (body: () => unknown): string => {
  try {
    body()
  } catch (error) {
    return `${(error as Coded).code} ${(error as Coded).message}`
  }
  return "nothing"
}

const hello = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

describe.each(implementations)("%s", (name, http) => {
  const isNewer = name === "node:http" && Number(process.versions.node.split(".")[0]) >= 22
  /** Sends text to a server with this handler, and returns all bytes that the server sends. */
  const answer = (handler: RequestListener, text: string) =>
    serving(http.createServer(handler), (port) => talk(port, text))

  /** Calls a function in a handler, and returns the result of the function. Then the connection is closed. */
  const inHandler = async <A>(
    body: (res: ServerResponse, req: IncomingMessage) => A,
    text = hello
  ): Promise<A> => {
    let seen: A
    await answer((req, res) => {
      seen = body(res, req)
      res.socket!.destroySoon()
    }, text)
    return seen!
  }

  describe("a sent message", () => {
    it("queues nothing for an end after destroy", () => {
      const req = http.request({ createConnection: () => new net.Socket() }).on("error", () => {})
      req.destroy()
      req.end("body")
      expect([req.writableLength, req.headersSent]).toEqual([0, false])
    })

    it("counts queued characters, including the head", () => {
      const req = http
        .request({ host: "a.test", createConnection: () => new net.Socket() })
        .on("error", () => {})
      req.end("\u00e9")
      const head = "GET / HTTP/1.1\r\nHost: a.test:80\r\nConnection: close\r\n\r\n"
      expect(req.writableLength).toBe(head.length + 1)
      req.destroy()
    })

    it("does not call back for an end with a body after destroy", async () => {
      const calls: Array<string> = []
      await inHandler((res) => {
        res.on("error", () => {})
        res.end()
        res.destroy()
        res.end("late", () => calls.push("end"))
        res.write("late", () => calls.push("write"))
      })
      await turns(2)
      expect(calls).toEqual(["write"])
    })

    it("is checked against Content-Length: 0 as against any other length", async () => {
      expect(
        await inHandler((res) => {
          res.strictContentLength = true
          res.setHeader("Content-Length", 0)
          res.flushHeaders()
          return thrown(() => res.write("x"))
        })
      ).toMatch(/^ERR_HTTP_CONTENT_LENGTH_MISMATCH .* 1 byte.* 0 byte/)
    })

    it("is checked against a Content-Length that is not a string", async () => {
      expect(
        await inHandler((res) => {
          res.strictContentLength = true
          res.setHeader("Content-Length", true as unknown as number)
          res.flushHeaders()
          return thrown(() => res.end("xx"))
        })
      ).toMatch(/ of 2 byte.* of 1 byte/)
    })

    it("leaves its socket untouched if its end mismatches the length", async () => {
      expect(
        await inHandler((res) => {
          res.strictContentLength = true
          res.writeHead(200, { "Content-Length": 5 })
          res.flushHeaders()
          const code = thrown(() => res.end()).slice(0, 34)
          return [code, res.socket!.writableCorked]
        })
      ).toEqual(["ERR_HTTP_CONTENT_LENGTH_MISMATCH R", 0])
    })

    it("keeps the given arrays unchanged when values are appended", async () => {
      expect(
        await inHandler((res) => {
          res.appendHeader("X-A", 5 as unknown as string)
          res.appendHeader("x-a", "6")
          const own = ["a"]
          res.appendHeader("x-b", own)
          res.setHeader("Date", "x")
          res.removeHeader("date")
          res.setHeader("Date", "y")
          return [res.getHeader("x-a"), res.getHeader("x-b"), own, res.sendDate]
        })
      ).toEqual([[5, "6"], ["a"], ["a"], false])
    })

    it("inspects names that are not strings in errors, and throws for symbols", async () => {
      const bad = {} as unknown as string
      expect(
        await inHandler((res) => [
          thrown(() => res.setHeader(bad, "x")),
          thrown(() => res.addTrailers([[bad, "x"]])),
          thrown(() => res.writeHead(200, [[null, "x"]] as unknown as Array<string>)),
          thrown(() => res.setHeader("x", Symbol("s") as unknown as string)),
          thrown(() => res.addTrailers({ x: Symbol("s") as unknown as string }))
        ])
      ).toEqual([
        'ERR_INVALID_HTTP_TOKEN Header name must be a valid HTTP token ["{}"]',
        'ERR_INVALID_HTTP_TOKEN Trailer name must be a valid HTTP token ["{}"]',
        'ERR_INVALID_HTTP_TOKEN Header name must be a valid HTTP token ["null"]',
        "undefined Cannot convert a Symbol value to a string",
        "undefined Cannot convert a Symbol value to a string"
      ])
    })

    it("accepts a flat list over fields already set, but no list of pairs", async () => {
      expect(
        await inHandler((res) => {
          res.setHeader("x-a", "1")
          const pairs = [
            ["x-b", "2"],
            ["x-c", "3"]
          ] as unknown as Array<string>
          const even = thrown(() => res.writeHead(200, pairs)).split(" ")[0]
          const odd = thrown(() => res.writeHead(200, pairs.slice(1))).split(" ")[0]
          res.writeHead(200, ["x-b", "2"])
          return [even, odd, res.getHeader("x-b")]
        })
      ).toEqual([expect.stringMatching(/^ERR_INVALID_(HTTP_TOKEN|ARG_TYPE)$/), "ERR_INVALID_ARG_VALUE", "2"])
    })

    it("joins the values of a unique trailer", async () => {
      const server = http.createServer({ uniqueHeaders: ["x-once"] }, (_req, res) => {
        res.setHeader("Connection", "close")
        res.flushHeaders()
        res.addTrailers([
          ["X-Once", ["a", "b"] as unknown as string],
          ["X-Many", ["a", "b"] as unknown as string],
          ["X-None", [] as unknown as string]
        ])
        res.end()
      })
      const text = await serving(server, (port) => textOf(net.connect(port, "127.0.0.1").end(hello)))
      expect(text.slice(text.indexOf("0\r\n"))).toBe(
        "0\r\nX-Once: a; b\r\nX-Many: a\r\nX-Many: b\r\nX-None: \r\n\r\n"
      )
    })
  })

  describe("a server", () => {
    it("emits close of a response once, although its end is reported later", async () => {
      let done: (() => void) | undefined
      const socket = new Duplex({
        read() {},
        write: (_chunk, _encoding, written) => void (done = written)
      })
      const closes: Array<boolean> = []
      const server = http.createServer((_req, res) => {
        res.on("close", () => closes.push(res.writableEnded))
        res.end("body")
      })
      server.emit("connection", socket as unknown as net.Socket)
      socket.push(hello)
      await until(() => done !== undefined)
      socket.destroy()
      await once(socket, "close")
      done!()
      await turns(2)
      expect(closes).toEqual([true])
    })

    it("reports an end within a head with a short message", async () => {
      const server = http.createServer(() => {})
      const told = once(server, "clientError")
      await serving(server, async (port) => {
        net.connect(port, "127.0.0.1").end("GET / HT")
        const [error, socket] = (await told) as [Coded & { rawPacket?: Buffer }, net.Socket]
        expect([error.message, error.code, error.rawPacket]).toEqual([
          "Parse Error",
          "HPE_INVALID_EOF_STATE",
          undefined
        ])
        socket.destroy()
      })
    })

    it("closes an idle connection a second after the announced timeout, unless a complete head has arrived", async () => {
      const times: Array<number | undefined> = []
      const server = http.createServer((req, res) => {
        times.push(req.socket.timeout)
        res.end(() => setImmediate(() => times.push(req.socket.timeout)))
      })
      let accepted: net.Socket | undefined
      server.on("connection", (socket) => (accepted = socket))
      await serving(server, async (port) => {
        const socket = net.connect(port, "127.0.0.1")
        socket.write(hello)
        await until(() => times.length === 2)
        socket.write("GET /")
        await turns(5)
        times.push(accepted!.timeout)
        socket.write(" HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(() => times.length === 5)
        socket.destroy()
      })
      expect(times).toEqual([undefined, 6000, 6000, 0, 6000])
    })

    it("keeps the body of a paused reader after the response was sent", async () => {
      const parts: Array<string> = []
      let over = false
      const server = http.createServer((req, res) => {
        req.on("data", (part) => {
          parts.push(String(part))
          req.pause()
        })
        req.on("end", () => (over = true))
        res.end()
        res.on("close", () => setImmediate(() => req.resume()))
      })
      const body = "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
      await serving(server, async (port) => {
        const socket = net.connect(port, "127.0.0.1")
        socket.write(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`)
        await until(() => parts.length === 1)
        await until(() => parts.length === 2 || over)
        socket.destroy()
      })
      expect(parts).toEqual(["a", "b"])
    })

    it("hands an upgrade over with a complete request", async () => {
      const server = http.createServer(() => {})
      const given = once(server, "upgrade")
      await serving(server, async (port) => {
        net
          .connect(port, "127.0.0.1")
          .write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nrest")
        const [req, socket, head] = (await given) as [
          IncomingMessage & { upgrade: boolean },
          net.Socket,
          Buffer
        ]
        expect([req.complete, req.upgrade, String(head)]).toEqual([true, true, "rest"])
        expect(await textOf(req)).toBe("")
        socket.destroy()
      })
    })

    it("closes a response after the new owner of its connection has ended it", async () => {
      const events: Array<string> = []
      await answer((req, res) => {
        req.on("close", () => events.push("req close"))
        res.on("close", () => events.push("res close"))
      }, `${hello}CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n`)
      expect(events).toEqual(["res close"])
    })

    it("does not close the connection of a handler that closes idle ones, even after pipelined requests", async () => {
      const server = http.createServer((req, res) => {
        if (req.url === "/2") server.closeIdleConnections()
        res.end(req.url)
      })
      const text = await serving(server, (port) =>
        textOf(
          net
            .connect(port, "127.0.0.1")
            .end("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        )
      )
      expect(text).toMatch(/\/1HTTP[^]*\/2$/)
    })

    it.each([
      [
        "after the last message of a connection",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nmore",
        true
      ],
      ["in the middle of a message", `${hello}GET / HTTP/1.1\r\nbad\r\n\r\n`, false]
    ])("takes a connection that is refused %s for idle or not", async (_where, text, isIdle) => {
      const server = http.createServer((_req, res) => process.nextTick(() => res.end()))
      const refused = once(server, "clientError")
      server.on("clientError", (_error, socket) => socket.end())
      await serving(server, async (port) => {
        const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true })
        socket.resume().write(text)
        const [, accepted] = (await refused) as [Error, net.Socket]
        await turns(3)
        server.closeIdleConnections()
        expect(accepted.destroyed).toBe(isIdle)
        socket.destroy()
      })
    })

    it("recognizes 100-continue in any of several Expect fields", async () => {
      const text =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: x\r\nExpect: 100-continue\r\n\r\n"
      expect(await answer((_req, res) => res.end(), text)).toMatch(
        /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/
      )
    })

    it("requires a Host among the fields within maxHeadersCount", async () => {
      const server = http.createServer((_req, res) => res.end())
      server.maxHeadersCount = 1
      const text = await serving(server, (port) =>
        textOf(net.connect(port, "127.0.0.1").end("GET / HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n"))
      )
      // Node.js 22 and later refuse a head with more fields than `maxHeadersCount`.
      expect(text).toMatch(isNewer ? /^HTTP\/1.1 431 / : /^HTTP\/1.1 400 /)
    })
  })

  describe("a client", () => {
    const failures = (req: ClientRequest) => {
      const errors: Array<string | undefined> = []
      req.on("error", (error: Coded) => errors.push(error.code))
      return errors
    }

    it("releases a connection that ends within a response", () =>
      accepting(
        (socket) =>
          void socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")),
        async (port) => {
          const req = http.get({ host: "127.0.0.1", port, agent: false })
          failures(req)
          const [res] = (await once(req, "response")) as [IncomingMessage]
          res.on("error", () => {}).resume()
          await once(req.socket!, "end")
          expect(req.socket!.destroyed).toBe(true)
        }
      ))

    it("does not complete a response without a length when its socket is destroyed", () =>
      accepting(
        (socket) => void socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n\r\nhalf")),
        async (port) => {
          const req = http.get({ host: "127.0.0.1", port, agent: false })
          failures(req)
          const [res] = (await once(req, "response")) as [IncomingMessage]
          const seen: Array<string> = []
          for (const event of ["end", "aborted", "close"]) res.on(event, () => seen.push(event))
          res.on("error", (error: Coded) => seen.push(`${error.code} ${error.message}`))
          res.once("data", () => req.socket!.destroy())
          await once(req, "close")
          await turns(3)
          expect(seen).toEqual(["aborted", "ECONNRESET aborted", "close"])
        }
      ))

    it("reports the error given to destroy only to its listeners", async () => {
      const req = http.request({ createConnection: () => new net.Socket() })
      const told = once(req, "error")
      req.destroy(new Error("mine"))
      expect((req as unknown as { errored: unknown }).errored).toBe(null)
      expect(((await told) as [Error])[0].message).toBe("mine")
    })

    it("removes the socket from a response before another request gets it", () =>
      serving(
        http.createServer((req, res) => res.end(req.url)),
        async (port) => {
          const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
          const first = http.get({ host: "127.0.0.1", port, agent, path: "/1" })
          const second = http.get({ host: "127.0.0.1", port, agent, path: "/2" })
          const answered = once(second, "response")
          const [res] = (await once(first, "response")) as [IncomingMessage]
          res.resume()
          await once(second, "socket")
          expect(res.socket).toBe(null)
          res.destroy()
          const [other] = (await answered) as [IncomingMessage]
          expect(await textOf(other)).toBe("/2")
          agent.destroy()
        }
      ))

    it("destroys an idle connection that receives unsolicited bytes", () =>
      accepting(
        (socket) => {
          socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
          socket.once("data", () =>
            setTimeout(() => socket.write("HTTP/1.1 200 OK\r\nX: not yours\r\n\r\n"), 20)
          )
        },
        async (port) => {
          const agent = new http.Agent({ keepAlive: true })
          const req = http.get({ host: "127.0.0.1", port, agent })
          const [res] = (await once(req, "response")) as [IncomingMessage]
          res.resume()
          await once(req, "close")
          const kept = req.socket!
          await until(() => kept.bytesRead > 60)
          await turns(3)
          // Node.js 20 keeps the connection.
          const isKept = name === "node:http" && !isNewer
          expect([kept.destroyed, Object.keys(agent.freeSockets).length]).toEqual(
            isKept ? [false, 1] : [true, 0]
          )
          agent.destroy()
        }
      ))

    it("emits close of a request once, although its connection is not kept", () =>
      serving(
        http.createServer((_req, res) => res.end()),
        async (port) => {
          const agent = new http.Agent({ maxSockets: 1 })
          const req = http.get({ host: "127.0.0.1", port, agent })
          let closes = 0
          req.on("close", () => closes++)
          const [res] = (await once(req, "response")) as [IncomingMessage]
          const { socket } = res
          res.resume()
          await once(socket, "close")
          await turns(3)
          expect(closes).toBe(1)
        }
      ))
  })
})
