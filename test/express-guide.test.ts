/**
 * The program for Express in docs/migration-node-http.md: middleware runs before the Effect app, routes move
 * one by one, and bodies that a parser has read reach the Effect app.
 */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { root, run } from "./support.js"

const asked = `
const base = "http://127.0.0.1:" + server.address().port
const headers = { authorization: "Bearer ada", "content-type": "application/json" }
const seen = {}
for (const [name, path, init] of [
  ["refused", "/me", {}], ["moved", "/me?a=1", { headers }], ["old", "/old?a=1", { headers }],
  ["body", "/echo", { headers, method: "POST", body: '{"a":1}' }], ["nowhere", "/nowhere", { headers }]
]) {
  const response = await fetch(base + path, init)
  seen[name] = response.status + " " + await response.text()
}
console.log(JSON.stringify(seen))
server.closeIdleConnections()
process.kill(process.pid, "SIGTERM")
`

const guide = async () => {
  const text = await readFile(join(root, "docs/migration-node-http.md"), "utf8")
  const [, program] = /^```js\n(import [^`]*?app\.use\(effect\.request\)[^]*?)^```$/m.exec(text)!
  return program!.replace("app.listen(3000)", "app.listen(0)") + asked
}

describe("the guide for Express", () => {
  it.each([
    ["on the built-in http", []],
    ["under the hook", ["--import", "@httpfx/node/register"]]
  ])("%s", async (_, hook) => {
    const args = [...hook, "--input-type=module", "--eval", await guide()]
    const printed = await run(process.execPath, args, join(root, "integration"), { NODE_ENV: "test" })
    assert.deepStrictEqual(JSON.parse(printed.split("\n")[0]!), {
      refused: "401 who are you?",
      moved: '200 {"name":"Ada"}',
      old: "200 old",
      body: '200 {"a":1}',
      nowhere: "404 "
    })
  })
})
