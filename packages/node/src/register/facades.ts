/**
 * Callbacks that copy the current members of our modules to the export bindings of our ES modules. As with
 * Node's built-in modules, these bindings do not follow an assignment to a member. `register` therefore makes
 * `module.syncBuiltinESMExports` call the callbacks.
 */
export const facades = new Set<() => void>()
