/**
 * Security fixes and crash fixes of newer Node.js versions hold on every version. The rows are those of the
 * table in docs/node-versions.md. If the built-in module has the fix, it behaves the same.
 */
import { once } from "node:events"
import { readFileSync } from "node:fs"
import builtInHttp from "node:http"
import builtInHttps from "node:https"
import net from "node:net"
import tls from "node:tls"
import { assert, describe, expect, it } from "vitest"
import http from "@httpfx/node/http"
import https from "@httpfx/node/https"
import { hasPrototype } from "../../src/http/own/distinct.js"
import { ask, isSince, serving, textOf } from "./implementations.js"
import { talk } from "../support/sockets.js"

interface Modules {
  readonly http: typeof builtInHttp
  readonly https: typeof builtInHttps
}
const ours: Modules = { http, https }
const builtIn: Modules = { http: builtInHttp, https: builtInHttps }

const described: Array<readonly [fix: string, since: string]> = []

/** Adds a row of the table with its test. */
const fixed = (fix: string, since: string, body: (modules: Modules) => Promise<void> | void): void => {
  described.push([fix, since])
  describe(fix, () => {
    it("httpfx", () => body(ours))
    if (isSince(since)) it("node:http", () => body(builtIn))
  })
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))

fixed("`writeEarlyHints` refuses CR and LF in a link", "24.22", async ({ http }) => {
  const seen: Array<unknown> = []
  const server = http.createServer((_req, res) => {
    for (const link of ["</a\r\nX: y>; rel=preload", ["</b>; rel=preload", "</c\nd>; rel=preload"]]) {
      try {
        res.writeEarlyHints({ link })
      } catch (error) {
        seen.push((error as { code: string }).code)
      }
    }
    res.end()
  })
  await serving(server, async (port) => {
    await ask(http, { port })
    assert.deepStrictEqual(seen, ["ERR_INVALID_ARG_VALUE", "ERR_INVALID_ARG_VALUE"])
  })
})

fixed("`req.path` is checked when it is set later", "24.22", async ({ http }) => {
  const server = http.createServer((req, res) => res.end(req.url))
  await serving(server, async (port) => {
    const req = http.request({ port, host: "127.0.0.1", path: "/a" })
    for (const path of ["/b HTTP/1.1\r\nX: y", "/\n", "/\u0000", "/ü\u{1f600}"]) {
      expect(() => (req.path = path)).toThrow("Request path contains unescaped characters")
    }
    assert.strictEqual(req.path, "/a")
    req.path = "/c"
    req.end()
    const [res] = (await once(req, "response")) as [builtInHttp.IncomingMessage]
    assert.strictEqual(await textOf(res), "/c")
  })
})

fixed("`rawHeaders` has no more fields than `maxHeadersCount`", "24.22", async ({ http }) => {
  const counts: Array<readonly [raw: number, folded: number]> = []
  const server = http.createServer((req, res) => {
    counts.push([req.rawHeaders.length / 2, Object.keys(req.headers).length])
    res.end()
  })
  const fields = (count: number) => Array.from({ length: count }, (_, i) => `F${i}: v\r\n`).join("")
  await serving(server, async (port) => {
    server.maxHeadersCount = 40
    for (const count of [10, 37, 38, 39, 70, 500]) {
      await talk(port, `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields(count)}\r\n`)
    }
    assert.deepStrictEqual(counts.slice(0, 3), [
      [12, 12],
      [39, 39],
      [40, 40]
    ])
    // Node.js 22 and later refuse the request instead.
    if (http === ours.http) assert.deepStrictEqual(counts.slice(3), Array(3).fill([40, 40]))
  })
})

fixed("options added to `Object.prototype` are ignored", "24.22", async ({ http, https }) => {
  const server = http.createServer((_req, res) => res.end("there"))
  const prototype = Object.prototype as { socketPath?: string }
  await serving(server, async (port) => {
    prototype.socketPath = "/nowhere/at.sock"
    try {
      for (const url of [`http://127.0.0.1:${port}/`, new URL(`http://127.0.0.1:${port}/`)]) {
        const req = http.get(url, { agent: false })
        const [res] = (await once(req, "response")) as [builtInHttp.IncomingMessage]
        assert.strictEqual(await textOf(res), "there")
      }
      const secure = https.get(`https://127.0.0.1:${port}/`, { agent: false })
      const [error] = (await once(secure, "error")) as [NodeJS.ErrnoException]
      assert.notStrictEqual(error.code, "ENOENT")
    } finally {
      delete prototype.socketPath
    }
  })
})

fixed(
  "an upgrade that `shouldUpgradeCallback` accepts and no listener handles closes the connection",
  "24.22",
  async ({ http }) => {
    const server = http.createServer({ shouldUpgradeCallback: () => true } as never, (_req, res) =>
      res.end("no")
    )
    await serving(server, async (port) => {
      const head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
      assert.strictEqual(await talk(port, head), "")
    })
  }
)

fixed("a chunk in an unknown encoding is refused before its size is sent", "24.22", async ({ http }) => {
  const seen: Array<string> = []
  const attempt = (write: () => unknown) => {
    try {
      write()
      seen.push("sent")
    } catch (error) {
      seen.push((error as { code: string }).code)
    }
  }
  const server = http.createServer((_req, res) => {
    res.setHeader("Transfer-Encoding", "chunked")
    attempt(() => res.write("a", "no encoding" as never))
    attempt(() => res.write("b", "latin1"))
    attempt(() => res.write("c", "no encoding" as never))
    attempt(() => res.end())
  })
  await serving(server, async (port) => {
    const { text } = await ask(http, { port })
    assert.strictEqual(text, "b")
    assert.deepStrictEqual(seen, ["ERR_UNKNOWN_ENCODING", "sent", "ERR_UNKNOWN_ENCODING", "sent"])
  })
})

fixed("no view of the fields throws at a field named `__proto__`", "20.20", async ({ http }) => {
  const seen: Array<unknown> = []
  const server = http.createServer((req, res) => {
    seen.push(req.headersDistinct["__proto__"], Object.getPrototypeOf(req.headers) === Object.prototype)
    req.resume().on("end", () => {
      seen.push(req.trailersDistinct["__proto__"])
      res.end()
    })
  })
  await serving(server, async (port) => {
    const answer = await talk(
      port,
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n__proto__: a\r\n__proto__: b\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "0\r\n__proto__: c\r\n\r\n"
    )
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.deepStrictEqual(seen, [["a", "b"], true, ["c"]])
  })
})

it("headersDistinct and trailersDistinct have the same prototype as in the running Node.js", async () => {
  const seen: Array<unknown> = []
  for (const { http } of [ours, builtIn]) {
    const server = http.createServer((req, res) => {
      req.resume().on("end", () => {
        seen.push(Object.getPrototypeOf(req.headersDistinct), Object.getPrototypeOf(req.trailersDistinct))
        res.end()
      })
    })
    await serving(server, (port) => ask(http, { port }, "x"))
  }
  assert.deepStrictEqual(seen.slice(0, 2), seen.slice(2))
  for (const [version, inherits] of [
    ["20.20.1", true],
    ["20.20.2", false],
    ["22.9.0", true],
    ["22.22.2", false],
    ["22.23.0", false],
    ["24.14.0", true],
    ["24.14.1", false],
    ["25.8.1", true],
    ["25.9.0", false],
    ["26.0.0", false]
  ] as const) {
    assert.strictEqual(hasPrototype(version), inherits, version)
  }
})

fixed("a `keylog` listener added late gets events of open sockets", "24.22", async ({ https }) => {
  const options = { key: fixture("server-key.pem"), cert: fixture("server.pem") }
  const server = https.createServer(options, (_req, res) => res.end())
  await serving(server, async (port) => {
    const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false })
    const req = https.get({ port, host: "127.0.0.1", agent })
    const [res] = (await once(req, "response")) as [builtInHttp.IncomingMessage]
    await textOf(res)
    agent.on("keylog", () => {})
    assert.strictEqual(req.socket!.listenerCount("keylog"), 1)
    agent.destroy()
  })
})

fixed("a socket that fails in the turn of its creation fails its request", "24.22", async ({ http }) => {
  for (const agent of [undefined, new http.Agent()]) {
    const failing = () => {
      const socket = new net.Socket()
      socket.destroy(new Error("blocked"))
      return socket
    }
    if (agent !== undefined) Object.assign(agent, { createConnection: failing })
    const req = http.get(agent === undefined ? { createConnection: failing } : { agent })
    const seen: Array<string> = []
    req.on("error", ({ message }) => seen.push(message))
    await new Promise<void>((resolve) => setImmediate(resolve))
    assert.deepStrictEqual(seen, ["blocked"])
  }
})

it("a socket that fails in the turn that made it fails a queued request too", async () => {
  let made = 0
  const agent = Object.assign(new ours.http.Agent({ maxSockets: 1 }), {
    createConnection: () => {
      made++
      const socket = new net.Socket()
      socket.destroy(new Error("blocked"))
      return socket
    }
  })
  const failures = [1, 2, 3].map(async () => {
    const [error] = (await once(ours.http.get({ agent }), "error")) as [Error]
    return error.message
  })
  assert.deepStrictEqual(await Promise.all(failures), ["blocked", "blocked", "blocked"])
  await new Promise<void>((resolve) => setImmediate(resolve))
  const { requests, sockets, totalSocketCount } = agent as unknown as Record<string, unknown>
  assert.deepStrictEqual(
    { made, requests, sockets, totalSocketCount },
    {
      made: 3,
      requests: Object.create(null),
      sockets: Object.create(null),
      totalSocketCount: 0
    }
  )
})

it("other queued requests are served if no socket can be opened for one of them", async () => {
  await serving(
    ours.http.createServer((_req, res) => res.setHeader("Connection", "close").end("x")),
    async (port) => {
      let made = 0
      const agent = Object.assign(new ours.http.Agent({ maxSockets: 1 }), {
        createConnection: (_options: unknown, done: (error: Error) => void) => {
          if (++made === 2 || made === 3) return void setImmediate(done, new Error("blocked"))
          return net.connect(port, "127.0.0.1")
        }
      })
      const seen = [1, 2, 3, 4, 5].map((_) =>
        ask(ours.http, { port, agent }).then(
          ({ text }) => text,
          ({ message }: Error) => message
        )
      )
      assert.deepStrictEqual(await Promise.all(seen), ["x", "blocked", "blocked", "x", "x"])
      assert.strictEqual(made, 5)
    }
  )
})

describe("proxies", () => {
  const refused: ReadonlyArray<readonly [what: string, options: builtInHttp.RequestOptions]> = [
    ["another host in the field", { headers: { host: "other.test" } }],
    ["another host in a list of fields", { headers: ["Host", "other.test"] as never }],
    ["two hosts in a list of fields", { headers: ["Host", "server.test", "Host", "other.test"] as never }],
    ["another host in the target", { path: "http://other.test/" }],
    ["another port in the target", { path: "http://server.test:81/" }],
    ["a user in the target", { path: "http://user:secret@server.test/" }],
    ["another scheme in the target", { path: "https://server.test/" }],
    ["a target that is neither a path nor a URL", { path: "server.test/" }]
  ]
  fixed("a request through a proxy names only the agent's server", "24.22", async ({ http }) => {
    const proxy = http.createServer((req, res) => res.end(req.url))
    await serving(proxy, async (port) => {
      const agent = new http.Agent({ proxyEnv: { http_proxy: `http://127.0.0.1:${port}` } } as never)
      for (const [what, options] of refused) {
        const send = () => http.request({ host: "server.test", agent, ...options })
        expect(send, what).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE" }))
        expect(send, what).not.toThrow(/secret/)
      }
      for (const [options, target] of [
        [{ path: "/a?b" }, "http://server.test/a?b"],
        [{ path: "http://server.test/c" }, "http://server.test/c"],
        [{ path: "*", method: "OPTIONS" }, "*"],
        [{ headers: { host: "SERVER.test:80" } }, "http://server.test/"]
      ] as const) {
        const req = http.request({ host: "server.test", agent, ...options }).end()
        const [res] = (await once(req, "response")) as [builtInHttp.IncomingMessage]
        assert.strictEqual(await textOf(res), target)
      }
      agent.destroy()
    })
  })
})

describe("TLS connections that are shared", () => {
  fixed(
    "a connection accepted by one request's `checkServerIdentity` serves no other request",
    "24.22",
    async ({ https }) => {
      const options = { key: fixture("server-key.pem"), cert: fixture("server.pem") }
      const server = https.createServer(options, (_req, res) => res.end())
      await serving(server, async (port) => {
        const agent = new https.Agent({ keepAlive: true, ca: fixture("ca.pem") })
        const ports: Array<number> = []
        const resumed: Array<boolean> = []
        for (let i = 0; i < 3; i++) {
          const checkServerIdentity = () => undefined
          const req = https.get({
            port,
            host: "127.0.0.1",
            servername: "other.test",
            agent,
            checkServerIdentity
          })
          const [res] = (await once(req, "response")) as [builtInHttp.IncomingMessage]
          ports.push(req.socket!.localPort!)
          resumed.push((req.socket as tls.TLSSocket).isSessionReused())
          const closed = once(req, "close")
          await textOf(res)
          await closed
        }
        assert.strictEqual(new Set(ports).size, 3)
        assert.deepStrictEqual(resumed, [false, false, false])
        const strict = https.get({ port, host: "127.0.0.1", servername: "other.test", agent })
        const [error] = (await once(strict, "error")) as [NodeJS.ErrnoException]
        assert.strictEqual(error.code, "ERR_TLS_CERT_ALTNAME_INVALID")
        agent.destroy()
      })
    }
  )

  fixed("names of connections differ if their TLS options differ", "24.22", ({ https }) => {
    const agent = new https.Agent()
    const name = (options: object): string => agent.getName({ host: "a", port: 1, ...options } as never)
    const context = () => tls.createSecureContext()
    for (const [what, one, other] of [
      ["lists of keys", { key: [{ pem: "a" }] }, { key: [{ pem: "b" }] }],
      ["protocols", { ALPNProtocols: ["a"] }, { ALPNProtocols: ["b"] }],
      ["protocols and none", { ALPNProtocols: ["a"] }, {}],
      ["contexts", { secureContext: context() }, { secureContext: context() }],
      ["callbacks for keys", { pskCallback: () => null }, { pskCallback: () => null }],
      ["sessions", { session: Buffer.from("a") }, { session: Buffer.from("b") }],
      ["the size of a group", { minDHSize: 1024 }, { minDHSize: 2048 }],
      ["whole chains", { allowPartialTrustChain: true }, { allowPartialTrustChain: false }],
      ["stapled answers", { requestOCSP: true }, {}]
    ] as const) {
      assert.notStrictEqual(name(one), name(other), what)
    }
    assert.strictEqual(name({ ALPNProtocols: ["a", "b"] }), name({ ALPNProtocols: ["a", "b"] }))
  })
})

it("the table in docs/node-versions.md has these rows", () => {
  const page = readFileSync(new URL("../../../../docs/node-versions.md", import.meta.url), "utf8")
  const table = page.slice(page.indexOf("## Bugs that newer Node.js versions fixed"))
  const rows = [...table.slice(0, table.indexOf("\n## ")).matchAll(/^\| (.*?) +\| (\d+\.\d+) /gm)]
  assert.deepStrictEqual(
    rows.map(([, fix, since]) => [fix, since]),
    described.map((row) => [...row])
  )
})
