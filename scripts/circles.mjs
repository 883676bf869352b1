// Finds circular imports in packages/*/src, including imports of types: node scripts/circles.mjs
//
// Prints each circle, and exits with 1 if it has found one.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

/** Returns the import graph: each file, and the files that it imports. */
export const importsOf = (sources) => {
  const graph = new Map()
  for (const [file, text] of sources) {
    // TypeScript's scanner ignores `export * as`.
    const plain = text.replace(/^export (?:type )?\* as \w+ from/gm, "export * from")
    const { importedFiles } = ts.preProcessFile(plain, true, true)
    const targets = importedFiles
      .filter(({ fileName }) => fileName.startsWith("."))
      .map(({ fileName }) => resolve(dirname(file), fileName.replace(/\.js$/, ".ts")))
    graph.set(file, new Set(targets.filter((target) => sources.has(target))))
  }
  return graph
}

/**
 * Returns the groups of two or more files that import each other, directly or indirectly (Tarjan's strongly
 * connected components).
 */
export const circles = (graph) => {
  const found = []
  const index = new Map()
  const low = new Map()
  const stack = []
  const visit = (file) => {
    index.set(file, index.size)
    low.set(file, index.get(file))
    stack.push(file)
    for (const target of graph.get(file)) {
      if (!index.has(target)) visit(target)
      if (stack.includes(target)) low.set(file, Math.min(low.get(file), low.get(target)))
    }
    if (low.get(file) !== index.get(file)) return
    const members = stack.splice(stack.indexOf(file))
    if (members.length > 1) found.push(members.sort())
  }
  for (const file of graph.keys()) if (!index.has(file)) visit(file)
  return found
}

const root = fileURLToPath(new URL("..", import.meta.url))
const read = () => {
  const files = ["core", "node", "testing"].flatMap((name) => {
    const src = join(root, "packages", name, "src")
    return readdirSync(src, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(src, file))
  })
  return new Map(files.map((file) => [file, readFileSync(file, "utf8")]))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const graph = importsOf(read())
  const found = circles(graph)
  if (found.length > 0) {
    for (const members of found) {
      console.error("a circle of imports:")
      for (const file of members) {
        const targets = [...graph.get(file)].filter((target) => members.includes(target))
        console.error(
          `  ${relative(root, file)} -> ${targets.map((target) => relative(root, target)).join(", ")}`
        )
      }
    }
    process.exitCode = 1
  }
}
