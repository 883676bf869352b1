// Module hooks for a process that cannot load Effect. The hooks also load TypeScript sources, by removing the
// types.
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { refuse } from "./refuse.mjs"

// `require` is faster here, because `import` would scan the whole compiler for exported names.
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

// The changes that plant bugs. Each has a file of the sources, a text that occurs once in it, and the
// replacement.
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
