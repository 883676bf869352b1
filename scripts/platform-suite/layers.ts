/**
 * Replaces `@effect/platform-node` in the tests: everything that `@httpfx/node` has, and two modules that it
 * keeps out of its index.
 */
export * from "@httpfx/node"
export * as NodeClusterSocket from "@httpfx/node/NodeClusterSocket"
export * as NodeSocketServer from "@httpfx/node/NodeSocketServer"
