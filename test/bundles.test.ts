/**
 * Bundles of small programs, made as a user would make them. They run without `node_modules`. Their sizes
 * differ from the budgets by at most five per cent. After an improvement record a new budget, so that later
 * versions keep the improvement.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { budgets, bundle, differences } from "./bundles/run.mjs"
import { program, run, temporaryFolder } from "./support.js"

/** Bundles a program into a folder from which no package can be resolved. */
const written = async (folder: string, name: string): Promise<string> => {
  const { bytes, text } = await bundle(name)
  const found = differences(budgets[name]!, bytes)
  assert.deepStrictEqual(found, [], `${name}: npm run budgets; with -- --record for new ones`)
  const file = `${name}.mjs`
  await writeFile(join(folder, file), text)
  return file
}

describe("bundles", () => {
  it.each(["server", "callbacks"])(
    "%s: its size is within the budget, and it responds to the bundled client",
    async (name) => {
      const folder = temporaryFolder()
      const server = program([await written(folder, name)], folder)
      const [, port] = await server.prints(/listening on \S+:(\d+)/i)
      const client = await written(folder, "client")
      assert.strictEqual(await run(process.execPath, [client], folder, { PORT: port! }), "hello\n")
      await server.stop("SIGKILL")
    }
  )
})
