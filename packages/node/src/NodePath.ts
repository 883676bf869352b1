/**
 * Platform's `Path`, with the rules of this system, of POSIX or of Windows.
 * The exports are those of `NodePath` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodePath"
