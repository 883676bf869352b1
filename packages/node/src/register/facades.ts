/**
 * The modules for `import` hold their members in bindings of their own, as Node's do. Each adds here how its
 * bindings are brought up to date; `register` calls them with `module.syncBuiltinESMExports`.
 */
export const facades = new Set<() => void>()
