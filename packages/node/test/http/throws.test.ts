/**
 * Listeners that throw while somebody handles `uncaughtException`: for each listener of servers, requests and
 * responses, on the first and on a later request of a connection, its pending work goes on as with the
 * built-in module. Runs in child processes.
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

// The reference version.
it.runIf(process.versions.node.startsWith("20."))("listeners that throw", async () => {
  const [theirs, ours] = await Promise.all([run("built-in"), run("httpfx")])
  expect(ours).toEqual(theirs)
})
