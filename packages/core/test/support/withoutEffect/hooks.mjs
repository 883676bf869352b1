// Module hooks of a process without Effect: no module of Effect resolves, and TypeScript is loaded from its
// sources by removing types.
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { refuse } from "./refuse.mjs"

// `import` would scan the whole compiler for exported names.
const ts = createRequire(import.meta.url)("typescript")

const sources = new URL("../../../src/", import.meta.url)

const options = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  inlineSourceMap: true
}

export const resolve = (specifier, context, next) => {
  refuse(specifier, context.parentURL)
  const room = /^@httpfx\/core\/(wire|pool)$/.exec(specifier)?.[1]
  if (room !== undefined)
    return { url: new URL(`${room}/index.ts`, sources).href, format: "module", shortCircuit: true }
  if (/^\.{1,2}\/.*\.js$/.test(specifier)) {
    const source = new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL)
    if (existsSync(source)) return { url: source.href, format: "module", shortCircuit: true }
  }
  return next(specifier, context)
}

// Bugs that an exploration must find: `file` (in the sources), the text to find (once), and its replacement.
const planted = JSON.parse(process.env.HTTPFX_PLANTED ?? "[]")

const sourceOf = (url) =>
  planted
    .filter(({ file }) => url === new URL(file, sources).href)
    .reduce(
      (text, { file, find, replace }) => {
        const places = text.split(find).length - 1
        if (places !== 1) throw new Error(`a planted bug has ${places} places in ${file}`)
        return text.replace(find, () => replace)
      },
      readFileSync(new URL(url), "utf8")
    )

export const load = (url, context, next) => {
  if (!url.endsWith(".ts")) return next(url, context)
  const text = sourceOf(url)
  const { outputText } = ts.transpileModule(text, { compilerOptions: options, fileName: url })
  return { format: "module", source: outputText, shortCircuit: true }
}
