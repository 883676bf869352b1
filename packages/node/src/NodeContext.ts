/**
 * Provides the services of `@effect/platform` for files, paths, commands, the terminal and workers on
 * Node.js. The implementations come from `@effect/platform-node-shared`, that of workers is `NodeWorker`.
 *
 * @since 0.1.0
 */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import type { Terminal } from "@effect/platform/Terminal"
import type { WorkerManager } from "@effect/platform/Worker"
import * as NodeCommandExecutor from "@effect/platform-node-shared/NodeCommandExecutor"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Layer from "effect/Layer"
import * as NodeWorker from "./NodeWorker.js"

/**
 * The services for files, paths, commands, the terminal and workers.
 *
 * @since 0.1.0
 * @category models
 */
export type NodeContext = CommandExecutor | FileSystem | Path | Terminal | WorkerManager

/**
 * Provides all services of {@link NodeContext}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<NodeContext> = Layer.mergeAll(
  NodePath.layer,
  NodeCommandExecutor.layer,
  NodeTerminal.layer,
  NodeWorker.layerManager
).pipe(Layer.provideMerge(NodeFileSystem.layer))
