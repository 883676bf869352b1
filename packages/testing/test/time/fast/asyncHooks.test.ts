// The hooks of `node:async_hooks` are loaded without an import of the module.
import * as asyncHooks from "node:async_hooks"
import { expect, it } from "vitest"
import { builtin, hooks } from "../../../src/time/fast/asyncHooks.js"

// `process.getBuiltinModule` exists since Node.js 20.16 and 22.3.
it.runIf("getBuiltinModule" in process)("are those of node:async_hooks", () => {
  expect(hooks?.createHook).toBe(asyncHooks.createHook)
  expect(hooks?.AsyncLocalStorage).toBe(asyncHooks.AsyncLocalStorage)
  expect(builtin("no_such_module")).toBeUndefined()
})
