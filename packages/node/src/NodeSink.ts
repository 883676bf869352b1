/**
 * Sinks from writable streams of Node.js.
 * The exports are those of `NodeSink` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodeSink"
