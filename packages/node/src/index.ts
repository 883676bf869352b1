/**
 * The modules of `@httpfx/node`.
 *
 * - `NodeCluster`: one server in several processes
 * - `NodeHealth`: liveness and readiness on a port of their own
 * - `NodeCompression`: compressed responses
 * - `NodeContext`: files, paths, commands, the terminal
 * - `NodeDecompression`: decompressed responses
 * - `NodeHttpClient`: clients on this machine's sockets
 * - `NodeHttpServer`: servers on this machine's sockets
 * - `NodeHttpPlatform`: files as responses
 * - `NodeNetwork`: TCP, TLS and Unix sockets as a `Network`
 * - `NodeStaticFiles`: the files of a folder
 * - `NodeWebSocket`: WebSocket framing for servers, by `ws`
 * - `NodeDuplex`: transports from and to `stream.Duplex`
 *
 * @since 0.1.0
 */
export * as NodeHealth from "./NodeHealth.js"
export * as NodeCluster from "./NodeCluster.js"
export * as NodeCompression from "./NodeCompression.js"
export * as NodeContext from "./NodeContext.js"
export * as NodeDecompression from "./NodeDecompression.js"
export * as NodeDuplex from "./NodeDuplex.js"
export * as NodeHttpClient from "./NodeHttpClient.js"
export * as NodeHttpServer from "./NodeHttpServer.js"
export * as NodeHttpPlatform from "./NodeHttpPlatform.js"
export * as NodeNetwork from "./NodeNetwork.js"
export * as NodeStaticFiles from "./NodeStaticFiles.js"
export * as NodeWebSocket from "./NodeWebSocket.js"
