/**
 * Listeners throw while an `uncaughtException` listener keeps the process alive. For each listener, and for a
 * first and a later request of a connection, pending work continues as on the built-in module. Runs in child
 * processes.
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

// Only on Node.js 20, whose behaviour we follow.
it.runIf(process.versions.node.startsWith("20."))(
  "pending work after a listener has thrown continues as on the built-in module",
  async () => {
    const [theirs, ours] = await Promise.all([run("built-in"), run("httpfx")])
    expect(ours).toEqual(theirs)
  }
)
