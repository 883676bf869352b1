/**
 * The callback modules have the names, kinds, arity and enumerability of the built-in modules, except for the
 * differences in docs/node-http-parity.md.
 */
import { join } from "node:path"
import { assert, it } from "vitest"
import { root, run } from "./support.js"

it("the callback modules have no unlisted difference", async () => {
  const printed = await run(process.execPath, [join(root, "scripts/parity.mjs")], root)
  assert.match(printed, /, 0 of them not listed\n$/)
})
