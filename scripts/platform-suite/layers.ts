/**
 * Replaces `@effect/platform-node` in the tests: exports everything of `@httpfx/node`, and two modules that
 * are not in its index.
 */
export * from "@httpfx/node"
export * as NodeClusterSocket from "@httpfx/node/NodeClusterSocket"
export * as NodeSocketServer from "@httpfx/node/NodeSocketServer"
