/**
 * An Express app on `createServer` of `@httpfx/node/http` without the register hook. Express uses the
 * prototypes of the built-in module. One app serves both kinds of servers in one process, with the same
 * responses.
 */
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { root, run } from "./support.js"

const program = (listen: string) => `
import own from "@httpfx/node/http"
import builtIn from "node:http"
import express from "express"
const child = express()
child.get("/x", (req, res) => res.status(201).cookie("a", "b").send(req.originalUrl + " " + req.baseUrl))
const app = express()
app.use(express.json())
app.get("/", (req, res) => res.json({ ip: req.ip, sent: res.headersSent, got: req.get("x-asked") }))
app.post("/echo", (req, res) => res.set("X-A", "1").vary("Accept").send(req.body))
app.get("/throws", () => { throw new Error("no") })
app.get("/file", (req, res) => res.sendFile("package.json", { root: "." }))
app.get("/away", (req, res) => res.redirect("/"))
app.get("/later", (req, res) => setImmediate(() => res.type("txt").end("later")))
app.get("/pieces", (req, res) => { res.write("a"); setImmediate(() => { res.write("b"); res.end("c") }) })
app.use("/child", child)
app.use((error, req, res, next) => res.status(500).send("caught " + error.message))
const listen = ${listen}
const asked = [["GET", "/"], ["POST", "/echo", '{"a":1}'], ["POST", "/echo", "{"], ["GET", "/throws"], ["GET", "/file"],
  ["GET", "/away"], ["GET", "/later"], ["GET", "/pieces"], ["GET", "/child/x"], ["HEAD", "/"], ["GET", "/none"], ["GET", "/"]]
const seen = {}
for (const [name, http] of Object.entries({ own, builtIn })) {
  const server = listen(http)
  await new Promise((done) => server.listen(0, "127.0.0.1", done))
  seen[name] = []
  for (const [method, path, body] of asked) {
    const headers = { "x-asked": "yes", ...(body ? { "content-type": "application/json" } : {}) }
    const url = "http://127.0.0.1:" + server.address().port + path
    const response = await fetch(url, { method, body, headers, redirect: "manual" })
    const fields = [...response.headers].filter(([key]) => !/date|keep-alive|connection/.test(key))
    seen[name].push([method + " " + path, response.status, fields.join(), await response.text()].join(" "))
  }
  server.closeAllConnections()
  server.close()
}
console.log(JSON.stringify(seen))
`

const answers = async (
  listen: string
): Promise<Record<"own" | "builtIn", ReadonlyArray<string>> & { readonly printed: string }> => {
  const args = ["--input-type=module", "--eval", program(listen)]
  const printed = await run(process.execPath, args, join(root, "integration"), { NODE_ENV: "test" })
  const json = printed.split("\n").find((line) => line.startsWith('{"own"'))!
  return { ...JSON.parse(json), printed }
}

describe("Express without the hook", () => {
  for (const [how, listen] of Object.entries({
    "passed to createServer": "(http) => http.createServer(app)",
    "added as a listener": `(http) => http.createServer().on("request", app)`
  })) {
    it(how, async () => {
      const { builtIn, own } = await answers(listen)
      assert.deepStrictEqual(own, builtIn)
      assert.strictEqual(own.length, 12)
    })
  }

  it("an app inside a function: the first request fails, and one warning names the fix", async () => {
    const { builtIn, own, printed } = await answers(
      "(http) => http.createServer((req, res) => app(req, res))"
    )
    assert.match(own[0]!, /^GET \/ 500 /)
    assert.deepStrictEqual(own.slice(1), builtIn.slice(1))
    assert.strictEqual(printed.split("HTTPFX_BUILT_IN_PROTOTYPES").length, 2)
    assert.match(printed, /--import @httpfx\/node\/register/)
  })
})
