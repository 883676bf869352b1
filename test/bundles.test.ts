/**
 * Bundles of small programs, made as users make them: they run without `node_modules`, and their size stays
 * within five per cent of its budget in either direction. After an improvement record a new budget, so that
 * it is kept.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { budgets, bundle, differences } from "./bundles/run.mjs"
import { program, run, temporaryFolder } from "./support.js"

/** Bundles a program into a folder from which no package can be found. */
const written = async (folder: string, name: string): Promise<string> => {
  const { bytes, text } = await bundle(name)
  const found = differences(budgets[name]!, bytes)
  assert.deepStrictEqual(found, [], `${name}: npm run budgets; with -- --record for new ones`)
  const file = `${name}.mjs`
  await writeFile(join(folder, file), text)
  return file
}

describe("bundles", () => {
  it.each(["server", "callbacks"])("%s is as small as it was, and answers the client's", async (name) => {
    const folder = temporaryFolder()
    const server = program([await written(folder, name)], folder)
    const [, port] = await server.prints(/listening on \S+:(\d+)/i)
    const client = await written(folder, "client")
    assert.strictEqual(await run(process.execPath, [client], folder, { PORT: port! }), "hello\n")
    await server.stop("SIGKILL")
  })
})
