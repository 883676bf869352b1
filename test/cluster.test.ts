/** The programs of docs/cluster.md: type-checked, and the first one started, told to exchange its workers, and stopped. */
import { join } from "node:path"
import { assert, it } from "vitest"
import { blocksOf, project } from "./programs.js"
import { program } from "./support.js"

// Workers are dealt connections, not requests.
const answerOf = async (port: string) =>
  (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text()

it("docs/cluster.md: a program in several processes, exchanged by SIGHUP", { timeout: 120_000 }, async () => {
  const folder = await project(await blocksOf("docs/cluster.md"))
  const cluster = program([join(folder, "out/cluster.js")], folder, { PORT: "0" })
  const [, port] = await cluster.prints(/Listening on http:\/\/[^:]+:(\d+)[^]*Listening/)
  const before = new Set<string>()
  while (before.size < 2) before.add(await answerOf(port!))
  cluster.signal("SIGHUP")
  await cluster.prints(/all workers are exchanged/)
  const after = new Set<string>()
  for (let i = 0; i < 4; i++) after.add(await answerOf(port!))
  assert.strictEqual(new Set([...before, ...after]).size, 4)
  const { code, text } = await cluster.stop("SIGTERM")
  assert.strictEqual(code, 0)
  assert.notInclude(text, "ERROR")
})
