/**
 * Wraps `Module._load`, through which `require` loads every module. In versions of Node without
 * `registerHooks`, this is the only way to redirect `require`. Other tools may have wrapped `Module._load`
 * before, so the wrapper gets the current function.
 */
import { Module } from "node:module"

export type Load = (
  this: unknown,
  request: string,
  parent?: { filename?: string | null } | null,
  ...rest: unknown[]
) => unknown

/**
 * Replaces `Module._load` with the function that `around` returns for the previous `_load`. Returns `false`
 * if `_load` does not exist; in that case `registerHooks` redirects `require`.
 */
export const wrapLoad = (around: (load: Load) => Load): boolean => {
  const loaders = Module as unknown as { _load?: Load }
  if (typeof loaders._load !== "function") return false
  loaders._load = around(loaders._load)
  return true
}
