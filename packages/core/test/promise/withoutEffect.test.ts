// The promise drivers can be loaded in a process that cannot load Effect.
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { assert, it } from "vitest"

it.each(["server", "client"])("the %s", async (name) => {
  const url = (path: string) => new URL(`../support/${path}`, import.meta.url).href
  const program = `import(${JSON.stringify(url(`promise/${name}.ts`))}).then((driver) => console.log(Object.keys(driver).join()))`
  const args = ["--import", url("withoutEffect/register.mjs"), "--eval", program]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  assert.strictEqual(stdout.trim(), name === "server" ? "serve" : "PromiseClient")
})
