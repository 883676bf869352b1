/**
 * Callbacks that copy the current members of our modules to the export bindings of our ES modules. As with
 * Node's built-in modules, an assignment to a member does not change these bindings by itself. `register`
 * therefore makes `module.syncBuiltinESMExports` call the callbacks.
 */
export const facades = new Set<() => void>()
