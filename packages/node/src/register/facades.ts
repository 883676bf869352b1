/**
 * Callbacks that update the bindings of our ES modules, which hold their members in bindings of their own, as
 * Node's do. `register` calls them with `module.syncBuiltinESMExports`.
 */
export const facades = new Set<() => void>()
