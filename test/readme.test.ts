/** README.md and the READMEs of the packages are correct. guides.test.ts runs their programs. */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { blocksOf } from "./stranger.js"
import { root } from "./support.js"

describe("README.md", () => {
  it("keeps its programs short", async () => {
    const programs = (await blocksOf("README.md")).filter(({ file }) => file !== undefined)
    assert.deepStrictEqual(
      programs.map(({ file }) => file),
      ["server.ts", "fault.test.ts", "client.ts", "legacy.ts"]
    )
    for (const { file, text } of programs) {
      const lines = text.split("\n").filter((line) => line.trim() !== "")
      assert.isBelow(lines.length, 15, file)
    }
  })

  it("lists every example, with a command that starts it", async () => {
    const text = await readFile(join(root, "README.md"), "utf8")
    const examples = await readdir(join(root, "examples"), { withFileTypes: true })
    const names = examples.filter(
      (entry) => entry.isDirectory() && !/^(dist|node_modules|tests)$/.test(entry.name)
    )
    assert.isNotEmpty(names)
    for (const { name } of names) {
      assert.include(text, `| [${name}](examples/${name}) `, name)
      assert.include(await readdir(join(root, "examples", name)), "main.ts")
    }
  })
})

// These modules are separate entries, so the index does not export them. Some load a package that most
// programs do not need, `OptionCheck` is for authors of libraries, and others load nothing of Effect.
const entries = new Set([
  "BunNetwork",
  "CookieJar",
  "OptionCheck",
  "Serve",
  "tools",
  "vitest",
  "BunNetwork",
  "NodeClusterHttp",
  "NodeClusterSocket",
  "NodeSocketServer",
  "http",
  "https",
  "register",
  "bridge"
])

describe("the packages' README.md", () => {
  it.each(["core", "node", "testing"])("%s: installs compatible versions", async (name) => {
    const folder = join(root, "packages", name)
    const { peerDependencies } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
      peerDependencies: Readonly<Record<string, string>>
    }
    const [, command] = /^(npm install .*)$/m.exec(await readFile(join(folder, "README.md"), "utf8"))!
    // Without versions, npm would install the next major version, which the peer ranges exclude.
    for (const [, peer, version] of command!.matchAll(/((?:@effect\/)?\b(?:effect|platform))@(\S+)/g)) {
      assert.isTrue(peerDependencies[peer!]!.startsWith(`^${version}.`), `${peer}@${version}`)
    }
    assert.match(command!, / effect@/)
    assert.match(command!, / @effect\/platform@/)
  })

  it.each(["core", "node", "testing"])("%s: names every module of its index or its tools", async (name) => {
    const folder = join(root, "packages", name)
    const text = await readFile(join(folder, "README.md"), "utf8")
    const files = await readdir(join(folder, "src"))
    const doors = await Promise.all(
      ["index.ts", "tools.ts"]
        .filter((file) => files.includes(file))
        .map((file) => readFile(join(folder, "src", file), "utf8"))
    )
    const modules = files
      .filter((file) => file.endsWith(".ts") && file !== "index.ts")
      .map((file) => file.slice(0, -3))
    assert.isNotEmpty(modules)
    for (const module of modules) {
      assert.include(text, `\`${module}\``)
      if (entries.has(module)) continue
      const line = `export * as ${module} from "./${module}.js"`
      assert.lengthOf(
        doors.filter((door) => door.includes(line)),
        1,
        line
      )
    }
  })
})
