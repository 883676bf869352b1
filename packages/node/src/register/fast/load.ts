/**
 * Puts a function before `Module._load`, through which `require` asks for every module: Node has no other
 * place for modules of its own where `registerHooks` does not see them. Hooks of other tools lean on it too.
 */
import { Module } from "node:module"

export type Load = (
  this: unknown,
  request: string,
  parent?: { filename?: string | null } | null,
  ...rest: unknown[]
) => unknown

/**
 * `around` makes the function that is called from now on, of the one that was called before. `false`: there
 * is none; then `registerHooks` sees what `require` asks for.
 */
export const wrapLoad = (around: (load: Load) => Load): boolean => {
  const loaders = Module as unknown as { _load?: Load }
  if (typeof loaders._load !== "function") return false
  loaders._load = around(loaders._load)
  return true
}
