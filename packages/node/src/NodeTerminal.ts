/**
 * Platform's `Terminal`: the terminal in which the program runs.
 * The exports are those of `NodeTerminal` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodeTerminal"
