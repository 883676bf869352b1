/**
 * The callback modules as a program loads them: by the package's names and with the register hook, by
 * `import` and `require`, in threads and child processes. Each module has one copy, and does not load Effect.
 */
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { assert, describe, it } from "vitest"
import { root, run, temporaryFolder } from "./support.js"

/** Creates a project with these files, in which the packages of this repository are installed. */
const project = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const folder = temporaryFolder()
  await mkdir(join(folder, "node_modules/@httpfx"), { recursive: true })
  await symlink(join(root, "packages/node"), join(folder, "node_modules/@httpfx/node"))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

const dependencies = {
  "node_modules/dep/index.js": `exports.http = require("http"); exports.https = require("node:https")`,
  "node_modules/kept/index.js": `exports.http = require("http")`,
  "node_modules/esm/package.json": `{ "type": "module", "exports": "./index.js" }`,
  "node_modules/esm/index.js": `import http, { request } from "node:http"; export { http, request }`
}

const esm = `
import http, { request, Agent, globalAgent } from "http"
import * as https from "node:https"
import { createRequire, syncBuiltinESMExports } from "node:module"
import dep from "dep"
import * as esm from "esm"
import kept from "kept"
import own, { request as ownRequest } from "@httpfx/node/http"
const require = createRequire(import.meta.url)
const same = {
  "import and require": http === require("node:http") && https.default === require("https"),
  "imported later": (await import("http")).default === http,
  "by name": request === http.request && Agent === http.Agent && globalAgent === http.globalAgent,
  "dependencies": dep.http === http && dep.https === https.default && esm.http === http && esm.request === request,
  "the package's names": own === http && ownRequest === request && require("@httpfx/node/http") === http,
  "https too": require("@httpfx/node/https") === https.default,
  "not the built-in": http !== (process.getBuiltinModule?.("http") ?? kept.http)
}
const { get } = http
http.get = () => "patched"
syncBuiltinESMExports()
const patched = (await import("node:http")).get()
http.get = get
const left = kept.http !== http
console.log(JSON.stringify({ same, patched, left }))
`

const cjs = `
const http = require("http")
const dep = require("dep")
const { Worker, isMainThread } = require("node:worker_threads")
const { spawnSync } = require("node:child_process")
import("http").then((esm) => {
  const same = [esm.default === http, esm.Agent === http.Agent, dep.http === http, require("@httpfx/node/http") === http]
  console.log(isMainThread ? "main" : "worker", JSON.stringify(same), require("kept").http === http)
  if (isMainThread) new Worker(__filename)
})
`

describe("the register hook", () => {
  for (const option of ["--import", "--require"]) {
    it(`${option}: import and require get one copy, and exceptions get the built-in module`, async () => {
      const folder = await project({ ...dependencies, "app.mjs": esm })
      const args = [option, "@httpfx/node/register", "app.mjs"]
      const { left, patched, same } = JSON.parse(
        await run(process.execPath, args, folder, { HTTPFX_REGISTER_EXCEPT: "kept" })
      )
      assert.deepStrictEqual(
        Object.entries(same).filter(([, holds]) => holds !== true),
        []
      )
      assert.strictEqual(patched, "patched")
      assert.isTrue(left)
    })

    it(`${option}: works in threads too, and files can be excluded by path`, async () => {
      const folder = await project({ ...dependencies, "app.cjs": cjs })
      const args = [option, "@httpfx/node/register", "app.cjs"]
      const printed = await run(process.execPath, args, folder, {
        HTTPFX_REGISTER_EXCEPT: "./node_modules/kept"
      })
      assert.strictEqual(printed, "main [true,true,true,true] false\nworker [true,true,true,true] false\n")
    })
  }

  it("serves and sends requests, in child processes through NODE_OPTIONS", async () => {
    const app = `
      import http from "node:http"
      import { createServer } from "http"
      const server = createServer((req, res) => req.pipe(res)).listen(0, "127.0.0.1", () => {
        const req = http.request({ port: server.address().port, host: "127.0.0.1", method: "POST" }, (res) => {
          res.on("data", (data) => console.log(String(data), http === process.getBuiltinModule?.("http")))
          server.close()
        })
        req.end("there and back")
      })`
    const folder = await project({ "app.mjs": app })
    const printed = await run(process.execPath, ["app.mjs"], folder, {
      NODE_OPTIONS: "--import @httpfx/node/register"
    })
    assert.strictEqual(printed, "there and back false\n")
  })

  it("loads only Node.js, not Effect", async () => {
    const app = `
      const Module = require("node:module")
      const load = Module._load
      const asked = new Set()
      Module._load = function (name) {
        asked.add(name)
        return load.apply(this, arguments)
      }
      require("@httpfx/node/register")
      require("http").createServer()
      require("https").globalAgent
      const files = Object.keys(require.cache).filter((file) => !/[\\\\/]dist[\\\\/][\\w-]+\\.cjs$/.test(file))
      console.log(JSON.stringify({ files, effect: [...asked].filter((name) => /effect/.test(name)) }))`
    const folder = await project({ "app.cjs": app })
    const { effect, files } = JSON.parse(await run(process.execPath, ["app.cjs"], folder))
    assert.deepStrictEqual(effect, [])
    assert.deepStrictEqual(
      files.map((file: string) => file.split(/[\\/]/).at(-1)),
      ["app.cjs"]
    )
  })
})

const secureServer = `
import http from "http"
import http2, { createSecureServer } from "node:http2"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import tls from "node:tls"
const key = readFileSync(process.env.FIXTURES + "/server-key.pem")
const cert = readFileSync(process.env.FIXTURES + "/server.pem")
const seen = { same: createRequire(import.meta.url)("http2") === http2 && http2.createSecureServer === createSecureServer }
class Message extends http.IncomingMessage {}
const server = createSecureServer({ key, cert, allowHTTP1: true, Http1IncomingMessage: Message })
server.on("request", (req, res) => {
  seen[req.httpVersion + " " + req.url] = [req instanceof http.IncomingMessage, req instanceof Message, res instanceof http.ServerResponse]
  res.setHeader("x-version", req.httpVersion)
  res.end("answer to " + req.url)
})
server.on("upgrade", (req, socket) => socket.end("HTTP/1.1 101 Switching Protocols\\r\\n\\r\\nraw"))
await once(server.listen(0, "127.0.0.1"), "listening")
const { port } = server.address()
const raw = async (text, until) => {
  const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] })
  socket.write(text)
  let got = ""
  for await (const data of socket) {
    got += data
    if (until !== undefined && got.includes(until)) break
  }
  return got.replace(/Date: [^\\r]*/, "Date").split("\\r\\n")
}
seen.closing = await raw("GET /a HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
seen.kept = await raw("GET /b HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n", "/b")
seen.upgraded = await raw("GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: Upgrade\\r\\nUpgrade: x\\r\\n\\r\\n")
const session = http2.connect("https://127.0.0.1:" + port, { rejectUnauthorized: false })
const stream = session.request({ ":path": "/two" })
stream.setEncoding("utf8")
let text = ""
for await (const data of stream) text += data
seen.http2 = text
session.close()
const idle = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] })
idle.write("GET /idle HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
await once(idle, "data")
const ends = once(idle, "close")
idle.resume()
server.close()
await once(server, "close")
await ends
console.log(JSON.stringify(seen))
`

describe("http2 under the hook", () => {
  const environment = { FIXTURES: join(root, "packages/node/test/fixtures") }
  const seenBy = async (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
    const folder = await project({ "app.mjs": secureServer })
    return JSON.parse(await run(process.execPath, [...args, "app.mjs"], folder, { ...environment, ...env }))
  }

  it("our module serves the HTTP/1 connections of a server with allowHTTP1, and nothing else changes", async () => {
    const { kept, ...ours } = await seenBy(["--import", "@httpfx/node/register"])
    const { kept: builtInKept, ...builtIn } = await seenBy([])
    assert.deepStrictEqual(ours, builtIn)
    const withoutHint = (lines: ReadonlyArray<string>) =>
      lines.filter((line) => !line.startsWith("Keep-Alive"))
    assert.deepStrictEqual(withoutHint(kept), withoutHint(builtInKept))
    // As in Node.js 24. In earlier versions, a server of `http2` has no idle timeout for HTTP/1.
    assert.include(kept, "Keep-Alive: timeout=5")
  })

  it("a package in HTTPFX_REGISTER_EXCEPT gets the built-in module", async () => {
    const app = `
      import http2 from "http2"
      import kept from "kept"
      console.log(http2 === kept, kept === process.getBuiltinModule?.("http2") || process.getBuiltinModule === undefined)`
    const files = { "app.mjs": app, "node_modules/kept/index.js": `module.exports = require("http2")` }
    const folder = await project(files)
    const env = { HTTPFX_REGISTER_EXCEPT: "kept" }
    const printed = await run(process.execPath, ["--import", "@httpfx/node/register", "app.mjs"], folder, env)
    assert.strictEqual(printed, "false true\n")
  })
})

describe("the package's names, without the hook", () => {
  it("import and require get one copy, and the built-in modules do not change", async () => {
    const app = `
      import http, { Agent, globalAgent, Server } from "@httpfx/node/http"
      import https, { globalAgent as secureAgent } from "@httpfx/node/https"
      import builtIn from "node:http"
      import { createRequire } from "node:module"
      const require = createRequire(import.meta.url)
      const required = require("@httpfx/node/http")
      const secure = require("@httpfx/node/https")
      console.log(JSON.stringify({
        "http": (await import("@httpfx/node/http")).default === required && required === http,
        "https": (await import("@httpfx/node/https")).default === secure && secure === https,
        "classes": Agent === required.Agent && Server === required.Server,
        "globalAgent": globalAgent === required.globalAgent && secureAgent === secure.globalAgent,
        "https builds on http": secure.globalAgent instanceof Agent,
        "replaced for both": ((http.globalAgent = new Agent()), required.globalAgent === http.globalAgent),
        "not the built-in": http !== builtIn && builtIn.Agent !== Agent && require("http") === builtIn
      }))`
    const folder = await project({ "app.mjs": app })
    const printed = JSON.parse(await run(process.execPath, ["app.mjs"], folder)) as object
    assert.deepStrictEqual(
      Object.entries(printed).filter(([, holds]) => holds !== true),
      []
    )
    assert.isAbove(Object.keys(printed).length, 5)
  })

  it("load no other packages by import", async () => {
    const app = `
      import { createRequire, register } from "node:module"
      register("./loader.mjs", import.meta.url)
      await import("@httpfx/node/http")
      await import("@httpfx/node/https")
      await import("@httpfx/node/register")
      await import("http")
      const require = createRequire(import.meta.url)
      const files = Object.keys(require.cache).filter((file) => !/[\\\\/]dist[\\\\/][\\w-]+\\.cjs$/.test(file))
      console.log(JSON.stringify(files))`
    const loader = `
      import { writeSync } from "node:fs"
      export const load = (url, context, next) => {
        if (!url.startsWith("node:") && !/[/]dist[/][\\w-]+\\.[cm]js$/.test(url)) writeSync(1, url + "\\n")
        return next(url, context)
      }`
    const folder = await project({ "app.mjs": app, "loader.mjs": loader })
    assert.strictEqual(await run(process.execPath, ["app.mjs"], folder), "[]\n")
  })
})
