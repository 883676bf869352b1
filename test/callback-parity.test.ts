/**
 * The callback modules have the names, kinds, arity and enumerability of the built-in ones, except for the
 * listed differences.
 */
import { join } from "node:path"
import { assert, it } from "vitest"
import { root, run } from "./support.js"

it("has no unlisted difference", async () => {
  const printed = await run(process.execPath, [join(root, "scripts/parity.mjs")], root)
  assert.match(printed, /, 0 of them not listed\n$/)
})
