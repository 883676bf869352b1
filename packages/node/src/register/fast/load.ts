/**
 * Wraps `Module._load`, by which `require` loads every module: without `registerHooks`, Node has no other
 * hook for it. Hooks of other tools use it too.
 */
import { Module } from "node:module"

export type Load = (
  this: unknown,
  request: string,
  parent?: { filename?: string | null } | null,
  ...rest: unknown[]
) => unknown

/**
 * `around` returns the new function, given the previous one. Returns `false` if `_load` does not exist; then
 * `registerHooks` handles `require`.
 */
export const wrapLoad = (around: (load: Load) => Load): boolean => {
  const loaders = Module as unknown as { _load?: Load }
  if (typeof loaders._load !== "function") return false
  loaders._load = around(loaders._load)
  return true
}
