/**
 * The programs in README.md are compiled and run as they stand there (ports aside, which may be taken).
 */
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { assert, describe, it } from "vitest"
import { program, root, run, temporaryFolder } from "./support.js"

const readme = await readFile(join(root, "README.md"), "utf8")

const blocks = new Map(
  [...readme.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name!, text!] as const)
)

const block = (name: string): string => {
  const text = blocks.get(name)
  if (text === undefined) throw new Error(`README.md has no block "ts ${name}"`)
  return text
}

// The packages that a reader would install, where this repository has them.
const dependencies = {
  "node_modules/effect": "examples/node_modules/effect",
  "node_modules/@effect/platform": "examples/node_modules/@effect/platform",
  "node_modules/@effect/platform-node-shared": "examples/node_modules/@effect/platform-node-shared",
  "node_modules/@effect/vitest": "node_modules/@effect/vitest",
  "node_modules/vitest": "node_modules/vitest",
  "node_modules/@types/node": "node_modules/@types/node",
  "node_modules/@httpfx/core": "packages/core",
  "node_modules/@httpfx/node": "packages/node",
  "node_modules/@httpfx/testing": "packages/testing"
}

const project = async (name: string, text: string): Promise<string> => {
  const folder = await temporaryFolder()
  for (const [to, from] of Object.entries(dependencies)) {
    await mkdir(dirname(join(folder, to)), { recursive: true })
    await symlink(join(root, from), join(folder, to))
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  await writeFile(join(folder, `${name}.ts`), text)
  const tsconfig = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: { outDir: "out", types: ["node"], composite: false, incremental: false },
    files: [`${name}.ts`]
  }
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(tsconfig))
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc")], folder)
  return folder
}

describe("README.md", { timeout: 60_000 }, () => {
  it("has only blocks that are tested here", () => {
    assert.deepStrictEqual([...blocks.keys()], ["server", "memory.test", "client"])
    assert.lengthOf([...readme.matchAll(/^```ts/gm)], blocks.size)
  })

  it("server: answers, and ends on Ctrl-C", async () => {
    const text = block("server").replace("port: 3000", `port: 0, host: "127.0.0.1"`)
    const server = program(["out/server.js"], await project("server", text))
    const [url] = await server.prints(/http:\/\/127\.0\.0\.1:\d+/)
    assert.strictEqual(await (await fetch(url)).text(), "Hello, World!")
    assert.match(await (await fetch(`${url}/time`)).text(), /^\d{13}$/)
    assert.strictEqual((await server.stop("SIGINT")).code, 0)
  })

  it("memory.test: passes", async () => {
    const folder = await project("memory.test", block("memory.test"))
    const vitest = join(root, "node_modules/vitest/vitest.mjs")
    assert.match(
      await run(process.execPath, [vitest, "run", "--root", folder, "memory.test.ts"], folder),
      /1 passed/
    )
  })

  it("client: prints which error it met", async () => {
    const folder = await project("client", block("client"))
    assert.strictEqual(
      await run(process.execPath, ["out/client.js"], folder),
      "nobody listens: ECONNREFUSED\n"
    )
  })
})

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
      // It loads vitest, which is for those who ask for it.
      if (module === "vitest") continue
      assert.include(index, `export * as ${module} from "./${module}.js"`)
    }
  })
})
