// `node --import register.mjs FILE.ts` runs TypeScript in a process that cannot load Effect, neither by
// `import` nor by `require`.
import Module, { register } from "node:module"
import { refuse } from "./refuse.mjs"

register("./hooks.mjs", import.meta.url)

const { _resolveFilename } = Module
Module._resolveFilename = function (request, parent, ...rest) {
  refuse(request, parent?.filename)
  return Reflect.apply(_resolveFilename, this, [request, parent, ...rest])
}
