/**
 * Platform's `KeyValueStore`, with a file per key.
 * The exports are those of `NodeKeyValueStore` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodeKeyValueStore"
