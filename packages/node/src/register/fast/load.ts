/**
 * Wraps `Module._load`, through which `require` loads every module. In versions of Node without
 * `registerHooks`, only this wrapper can redirect `require`. Other tools may have wrapped `Module._load`
 * before, so the wrapper must call the function that it replaces.
 */
import { Module, createRequire } from "node:module"

export type Load = (
  this: unknown,
  request: string,
  parent?: { filename?: string | null } | null,
  ...rest: unknown[]
) => unknown

/** Returns whether `require` loads modules through the member `_load`, as Node does. */
const isAsked = (loaders: { _load?: Load }, load: Load): boolean => {
  let asked = false
  loaders._load = function (...args) {
    asked = true
    return Reflect.apply(load, this, args)
  }
  createRequire(import.meta.url)("node:module")
  loaders._load = load
  return asked
}

/**
 * Calls `around` with the current `Module._load`, and replaces `_load` with the result of `around`. Returns
 * `false` and changes nothing if `require` does not use `_load`; `registerHooks` then redirects `require`.
 */
export const wrapLoad = (around: (load: Load) => Load): boolean => {
  const loaders = Module as unknown as { _load?: Load }
  const { _load: load } = loaders
  if (typeof load !== "function" || !isAsked(loaders, load)) return false
  loaders._load = around(load)
  return true
}
