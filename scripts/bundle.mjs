// Bundles the callback API from the sources in `packages/node/src` into `packages/node/dist`.
//
// The bundle is CommonJS, because `require` and `import` can share one copy of it on every Node.js. It
// includes the engine (`wire/`, `pool/`). Output:
//
//   http.cjs, https.cjs    `module.exports` is the default export of `src/http.ts`, `src/https.ts`
//   http.mjs, https.mjs    the same objects for `import`: as default export, and each member by name
//   register.cjs           the hook of `node --import` and `node --require`; register-loader.cjs is its
//                          part for `import`
//   http2.cjs, http2.mjs   the hook's part for `http2`, and the result of importing `http2` under it
//
// Their types are those of @types/node, in `packages/node/types`.
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { createRequire, isBuiltin } from "node:module"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { rollup } from "rollup"
import ts from "typescript"

const root = fileURLToPath(new URL("..", import.meta.url))
const source = join(root, "packages/node/src")
const dist = join(root, "packages/node/dist")
const core = join(root, "packages/core/src")

const entries = {
  http: "http.ts",
  https: "https.ts",
  register: "register.ts",
  "register-loader": "register/loader.ts",
  http2: "register/http2.ts",
  facades: "register/facades.ts"
}

const sources = {
  name: "sources",
  resolveId(id, importer) {
    if (isBuiltin(id)) {
      if (/^(node:)?_?http/.test(id)) this.error(`${importer} imports ${id}`)
      return { id, external: true }
    }
    const room = /^@httpfx\/core\/(wire|pool)$/.exec(id)
    if (room !== null) return join(core, room[1], "index.ts")
    if (id.startsWith("@httpfx/core/")) return join(core, id.slice("@httpfx/core/".length) + ".ts")
    if (/^\.\.?\//.test(id)) return resolve(dirname(importer), id.replace(/\.js$/, ".ts"))
    if (importer !== undefined) this.error(`${importer} imports ${id}: the shim has no dependencies`)
    return join(source, id)
  },
  resolveImportMeta: () => 'require("node:url").pathToFileURL(__filename).href',
  transform(code, fileName) {
    const { outputText, sourceMapText } = ts.transpileModule(code, {
      fileName,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        sourceMap: true
      }
    })
    return { code: outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, ""), map: sourceMapText }
  }
}

// agent-base and packages that use it recognize an https request by `node:https:` in the stack trace.
const nameInStacks = {
  name: "name-in-stacks",
  renderChunk: (code, chunk) =>
    chunk.fileName === "https.cjs" ? { code: `${code}\n//# sourceURL=@httpfx/node:https\n`, map: null } : null
}

const bundle = await rollup({
  input: entries,
  plugins: [sources],
  treeshake: { moduleSideEffects: true },
  onwarn: (warning) => {
    // Circular imports are allowed if no module needs another module while it is loaded.
    if (warning.code !== "CIRCULAR_DEPENDENCY") throw new Error(warning.message)
  }
})

for (const file of existsSync(dist) ? readdirSync(dist) : []) {
  if (/\.(cjs|mjs|cjs\.map)$/.test(file)) rmSync(join(dist, file))
}
await bundle.write({
  dir: dist,
  format: "cjs",
  exports: "auto",
  interop: "default",
  entryFileNames: "[name].cjs",
  chunkFileNames: "callback-[name].cjs",
  generatedCode: "es2015",
  esModule: false,
  externalLiveBindings: false,
  sourcemap: true,
  plugins: [nameInStacks]
})
await bundle.close()

const require = createRequire(import.meta.url)
const identifier = /^[A-Za-z_$][\w$]*$/
const imports = {
  http: [require(join(dist, "http.cjs")), 'import http from "./http.cjs"'],
  https: [require(join(dist, "https.cjs")), 'import https from "./https.cjs"'],
  // Bundles load `node:http2` by `require`, because the register hook replaces what `require` returns.
  http2: [
    require("node:http2"),
    'import { createRequire } from "node:module"\nconst http2 = createRequire(import.meta.url)("node:http2")'
  ]
}
for (const [name, [module, importing]] of Object.entries(imports)) {
  const members = Object.keys(module).filter((member) => identifier.test(member))
  const facade = [
    'import { facades } from "./facades.cjs"',
    importing,
    `export default ${name}`,
    ...members.map((member) => `export let ${member} = ${name}.${member}`),
    "// What was put into the module's place reaches those who import by name, when they ask for it.",
    "facades.add(() => {",
    ...members.map((member) => `  ${member} = ${name}.${member}`),
    "})\n"
  ]
  writeFileSync(join(dist, `${name}.mjs`), facade.join("\n"))
}
