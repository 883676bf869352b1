/**
 * Callbacks that copy the current members of our modules to the bindings of our ES modules. As with Node's
 * built-in modules, an assignment to a member does not change these bindings by itself. `register` therefore
 * calls the callbacks from `module.syncBuiltinESMExports`.
 */
export const facades = new Set<() => void>()
