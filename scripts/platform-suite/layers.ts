/**
 * Stands where the tests import `@effect/platform-node`: what is of HTTP is ours, the rest (sockets, workers,
 * the runtime) theirs.
 */
export * from "@effect/platform-node"
export { NodeHttpClient, NodeHttpServer } from "@httpfx/node"
