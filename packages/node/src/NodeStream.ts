/**
 * Streams from readable streams of Node.js, and back.
 * The exports are those of `NodeStream` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodeStream"
