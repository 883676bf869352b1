// A plugin of TypeDoc (typedoc.json). Names modules in the reference by their import path, and shows the
// header of their file, which TypeDoc would take for a comment on the first statement.
import { Comment, Converter, ReflectionKind } from "typedoc"
import ts from "typescript"

/** Returns the text of a file's header, without comment marks and tags. */
const headerOf = (file) => {
  const header = /^\/\*\*(.*?)\*\//s.exec(file.text)?.[1] ?? ""
  return header
    .replace(/^ *\* ?/gm, "")
    .replace(/^@.*/ms, "")
    .trim()
}

const fileOf = (symbol, checker) => {
  if (symbol === undefined) return undefined
  const module = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return module.declarations?.find((declaration) => ts.isSourceFile(declaration))
}

export const load = (app) => {
  const headers = new Map()
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, module) => {
    if (!module.kindOf(ReflectionKind.Module | ReflectionKind.Namespace)) return
    const file = fileOf(context.getSymbolFromReflection(module), context.checker)
    if (file !== undefined) headers.set(module, headerOf(file))
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, () => {
    for (const [module, text] of headers) {
      if (text === "") app.logger.warn(`the file of ${module.getFullName()} has no header`)
      module.comment = new Comment([{ kind: "text", text }])
      if (!module.kindOf(ReflectionKind.Module)) continue
      // Names of modules in TypeDoc look like core/src, core/src/wire and testing/src/vitest.
      const [name, , ...entry] = module.name.split("/")
      module.name = ["@httpfx", name, ...entry].join("/")
    }
  })
}
