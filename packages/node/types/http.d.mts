/**
 * `@httpfx/node/http` for `import`: the types of `node:http`, which `@types/node` has.
 *
 * @since 0.1.0
 */
export * from "node:http"
export { default } from "node:http"
