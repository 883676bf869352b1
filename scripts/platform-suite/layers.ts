/**
 * Replaces `@effect/platform-node` in the tests: HTTP is ours, the rest (sockets, workers, the runtime)
 * theirs.
 */
export * from "@effect/platform-node"
export { NodeHttpClient, NodeHttpServer } from "@httpfx/node"
