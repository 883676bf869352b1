/**
 * A listener that throws, where somebody handles `uncaughtException`: for each listener of servers, requests
 * and responses, on the first and on a later request of a connection, what it had begun goes on as with the
 * built-in module. In processes of their own.
 */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it } from "vitest"

const program = fileURLToPath(new URL("../fixtures/throws.mjs", import.meta.url))
const run = async (which: string): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, which])
  return JSON.parse(stdout)
}

// What ours follows.
it.runIf(process.versions.node.startsWith("20."))("listeners that throw", async () => {
  const [theirs, ours] = await Promise.all([run("built-in"), run("httpfx")])
  expect(ours).toEqual(theirs)
})
