/**
 * Platform's `FileSystem`, with the files of this machine.
 * The exports are those of `NodeFileSystem` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodeFileSystem"
