/**
 * Platform's `CommandExecutor`: runs other programs.
 * The exports are those of `NodeCommandExecutor` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodeCommandExecutor"
