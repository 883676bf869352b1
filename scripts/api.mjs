// The public surface of the packages: npm run api -- [--record]
//
//   --record   writes it to docs/api/; without it, prints the differences from there
//
// Reads the built declarations of every entry in `exports`, without comments and private members, so that a
// changed name or type shows as a difference.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { basename, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import prettier from "prettier"
import ts from "typescript"

const root = fileURLToPath(new URL("..", import.meta.url))
export const packages = ["core", "node", "testing"]
export const fileOf = (name) => join(root, "docs/api", `${name}.md`)

/** Returns the declaration files of a package's entries, by import name. */
const entriesOf = (name) => {
  const folder = join(root, "packages", name)
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const entries = new Map()
  for (const [key, target] of Object.entries(exports)) {
    if (target === null || typeof target === "string") continue
    const types = target.types ?? target.import.types
    if (!key.includes("*")) entries.set(`@httpfx/${name}${key.slice(1)}`, join(folder, types))
  }
  for (const file of readdirSync(join(folder, "dist"))) {
    const key = file.endsWith(".d.ts") ? `./${basename(file, ".d.ts")}` : undefined
    // Skip declarations of an earlier build whose source file was removed.
    if (key === undefined || key === "./index" || key in exports) continue
    if (!existsSync(join(folder, "src", `${key}.ts`))) continue
    entries.set(`@httpfx/${name}${key.slice(1)}`, join(folder, "dist", file))
  }
  return new Map([...entries].sort(([one], [other]) => (one < other ? -1 : 1)))
}

const printer = ts.createPrinter({ removeComments: true })

const isHidden = (member) =>
  ts.isPrivateIdentifier(member.name ?? member) ||
  (ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0

/** Prints a declaration without its private parts. */
const print = (declaration) => {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  const shown = ts.isClassDeclaration(node)
    ? ts.factory.updateClassDeclaration(
        node,
        node.modifiers,
        node.name,
        node.typeParameters,
        node.heritageClauses,
        node.members.filter((member) => !isHidden(member))
      )
    : node
  const text = printer.printNode(ts.EmitHint.Unspecified, shown, node.getSourceFile())
  return text.replace(/^export (?:default )?/, "")
}

/** Returns the base class of a class, if the compiler has emitted the base class as a constant. */
const baseOf = (declaration, checker) => {
  if (!ts.isClassDeclaration(declaration)) return []
  return (declaration.heritageClauses ?? []).flatMap(({ types }) =>
    types.flatMap(({ expression }) => {
      const [base] = checker.getSymbolAtLocation(expression)?.declarations ?? []
      return base?.name?.getText().endsWith("_base") === true ? [print(base)] : []
    })
  )
}

const foreignModule = /^(node:|@effect\/platform-node-shared\/)/
const isOurs = (declaration) => declaration.getSourceFile().fileName.startsWith(join(root, "packages"))

/** Returns a document with the surface of every package, and the entries that export each symbol. */
export const surface = async () => {
  const entries = new Map(packages.map((name) => [name, entriesOf(name)]))
  const options = {
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    skipLibCheck: true,
    noEmit: true
  }
  const program = ts.createProgram(
    [...entries.values()].flatMap((files) => [...files.values()]),
    options
  )
  const checker = program.getTypeChecker()
  const nameOf = new Map(
    [...entries.values()].flatMap((files) => [...files].map(([name, file]) => [file, name]))
  )
  const homes = new Map()

  const section = (name, file) => {
    const source = program.getSourceFile(file)
    const symbol = checker.getSymbolAtLocation(source)
    const statements = []
    for (const exported of symbol === undefined ? [] : checker.getExportsOfModule(symbol)) {
      const meant = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const declarations = meant.declarations ?? []
      const [first] = declarations
      if (first === undefined || !isOurs(first)) continue
      if (ts.isSourceFile(first)) {
        const path = nameOf.get(first.fileName)
        statements.push([exported.name, `export * as ${exported.name} from "${path}"`])
        continue
      }
      homes.set(meant, [...(homes.get(meant) ?? []), `${name}: ${exported.name}`])
      const texts = declarations.filter(isOurs).flatMap((one) => [...baseOf(one, checker), print(one)])
      if (meant.name !== exported.name) texts.push(`export { ${meant.name} as ${exported.name} }`)
      statements.push([exported.name, ...new Set(texts)])
    }
    // Re-exports from Node.js and from platform's shared package are printed with the name of their module.
    const foreign = source.statements
      .filter((one) => ts.isExportDeclaration(one) && foreignModule.test(one.moduleSpecifier?.text ?? ""))
      .map((one) => [one.moduleSpecifier.text, printer.printNode(ts.EmitHint.Unspecified, one, source)])
    const sorted = [...foreign, ...statements].sort(([one], [other]) => (one < other ? -1 : 1))
    return `## ${name}\n\n\`\`\`ts\n${sorted.flatMap(([, ...texts]) => texts).join("\n\n")}\n\`\`\`\n`
  }

  const documents = new Map()
  for (const [name, files] of entries) {
    const head = `# The public surface of @httpfx/${name}\n\nWritten by \`npm run api -- --record\`.\n\n`
    const text = head + [...files].map(([entry, file]) => section(entry, file)).join("\n")
    const config = await prettier.resolveConfig(fileOf(name))
    documents.set(name, await prettier.format(text, { ...config, filepath: fileOf(name) }))
  }
  return { documents, homes: [...homes.values()] }
}

/** Returns the lines that are only on one side, each with the heading above it. */
export const differences = (recorded, found) => {
  const linesOf = (text) => {
    let heading = ""
    const counts = new Map()
    for (const line of text.split("\n")) {
      if (line.startsWith("## ")) heading = line.slice(3)
      if (line === "") continue
      const key = `${heading}: ${line}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    return counts
  }
  const [before, after] = [linesOf(recorded), linesOf(found)]
  const only = (mark, these, those) =>
    [...these].flatMap(([line, count]) =>
      Array(Math.max(0, count - (those.get(line) ?? 0))).fill(`${mark} ${line}`)
    )
  const lines = [...only("-", before, after), ...only("+", after, before)]
  return lines.length === 0 && recorded !== found ? ["  the order of lines"] : lines
}

export const recorded = (name) => (existsSync(fileOf(name)) ? readFileSync(fileOf(name), "utf8") : "")

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { documents } = await surface()
  for (const [name, text] of documents) {
    if (process.argv.includes("--record")) {
      mkdirSync(join(root, "docs/api"), { recursive: true })
      writeFileSync(fileOf(name), text)
      continue
    }
    const lines = differences(recorded(name), text)
    if (lines.length === 0) continue
    console.error([`${relative(root, fileOf(name))} differs:`, ...lines].join("\n"))
    process.exitCode = 1
  }
}
