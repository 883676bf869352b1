/**
 * Each export of `@effect/platform-node` exists here with the same name and a compatible type, or is in a
 * table of docs/migration-platform-node.md. The imports on that page exist.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import ts from "typescript"
import { assert, describe, it } from "vitest"
import { root } from "./support.js"

const require = createRequire(join(root, "benchmarks/package.json"))
const theirs = join(dirname(require.resolve("@effect/platform-node/package.json")), "dist/dts/index.d.ts")

const options = (() => {
  const config = ts.readConfigFile(join(root, "tsconfig.reference.json"), ts.sys.readFile).config as object
  return { ...ts.parseJsonConfigFileContent(config, ts.sys, root).options, noUnusedLocals: false }
})()

/** Exports of another package. A program that uses `Undici` must import it from undici. */
const reexported = new Set(["Undici"])

interface Export {
  readonly module: string
  readonly name: string
  readonly isValue: boolean
}

const exportsOfTheirs = (): ReadonlyArray<Export> => {
  const program = ts.createProgram([theirs], options)
  const checker = program.getTypeChecker()
  const of = (symbol: ts.Symbol) => checker.getExportsOfModule(symbol)
  const settled = (symbol: ts.Symbol) =>
    (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
  return of(checker.getSymbolAtLocation(program.getSourceFile(theirs)!)!)
    .filter(({ name }) => !reexported.has(name))
    .flatMap((module) =>
      of(settled(module)).map((symbol) => ({
        module: module.name,
        name: symbol.name,
        isValue: (settled(symbol).flags & ts.SymbolFlags.Value) !== 0
      }))
    )
}

const all = exportsOfTheirs()

/** The exports of platform-node that are missing here, and those whose type is not compatible. */
const compared = (() => {
  // Compile this file in benchmarks/, where both packages can be resolved.
  const file = join(root, "benchmarks/everyExport.ts")
  const text = all
    .map(({ isValue, module, name }, at) => {
      const kind = isValue ? "" : "type "
      const imports = ["@effect/platform-node", "@httpfx/node"].map(
        (from, side) => `import ${kind}{ ${name} as x${side}_${at} } from "${from}/${module}"`
      )
      const use = isValue
        ? `export const y${at}: typeof x0_${at} = x1_${at}`
        : `export type y${at} = [x0_${at}, x1_${at}]`
      return [...imports, use].join("; ")
    })
    .join("\n")
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = (path) => path === file || fileExists(path)
  host.readFile = (path) => (path === file ? text : readFile(path))
  host.getSourceFile = (path, version, ...rest) =>
    path === file ? ts.createSourceFile(path, text, version) : getSourceFile(path, version, ...rest)
  const program = ts.createProgram([file], options, host)
  const source = program.getSourceFile(file)!
  const found = { missing: new Set<string>(), other: new Set<string>() }
  for (const { code, start } of [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source)
  ]) {
    const { module, name } = all[source.getLineAndCharacterOfPosition(start!).line]!
    // Codes of TypeScript: no such module, no such export, and no such export but a similar name.
    const isMissing = code === 2307 || code === 2305 || code === 2724
    found[isMissing ? "missing" : "other"].add(`${module}.${name}`)
  }
  return found
})()

const page = readFileSync(join(root, "docs/migration-platform-node.md"), "utf8")

/**
 * Returns the names in the first column of the table below a heading: `Module.name`, or `Module`: `name`, ...
 */
const tabled = (heading: string): ReadonlyArray<string> => {
  const section = page.split(`\n### ${heading}\n`)[1]!.split(/\n##/)[0]!
  const rows = section.match(/^\|.*$/gm)!.slice(2)
  return rows.flatMap((row) => {
    const names = row.split("|")[1]!.match(/(?<=`)[\w.]+(?=`)/g) ?? []
    return /^\| `\w+`: /.test(row) ? names.slice(1).map((name) => `${names[0]!}.${name}`) : names
  })
}

describe("an export of @effect/platform-node", () => {
  it("is compared, in all modules", () => {
    assert.isAbove(all.length, 80)
    assert.isAbove(new Set(all.map(({ module }) => module)).size, 19)
  })

  it("is missing here only if the page says so", () => {
    assert.sameMembers([...compared.missing, ...reexported], [...tabled("Exports without a counterpart")])
  })

  it("has another type here only if the page says so", () => {
    assert.sameMembers([...compared.other], [...tabled("Exports with another type")])
  })

  it("is in the index too, unless the page shows another import of its module", async () => {
    const index: object = await import("@httpfx/node")
    const own = [...page.matchAll(/^\+import \* as (\w+) from "@httpfx\/node\/\1"$/gm)].map(
      ([, name]) => name!
    )
    const modules = [...new Set(all.map(({ module }) => module))]
    const gone = modules.filter((module) =>
      all.every((one) => one.module !== module || compared.missing.has(`${module}.${one.name}`))
    )
    assert.sameMembers(
      modules.filter((module) => !(module in index)),
      [...own, ...gone]
    )
    for (const name of own) await import(`@httpfx/node/${name}`)
    await import("@httpfx/node/NodeFileSystem/ParcelWatcher" as string)
  })
})
