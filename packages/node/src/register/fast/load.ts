/**
 * Wraps `Module._load`, through which `require` loads every module. In versions of Node without
 * `registerHooks`, only this wrapper can redirect `require`. Other tools may have wrapped `Module._load`
 * before, so the wrapper must call the function that it replaces.
 */
import { Module } from "node:module"

export type Load = (
  this: unknown,
  request: string,
  parent?: { filename?: string | null } | null,
  ...rest: unknown[]
) => unknown

/**
 * Calls `around` with the current `Module._load`, and replaces `_load` with the result of `around`. Returns
 * `false` if `_load` does not exist; `registerHooks` then redirects `require`.
 */
export const wrapLoad = (around: (load: Load) => Load): boolean => {
  const loaders = Module as unknown as { _load?: Load }
  if (typeof loaders._load !== "function") return false
  loaders._load = around(loaders._load)
  return true
}
