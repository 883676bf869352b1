/**
 * The reference is complete: every public export has a description, a version and a category, every member
 * has a description, and the examples compile.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import ts from "typescript"
import { assert, describe, it } from "vitest"
import { root } from "./support.js"

const packages = ["core", "node", "testing"]
const inPackages = (file: string) => file.startsWith(join(root, "packages") + "/")

/** The modules that a user can import, as source files of the packages' `exports`. */
const entries = packages.flatMap((name) => {
  const folder = join(root, "packages", name)
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { exports: object }
  const sources = readdirSync(join(folder, "src")).filter((file) => file.endsWith(".ts"))
  const rooms = Object.entries(exports)
    .filter(([key, target]) => target !== null && existsSync(join(folder, "src", key, "index.ts")))
    .map(([key]) => join(key, "index.ts"))
  return [...sources, ...rooms.filter((file) => !sources.includes(file))].map((file) =>
    join(folder, "src", file)
  )
})

/** The examples of the sources, each as a module. */
const examples = new Map<string, string>()
for (const name of packages) {
  const src = join(root, "packages", name, "src")
  for (const file of readdirSync(src, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue
    const path = join(src, file)
    const text = readFileSync(path, "utf8")
    for (const match of text.matchAll(/\* @example\n(.*?)\*(?: @|\/)/gs)) {
      const code = match[1]!.replace(/^ *\* ?/gm, "")
      const line = text.slice(0, match.index).split("\n").length + 1
      // Put the example into test/, where the packages can be resolved by name.
      examples.set(
        join(root, "test", `example ${relative(root, path).replaceAll("/", " ")} ${line}.ts`),
        code
      )
    }
  }
}

const program = (() => {
  const config = ts.readConfigFile(join(root, "tsconfig.reference.json"), ts.sys.readFile).config as object
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = (file) => examples.has(file) || fileExists(file)
  host.readFile = (file) => examples.get(file) ?? readFile(file)
  host.getSourceFile = (file, version, ...rest) =>
    examples.has(file)
      ? ts.createSourceFile(file, examples.get(file)!, version)
      : getSourceFile(file, version, ...rest)
  return ts.createProgram([...entries, ...examples.keys()], { ...options, noUnusedLocals: false }, host)
})()
const checker = program.getTypeChecker()

const docOf = (symbol: ts.Symbol) => ts.displayPartsToString(symbol.getDocumentationComment(checker))
const textOf = (name: ts.Node) => {
  const symbol = checker.getSymbolAtLocation(name)
  return symbol === undefined ? "" : docOf(symbol)
}
const tagsOf = (symbol: ts.Symbol) => symbol.getJsDocTags(checker).map((tag) => tag.name)

type Member =
  | ts.PropertySignature
  | ts.MethodSignature
  | ts.PropertyDeclaration
  | ts.MethodDeclaration
  | ts.GetAccessorDeclaration
  | ts.PropertyAssignment

const isHidden = (node: Member): boolean =>
  (ts.getCombinedModifierFlags(node as ts.Declaration) &
    (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !==
  0

/**
 * Returns the public members of a declaration: members of interfaces, literal types and classes, and fields
 * of schemas.
 */
const membersOf = (declaration: ts.Declaration): ReadonlyArray<Member> => {
  const found: Array<Member> = []
  const look = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) || ts.isMethodSignature(node)) found.push(node)
    ts.forEachChild(node, look)
  }
  const fields = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node)) found.push(node)
    else ts.forEachChild(node, fields)
  }
  if (ts.isInterfaceDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration)) look(declaration)
  else if (ts.isClassDeclaration(declaration)) {
    for (const member of declaration.members) {
      if (ts.isPropertyDeclaration(member) || ts.isMethodDeclaration(member) || ts.isGetAccessor(member)) {
        if (!isHidden(member) && !ts.isPrivateIdentifier(member.name)) found.push(member)
      }
    }
    for (const clause of declaration.heritageClauses ?? []) {
      if (/\bTaggedError/.test(clause.getText())) fields(clause)
      else look(clause)
    }
  } else if (
    ts.isVariableDeclaration(declaration) &&
    /^Schema\.Struct\(/.test(declaration.initializer?.getText() ?? "")
  ) {
    fields(declaration.initializer!)
  }
  return found
}

// Members that every error, tagged value or stream has.
const known = new Set(["_tag", "message", "_read", "_write", "_writev", "_final", "_destroy"])

interface Lack {
  readonly symbol: string
  readonly lacks: string
}

const lacksOf = (name: string, exported: ts.Symbol): ReadonlyArray<Lack> => {
  const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0
  const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported
  const declarations = symbol.declarations?.filter((one) => inPackages(one.getSourceFile().fileName)) ?? []
  if (declarations.length === 0 || declarations.some((one) => ts.isSourceFile(one))) return []
  const lacks: Array<Lack> = []
  const doc = docOf(exported) || docOf(symbol)
  if (doc === "") lacks.push({ symbol: name, lacks: "text" })
  const tags = [...tagsOf(exported), ...tagsOf(symbol)]
  for (const tag of ["since", "category"])
    if (!tags.includes(tag)) lacks.push({ symbol: name, lacks: `@${tag}` })
  for (const declaration of declarations) {
    for (const member of membersOf(declaration)) {
      const own = member.name.getText()
      if (known.has(own) || textOf(member.name) !== "") continue
      // The text of the parent may describe a member by its name.
      const around = [doc]
      for (let node: ts.Node = member.parent; node !== declaration; node = node.parent) {
        const named = ts.getNameOfDeclaration(node as ts.Declaration)
        if (named !== undefined) around.push(textOf(named))
      }
      if (!around.some((text) => text.includes(`\`${own}\``)))
        lacks.push({ symbol: `${name}.${own}`, lacks: "text" })
    }
  }
  return lacks
}

const settled = (symbol: ts.Symbol): ts.Symbol =>
  (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)

/**
 * Returns the names of types in the public part of a declaration, which excludes bodies, initializers and
 * hidden members.
 */
const typesIn = (declaration: ts.Declaration): ReadonlyArray<ts.Identifier> => {
  const found: Array<ts.Identifier> = []
  const look = (node: ts.Node): void => {
    // Inherited members are documented at their origin.
    if (ts.isBlock(node) || ts.isHeritageClause(node)) return
    if (
      ts.isClassElement(node) &&
      (isHidden(node as Member) || node.name?.getText().startsWith("_") === true)
    )
      return
    if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName)) found.push(node.typeName)
    ts.forEachChild(node, (child) => {
      const isBody = ts.isArrowFunction(node) && child === node.body && !ts.isArrowFunction(child)
      if (!isBody) look(child)
    })
  }
  look(declaration)
  return found
}

describe("the reference", () => {
  it("every public export and member is documented", () => {
    const lacks: Array<string> = []
    const seen = new Set<ts.Symbol>()
    for (const entry of entries) {
      const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)
      for (const exported of module === undefined ? [] : checker.getExportsOfModule(module)) {
        if (seen.has(exported)) continue
        seen.add(exported)
        const name = `${relative(join(root, "packages"), entry)}: ${exported.name}`
        for (const { lacks: what, symbol } of lacksOf(name, exported)) lacks.push(`${symbol} has no ${what}`)
      }
    }
    assert.deepStrictEqual(lacks, [])
    assert.isAbove(seen.size, 550)
  })

  it("types in public declarations are public", () => {
    const exports = entries.flatMap((entry) => {
      const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)
      return module === undefined
        ? []
        : checker.getExportsOfModule(module).map((symbol) => ({ entry, symbol: settled(symbol) }))
    })
    const isPublic = new Set(exports.map(({ symbol }) => symbol))
    const hidden = new Set<string>()
    for (const { entry, symbol } of exports) {
      for (const declaration of symbol.declarations ?? []) {
        if (!inPackages(declaration.getSourceFile().fileName) || ts.isSourceFile(declaration)) continue
        for (const name of typesIn(declaration)) {
          const meant = settled(checker.getSymbolAtLocation(name)!)
          const isOurs = meant.declarations?.some(
            (one) => inPackages(one.getSourceFile().fileName) && !ts.isTypeParameterDeclaration(one)
          )
          if (isOurs && !isPublic.has(meant))
            hidden.add(
              `${relative(join(root, "packages"), entry)}: ${symbol.name} speaks of ${name.getText()}`
            )
        }
      }
    }
    assert.deepStrictEqual([...hidden], [])
  })

  it("every module has a description", () => {
    const silent = entries.filter(
      (entry) => !/^\/\*\*\n \* [^@\n].*?^ \* @since \d/ms.test(readFileSync(entry, "utf8").split("*/")[0]!)
    )
    assert.deepStrictEqual(
      silent.map((entry) => relative(root, entry)),
      []
    )
  })

  it("every module is in the generated reference", () => {
    const config = JSON.parse(readFileSync(join(root, "typedoc.json"), "utf8")) as {
      entryPoints: Array<string>
    }
    const generated = config.entryPoints.flatMap((entry) => {
      const file = join(root, entry)
      const parts = readFileSync(file, "utf8").matchAll(/^export \* as \w+ from "\.\/(\w+)\.js"/gm)
      return [file, ...Array.from(parts, ([, name]) => join(dirname(file), `${name}.ts`))]
    })
    // register.ts has no exports.
    const importable = entries.filter((file) => !file.endsWith("/register.ts"))
    assert.sameMembers(generated, importable)
  })

  it("every example is a program that compiles", () => {
    const problems = [...examples.keys()].flatMap((file) => {
      const source = program.getSourceFile(file)!
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ messageText }) =>
          `${relative(dirname(file), file)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`
      )
    })
    assert.deepStrictEqual(problems, [])
    assert.isAbove(examples.size, 10)
  })
})
