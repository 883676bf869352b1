/**
 * Programs out of documents: what stands in a block with a name is compiled and run in a project of its own, as a reader
 * would who installed the packages.
 */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { root, run, temporaryFolder } from "./support.js"

/** The blocks of a document that begin with ```ts and a name. */
export const blocksOf = async (document: string): Promise<ReadonlyMap<string, string>> => {
  const text = await readFile(join(root, document), "utf8")
  const blocks = [...text.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)].map(
    ([, name, code]) => [name!, code!] as const
  )
  const names = new Set(blocks.map(([name]) => name))
  if (names.size !== blocks.length) throw new Error(`${document} has a name twice`)
  return new Map(blocks)
}

// The packages that a reader would install, where this repository has them.
const dependencies = {
  "node_modules/effect": "examples/node_modules/effect",
  "node_modules/@effect/platform": "examples/node_modules/@effect/platform",
  "node_modules/@effect/platform-node-shared": "examples/node_modules/@effect/platform-node-shared",
  // What migration pages show as it was before.
  "node_modules/@effect/platform-node": "node_modules/@effect/platform-node",
  "node_modules/@effect/vitest": "node_modules/@effect/vitest",
  "node_modules/vitest": "node_modules/vitest",
  "node_modules/@types/node": "node_modules/@types/node",
  "node_modules/@httpfx/core": "packages/core",
  "node_modules/@httpfx/node": "packages/node",
  "node_modules/@httpfx/testing": "packages/testing"
}

/**
 * A folder with these programs, by name, type-checked; what they compile to is in `out`. `compilerOptions`: in addition to
 * this repository's.
 */
export const project = async (
  programs: ReadonlyMap<string, string>,
  compilerOptions: object = {}
): Promise<string> => {
  const folder = await temporaryFolder()
  for (const [to, from] of Object.entries(dependencies)) {
    await mkdir(dirname(join(folder, to)), { recursive: true })
    await symlink(join(root, from), join(folder, to))
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  for (const [name, text] of programs) await writeFile(join(folder, `${name}.ts`), text)
  const tsconfig = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      outDir: "out",
      types: ["node"],
      composite: false,
      incremental: false,
      ...compilerOptions
    },
    files: [...programs.keys()].map((name) => `${name}.ts`)
  }
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(tsconfig))
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc")], folder)
  return folder
}

/** Runs these tests of a project, all in one process; gives what vitest printed. */
export const test = async (folder: string, names: Iterable<string>): Promise<string> => {
  const vitest = join(root, "node_modules/vitest/vitest.mjs")
  const files = Array.from(names, (name) => `${name}.ts`)
  const options = ["--root", folder, "--reporter", "verbose", "--no-isolate", "--no-file-parallelism"]
  const printed = await run(process.execPath, [vitest, "run", ...options, ...files], folder)
  // Without its colours.
  return printed.replace(/\x1b\[[\d;]*m/g, "")
}
