/**
 * Runs the main effect of a program, and interrupts it on SIGINT and SIGTERM.
 * The exports are those of `NodeRuntime` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodeRuntime"
