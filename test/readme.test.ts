/**
 * The programs in README.md are compiled and run as they stand there (ports aside, which may be taken).
 */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { blocksOf, project, test } from "./programs.js"
import { program, root, run } from "./support.js"

const blocks = await blocksOf("README.md")

const block = (name: string): string => {
  const text = blocks.get(name)
  if (text === undefined) throw new Error(`README.md has no block "ts ${name}"`)
  return text
}
const alone = (name: string, text = block(name)) => project(new Map([[name, text]]))

describe("README.md", { timeout: 60_000 }, () => {
  it("has only blocks that are tested here", () => {
    assert.deepStrictEqual([...blocks.keys()], ["server", "fault.test", "client", "legacy"])
  })

  it("server: answers, and ends on Ctrl-C", async () => {
    const text = block("server").replace("port: 3000", `port: 0, host: "127.0.0.1"`)
    const server = program(["out/server.js"], await alone("server", text))
    const [url] = await server.prints(/http:\/\/127\.0\.0\.1:\d+/)
    assert.strictEqual(await (await fetch(url)).text(), "Hello, World!")
    assert.strictEqual((await server.stop("SIGINT")).code, 0)
  })

  it("fault.test: passes", async () => {
    assert.match(await test(await alone("fault.test"), ["fault.test"]), /1 passed/)
  })

  it("client: prints which error it met", async () => {
    const folder = await alone("client")
    assert.strictEqual(
      await run(process.execPath, ["out/client.js"], folder),
      "nobody listens: ECONNREFUSED\n"
    )
  })

  it("legacy: asks itself", async () => {
    const folder = await alone("legacy")
    assert.strictEqual(await run(process.execPath, ["out/legacy.js"], folder), "you asked for /legacy\n")
  })

  it("keeps its programs short", () => {
    for (const [name, code] of blocks) {
      const lines = code.split("\n").filter((line) => line.trim() !== "")
      assert.isBelow(lines.length, 15, name)
    }
  })
})

// Entries of their own: one loads vitest, one `@effect/cluster`, others nothing of effect, and one loads both of these and effect.
const entries = new Set(["vitest", "NodeClusterHttp", "http", "https", "register", "bridge"])

describe("the packages' README.md", () => {
  it.each(["core", "node", "testing"])("%s: names every module, as its index does", async (name) => {
    const folder = join(root, "packages", name)
    const text = await readFile(join(folder, "README.md"), "utf8")
    const index = await readFile(join(folder, "src/index.ts"), "utf8")
    const modules = (await readdir(join(folder, "src")))
      .filter((file) => file.endsWith(".ts") && file !== "index.ts")
      .map((file) => file.slice(0, -3))
    assert.isNotEmpty(modules)
    for (const module of modules) {
      assert.include(text, `\`${module}\``)
      if (entries.has(module)) continue
      assert.include(index, `export * as ${module} from "./${module}.js"`)
    }
  })
})
