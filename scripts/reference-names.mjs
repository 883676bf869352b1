// A plugin of TypeDoc (typedoc.json): modules are called in the reference as they are imported, not after their files.
import { Converter, ReflectionKind } from "typedoc"

export const load = (app) => {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const module of context.project.getReflectionsByKind(ReflectionKind.Module)) {
      // core/src, core/src/wire, testing/src/vitest
      const [name, , ...entry] = module.name.split("/")
      module.name = ["@httpfx", name, ...entry].join("/")
    }
  })
}
