/**
 * The modules of `@httpfx/node`.
 *
 * - `NodeCluster`: one server in several processes
 * - `NodeCompression`: compressed responses
 * - `NodeDecompression`: decompressed responses
 * - `NodeDuplex`: transports from and to `stream.Duplex`
 * - `NodeHealth`: liveness and readiness checks on a separate port
 * - `NodeHttpClient`: clients on this machine's sockets
 * - `NodeHttpPlatform`: files as responses
 * - `NodeHttpServer`: servers on this machine's sockets
 * - `NodeNetwork`: TCP, TLS and Unix sockets as a `Network`
 * - `NodeStaticFiles`: the files of a folder
 * - `NodeWebSocket`: WebSocket framing for servers, by `ws`
 *
 * Platform's services on Node.js, under the names of `@effect/platform-node`:
 *
 * - `NodeCommandExecutor`, `NodeFileSystem`, `NodePath`, `NodeTerminal`, and all of them: `NodeContext`
 * - `NodeKeyValueStore`: a file per key
 * - `NodeMultipart`, `NodeSink`, `NodeStream`: streams of Node.js
 * - `NodeRuntime`: runs the main effect of a program
 * - `NodeSocket`: TCP, Unix sockets and WebSockets as a `Socket`
 * - `NodeWorker`, `NodeWorkerRunner`: threads and child processes, from outside and inside
 *
 * @since 0.1.0
 */
export * as NodeCluster from "./NodeCluster.js"
export * as NodeCommandExecutor from "./NodeCommandExecutor.js"
export * as NodeCompression from "./NodeCompression.js"
export * as NodeContext from "./NodeContext.js"
export * as NodeDecompression from "./NodeDecompression.js"
export * as NodeDuplex from "./NodeDuplex.js"
export * as NodeFileSystem from "./NodeFileSystem.js"
export * as NodeHealth from "./NodeHealth.js"
export * as NodeHttpClient from "./NodeHttpClient.js"
export * as NodeHttpPlatform from "./NodeHttpPlatform.js"
export * as NodeHttpServer from "./NodeHttpServer.js"
export * as NodeKeyValueStore from "./NodeKeyValueStore.js"
export * as NodeMultipart from "./NodeMultipart.js"
export * as NodeNetwork from "./NodeNetwork.js"
export * as NodePath from "./NodePath.js"
export * as NodeRuntime from "./NodeRuntime.js"
export * as NodeSink from "./NodeSink.js"
export * as NodeSocket from "./NodeSocket.js"
export * as NodeStaticFiles from "./NodeStaticFiles.js"
export * as NodeStream from "./NodeStream.js"
export * as NodeTerminal from "./NodeTerminal.js"
export * as NodeWebSocket from "./NodeWebSocket.js"
export * as NodeWorker from "./NodeWorker.js"
export * as NodeWorkerRunner from "./NodeWorkerRunner.js"
