/**
 * Parses forms from a readable stream of Node.js.
 * The exports are those of `NodeMultipart` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodeMultipart"
