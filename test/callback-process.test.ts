/**
 * The callback modules and process-wide features: command line options, `NODE_OPTIONS`,
 * `PerformanceObserver`, domains and asynchronous contexts. Each program has the same output on the built-in
 * modules and with the register hook.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { root, run, temporaryFolder } from "./support.js"

const register = join(root, "packages/node/dist/register.cjs")

const start = `
const http = require("node:http")
const net = require("node:net")
const say = (what, value) => console.log(what + ": " + JSON.stringify(value))
const listen = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)))
const raw = (port, text) => new Promise((resolve) => {
  const socket = net.connect(port, "127.0.0.1", () => socket.write(text, "latin1"))
  let got = ""
  socket.on("data", (bytes) => (got += bytes))
  socket.on("close", () => resolve(got.split("\\r\\n")[0]))
  socket.on("error", () => {})
})
`

const programs: Readonly<
  Record<
    string,
    {
      readonly flags?: ReadonlyArray<string>
      readonly options?: string
      readonly code: string
      readonly expected: string
    }
  >
> = {
  "--max-http-header-size": {
    flags: ["--max-http-header-size=1000"],
    code: `
      const server = http.createServer((req, res) => res.end())
      const port = await listen(server)
      say("size", http.maxHeaderSize)
      const head = "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\nX: "
      say("within", await raw(port, head + "x".repeat(500) + "\\r\\n\\r\\n"))
      say("above", await raw(port, head + "x".repeat(1500) + "\\r\\n\\r\\n"))
      server.close()`,
    expected: `size: 1000\nwithin: "HTTP/1.1 200 OK"\nabove: "HTTP/1.1 431 Request Header Fields Too Large"\n`
  },
  "NODE_OPTIONS, and the command line over it": {
    flags: ["--max-http-header-size=2000"],
    options: "--max-http-header-size=1000",
    code: `say("size", http.maxHeaderSize)`,
    expected: "size: 2000\n"
  },
  "--insecure-http-parser": {
    flags: ["--no-warnings"],
    options: "--insecure-http-parser",
    code: `
      const server = http.createServer((req, res) => res.end())
      const strict = http.createServer({ insecureHTTPParser: false }, (req, res) => res.end())
      for (const one of [server, strict]) {
        const port = await listen(one)
        say("control byte in a value", await raw(port, "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\nX: a\\x01b\\r\\n\\r\\n"))
        one.close()
      }`,
    expected: `control byte in a value: "HTTP/1.1 200 OK"\ncontrol byte in a value: "HTTP/1.1 400 Bad Request"\n`
  },
  PerformanceObserver: {
    code: `
      const { PerformanceObserver } = require("node:perf_hooks")
      const entries = []
      const seen = new Promise((resolve) => {
        const observer = new PerformanceObserver((list) => {
          entries.push(...list.getEntries())
          if (entries.length > 1) resolve(observer.disconnect())
        })
        observer.observe({ entryTypes: ["http"] })
      })
      const server = http.createServer((req, res) => res.end("x"))
      const port = await listen(server)
      http.get({ port, host: "127.0.0.1", path: "/p", agent: false }, (res) => res.resume().on("end", () => server.close()))
      await seen
      for (const { detail, duration, entryType, name } of entries.sort((a, b) => (a.name < b.name ? -1 : 1)))
        say(name, [entryType, duration >= 0, detail.req.method, detail.req.url.replace(/:\\d+/, ""), detail.res.statusCode])`,
    expected: `HttpClient: ["http",true,"GET","http://127.0.0.1/p",200]\nHttpRequest: ["http",true,"GET","/p",200]\n`
  },
  domains: {
    flags: ["--no-deprecation"],
    code: `
      const domain = require("node:domain")
      const d = domain.create()
      const told = new Promise((resolve) => d.on("error", resolve))
      d.run(() => http.get({ host: "127.0.0.1", port: 1 }))
      say("the request's error", (await told).code)
      const thrown = new Promise((resolve) => d.once("error", resolve))
      const server = http.createServer((req, res) => res.end())
      const port = await listen(server)
      d.run(() => http.get({ host: "127.0.0.1", port, agent: false }, (res) => {
        res.resume()
        server.close()
        throw new Error("in a callback")
      }))
      say("what a callback throws", (await thrown).message)`,
    expected: `the request's error: "ECONNREFUSED"\nwhat a callback throws: "in a callback"\n`
  },
  "asynchronous contexts": {
    code: `
      const { AsyncLocalStorage } = require("node:async_hooks")
      const storage = new AsyncLocalStorage()
      const server = http.createServer((req, res) => res.end("x"))
      const port = await listen(server)
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
      const ask = (name) => storage.run(name, () => new Promise((resolve) => {
        const req = http.get({ host: "127.0.0.1", port, agent }, (res) => {
          const seen = [req.reusedSocket, storage.getStore()]
          res.on("data", () => seen.push(storage.getStore()))
          res.on("end", () => resolve([...seen, storage.getStore()]))
        })
      }))
      say("alone", await ask("one"))
      say("queued", await Promise.all([ask("two"), ask("three")]))
      agent.destroy()
      server.close()`,
    expected:
      `alone: [false,"one","one","one"]\n` +
      `queued: [[true,"two","two","two"],[false,"three","three","three"]]\n`
  },
  "names in stack traces": {
    code: `
      const { once } = require("node:events")
      const of = (emitter, event) => new Promise((resolve) => emitter.on(event, () => {
        const names = new Error().stack.match(/at \\w+\\.(?=emit |destroy |end )/g)
        resolve(names[0].slice(3, -1))
      }))
      const server = http.createServer()
      const port = await listen(server)
      const asked = of(server, "request")
      const exchange = once(server, "request")
      const agent = new http.Agent({ keepAlive: true })
      const req = http.get({ host: "127.0.0.1", port, agent })
      const answered = of(req, "response")
      const free = of(agent, "free")
      const [request, response] = await exchange
      const ended = of(request, "end")
      const prefinished = of(response, "prefinish")
      request.resume()
      response.end("x")
      say("Server", await asked)
      say("IncomingMessage", await ended)
      say("ServerResponse", await prefinished)
      say("ClientRequest", await answered)
      req.res.resume()
      say("Agent", await free)
      agent.destroy()
      server.close()
      const https = require("node:https")
      const secure = https.createServer()
      const waits = of(secure, "x")
      secure.emit("x")
      say("https.Server", await waits)
      const secureAgent = new https.Agent()
      const seen = of(secureAgent, "x")
      secureAgent.emit("x")
      say("https.Agent", await seen)`,
    expected: ["Server", "IncomingMessage", "ServerResponse", "ClientRequest", "Agent"]
      .map((name) => `${name}: "${name}"\n`)
      .concat(`https.Server: "Server"\nhttps.Agent: "Agent"\n`)
      .join("")
  },
  captureRejections: {
    code: `
      require("node:events").captureRejections = true
      const server = http.createServer(async () => {
        throw new Error("later")
      })
      const port = await listen(server)
      say("answer", await raw(port, "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n"))
      server.close()`,
    expected: `answer: "HTTP/1.1 500 Internal Server Error"\n`
  }
}

describe("the same output as on the built-in modules", () => {
  for (const [name, { code, expected, flags = [], options }] of Object.entries(programs)) {
    it.concurrent(name, async ({ expect, onTestFinished }) => {
      const file = join(temporaryFolder(onTestFinished), "program.cjs")
      await writeFile(file, `${start};(async () => {${code}\n})()`)
      const env = options === undefined ? {} : { NODE_OPTIONS: options }
      const builtIn = await run(process.execPath, [...flags, file], root, env)
      const ours = await run(process.execPath, ["--import", register, ...flags, file], root, env)
      expect(builtIn).toBe(expected)
      expect(ours).toBe(expected)
      assert.notStrictEqual(ours, "")
    })
  }
})

describe("the proxies of the environment are used with", () => {
  const [major, minor] = process.versions.node.split(".").map(Number) as [number, number]
  /** Since 24.5, Node.js uses proxies of the environment, and has the flag for it. */
  const isNewer = major > 24 || (major === 24 && minor >= 5)
  const code = `
    const proxy = http.createServer((req, res) => res.end("by proxy: " + req.url))
    const port = await listen(proxy)
    process.env.HTTP_PROXY = "http://127.0.0.1:" + port
    const child = require("node:child_process").spawn(process.execPath, JSON.parse(process.env.CHILD_ARGS), {
      env: { ...process.env, ...JSON.parse(process.env.CHILD_ENV) },
      stdio: "inherit"
    })
    child.on("exit", () => proxy.close())`
  const client = `
    const http = require("node:http")
    http.get("http://origin.test/path", (res) => res.on("data", (data) => console.log(String(data))))`

  const told = async (flags: ReadonlyArray<string>, env: object) => {
    const folder = temporaryFolder()
    const [file, asking] = [join(folder, "program.cjs"), join(folder, "client.cjs")]
    await writeFile(file, `${start};(async () => {${code}\n})()`)
    await writeFile(asking, client)
    return run(process.execPath, [file], root, {
      CHILD_ARGS: JSON.stringify([...flags, asking]),
      CHILD_ENV: JSON.stringify({ NODE_NO_WARNINGS: "1", ...env })
    })
  }

  const ways: ReadonlyArray<readonly [string, ReadonlyArray<string>, object]> = [
    ["NODE_USE_ENV_PROXY=1", [], { NODE_USE_ENV_PROXY: "1" }],
    ...(isNewer ? ([["--use-env-proxy", ["--use-env-proxy"], {}]] as const) : [])
  ]
  for (const [name, flags, env] of ways) {
    it(name, async () => {
      const expected = "by proxy: http://origin.test/path\n"
      assert.strictEqual(await told(["--import", register, ...flags], env), expected)
      if (isNewer) assert.strictEqual(await told(flags, env), expected)
    })
  }
})
