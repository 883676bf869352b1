/**
 * Provides the services of `@effect/platform` for files, paths, commands and the terminal on Node.js. The
 * implementations come from `@effect/platform-node-shared`. For the services of worker threads, use
 * `NodeWorker` of `@effect/platform-node`.
 *
 * @since 0.1.0
 */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import type { Terminal } from "@effect/platform/Terminal"
import * as NodeCommandExecutor from "@effect/platform-node-shared/NodeCommandExecutor"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Layer from "effect/Layer"

/**
 * The services for files, paths, commands and the terminal.
 *
 * @since 0.1.0
 * @category models
 */
export type NodeContext = CommandExecutor | FileSystem | Path | Terminal

/**
 * Provides all services of {@link NodeContext}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<NodeContext> = Layer.mergeAll(
  NodePath.layer,
  NodeCommandExecutor.layer,
  NodeTerminal.layer
).pipe(Layer.provideMerge(NodeFileSystem.layer))
