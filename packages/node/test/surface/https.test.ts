/**
 * The parts of https beyond http: TLS, the agent's sessions and names, and the server's errors. Tested on the
 * built-in modules and on ours.
 */
import { strict as assert } from "node:assert"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import type { RequestListener } from "node:http"
import type { Agent, RequestOptions, Server, ServerOptions } from "node:https"
import net from "node:net"
import tls from "node:tls"
import { describe, it } from "vitest"
import { implementations, read, until, type Https } from "./harness.js"

const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const own = { key: pem("server-key.pem"), cert: pem("server.pem") }
const hello: RequestListener = (req, res) => void res.end(`${req.method} ${req.url}`)

interface World {
  readonly https: Https
  readonly server: (options?: ServerOptions, listener?: RequestListener) => Promise<Server>
  readonly agent: (options?: object) => Agent
  readonly ask: (server: Server, options?: RequestOptions) => Promise<{ socket: tls.TLSSocket; text: string }>
}

const portOf = (server: Server) => (server.address() as net.AddressInfo).port

const bodies: Readonly<Record<string, (world: World) => Promise<void> | void>> = {
  "the module": ({ https }) => {
    assert.deepEqual(Object.keys(https).sort(), [
      "Agent",
      "Server",
      "createServer",
      "get",
      "globalAgent",
      "request"
    ])
  },
  "a TLS server that speaks HTTP": async ({ ask, https, server }) => {
    const app = await server()
    assert.ok(app instanceof https.Server && app instanceof tls.Server)
    const { socket, text } = await ask(app, { path: "/x" })
    assert.deepEqual([text, socket.encrypted, socket.alpnProtocol], ["GET /x", true, false])
    const offering = { port: portOf(app), host: "127.0.0.1", rejectUnauthorized: false }
    const client = tls.connect({ ...offering, ALPNProtocols: ["h2", "http/1.1"] })
    await once(client, "secureConnect")
    client.destroy()
    assert.equal(client.alpnProtocol, "http/1.1")
  },
  "a URL, options and a callback": async ({ https, server }) => {
    const app = await server()
    const url = `https://127.0.0.1:${portOf(app)}/by-url?q`
    const text = await new Promise<string>((resolve) => {
      https.get(url, { rejectUnauthorized: false, agent: false }, (res) => void read(res).then(resolve))
    })
    assert.equal(text, "GET /by-url?q")
    assert.throws(() => https.request("http://a/"), { code: "ERR_INVALID_PROTOCOL" })
    assert.throws(() => https.request("no address"), { code: "ERR_INVALID_URL" })
  },
  "an untrusted certificate": async ({ ask, server }) => {
    const app = await server()
    await assert.rejects(
      ask(app, { rejectUnauthorized: true, agent: false }),
      (error: NodeJS.ErrnoException) => /^(UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/.test(String(error.code))
    )
    const trusted = await ask(app, {
      rejectUnauthorized: true,
      agent: false,
      ca: pem("ca.pem"),
      checkServerIdentity: () => undefined
    })
    assert.equal(trusted.socket.authorized, true)
  },
  "sessions, reused by the agent": async ({ agent, ask, server }) => {
    const app = await server({ maxVersion: "TLSv1.2" })
    const reused = async (options: object) => {
      const mine = agent(options)
      const seen: Array<boolean> = []
      for (let i = 0; i < 2; i++) {
        const { socket } = await ask(app, { agent: mine })
        seen.push(socket.isSessionReused())
      }
      return seen
    }
    assert.deepEqual(await reused({ maxCachedSessions: 10 }), [false, true])
    assert.deepEqual(await reused({ maxCachedSessions: 0 }), [false, false])
  },
  "connections, reused if their options are equal": async ({ agent, ask, server }) => {
    const app = await server()
    const mine = agent({ keepAlive: true })
    const sockets: Array<unknown> = []
    for (const servername of ["a.test", "a.test", "b.test"]) {
      const { socket } = await ask(app, { agent: mine, servername })
      sockets.push(socket)
      await until(() => Object.keys(mine.sockets).length === 0)
    }
    assert.deepEqual([sockets[0] === sockets[1], sockets[1] === sockets[2]], [true, false])
    assert.equal(Object.keys(mine.freeSockets).length, 2)
  },
  keylog: async ({ agent, ask, server }) => {
    const app = await server()
    const lines: Array<string> = []
    const mine = agent()
    mine.on("keylog", (line, socket) => {
      assert.ok(socket instanceof tls.TLSSocket)
      lines.push(String(line))
    })
    app.on("keylog", (line) => lines.push(String(line)))
    await ask(app, { agent: mine })
    assert.ok(lines.length >= 4 && lines.every((line) => /^[A-Z_0-9]+ [0-9a-f]+ [0-9a-f]+\n$/.test(line)))
  },
  "bytes that are not TLS, and a client certificate": async ({ ask, server }) => {
    const app = await server()
    const told: Array<string> = []
    app.on("tlsClientError", (error) => told.push(`tlsClientError ${(error as { code?: string }).code}`))
    const plain = net.connect(portOf(app), "127.0.0.1").on("error", () => {})
    plain.write("GET / HTTP/1.1\r\n\r\n")
    await once(plain, "close")
    app.on("clientError", (error, socket) => {
      told.push(`clientError ${(error as { code?: string }).code}`)
      socket.destroy()
    })
    const other = net.connect(portOf(app), "127.0.0.1").on("error", () => {})
    other.write("GET / HTTP/1.1\r\n\r\n")
    await once(other, "close")
    assert.deepEqual(told, [
      "tlsClientError ERR_SSL_HTTP_REQUEST",
      "clientError ERR_SSL_HTTP_REQUEST",
      "tlsClientError ERR_SSL_HTTP_REQUEST"
    ])
    const asking = await server({ requestCert: true, ca: pem("ca.pem") }, (req, res) =>
      res.end((req.socket as tls.TLSSocket).getPeerCertificate().subject?.CN ?? "nobody")
    )
    const known = await ask(asking, { agent: false, key: pem("client-key.pem"), cert: pem("client.pem") })
    assert.notEqual(known.text, "nobody")
    await assert.rejects(ask(asking, { agent: false }))
  },
  "malformed HTTP in TLS": async ({ server }) => {
    const app = await server()
    const client = tls.connect({ port: portOf(app), host: "127.0.0.1", rejectUnauthorized: false })
    client.on("error", () => {})
    await once(client, "secureConnect")
    client.write("bad\r\n\r\n")
    assert.equal(await read(client), "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
  },
  "the members of an HTTP server": async ({ ask, server }) => {
    const app = await server({ keepAliveTimeout: 3000 })
    assert.deepEqual([app.keepAliveTimeout, app.headersTimeout, app.requestTimeout], [3000, 60_000, 300_000])
    const client = tls.connect({ port: portOf(app), host: "127.0.0.1", rejectUnauthorized: false })
    client.on("error", () => {})
    let text = ""
    client.on("data", (chunk) => (text += String(chunk)))
    client.write("GET /kept HTTP/1.1\r\nHost: a\r\n\r\n")
    await until(() => text.endsWith("GET /kept"))
    assert.match(text, /\r\nKeep-Alive: timeout=3\r\n/)
    let closed = false
    client.on("close", () => (closed = true))
    await new Promise((resolve) => setTimeout(resolve, 2))
    app.closeIdleConnections()
    await until(() => closed)
    await ask(app)
    await new Promise<void>((resolve) => void app.close(() => resolve()))
    assert.equal(app.listening, false)
  }
}

for (const [name, { https }] of Object.entries(implementations)) {
  describe(`https, ${name}`, () => {
    for (const [title, body] of Object.entries(bodies)) {
      it(title, async () => {
        const cleaning: Array<() => void> = []
        try {
          await body({
            https,
            server: async (options = {}, listener = hello) => {
              const app = https.createServer({ ...own, ...options }, listener)
              cleaning.push(() => app.close().closeAllConnections())
              await once(app.listen(0, "127.0.0.1"), "listening")
              return app
            },
            agent: (options) => {
              const mine = new https.Agent(options)
              cleaning.push(() => mine.destroy())
              return mine
            },
            ask: (server, options) =>
              new Promise((resolve, reject) => {
                const target = {
                  port: portOf(server),
                  host: "127.0.0.1",
                  rejectUnauthorized: false,
                  agent: false
                } as const
                https
                  .get({ ...target, ...options }, (res) => {
                    const socket = res.socket as tls.TLSSocket
                    read(res).then((text) => resolve({ socket, text }), reject)
                  })
                  .on("error", reject)
              })
          })
        } finally {
          for (const one of cleaning.reverse()) one()
        }
      })
    }
  })
}
