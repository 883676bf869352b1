/**
 * `@httpfx/node/https` for `import`: the types of `node:https`, which `@types/node` has.
 *
 * @since 0.1.0
 */
export * from "node:https"
export { default } from "node:https"
