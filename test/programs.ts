/** Compiles and runs programs of tests in a separate project that uses the built packages. */
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { root, run, temporaryFolder } from "./support.js"

// The packages that a user would install, as links to the packages of this repository.
const dependencies = {
  "node_modules/effect": "examples/node_modules/effect",
  "node_modules/@effect/platform": "examples/node_modules/@effect/platform",
  "node_modules/@effect/platform-node-shared": "examples/node_modules/@effect/platform-node-shared",
  "node_modules/@types/node": "node_modules/@types/node",
  "node_modules/@httpfx/core": "packages/core",
  "node_modules/@httpfx/node": "packages/node",
  "node_modules/@httpfx/testing": "packages/testing"
}

/**
 * Creates a folder with these programs, by name, and type-checks them. The compiled programs are in `out`.
 * `compilerOptions` are added to the options of this repository.
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
  await run(process.execPath, [join(root, "node_modules/typescript-native/bin/tsc")], folder)
  return folder
}
