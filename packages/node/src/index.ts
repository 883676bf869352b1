/**
 * The parts of `@httpfx/node`.
 *
 * - `NodeHttpClient`: clients on this machine's sockets
 * - `NodeHttpServer`: servers on this machine's sockets
 * - `NodeNetwork`: TCP, TLS and Unix sockets as a `Network`
 * - `NodeDuplex`: transports from and to `stream.Duplex`
 *
 * @since 0.1.0
 */
export * as NodeDuplex from "./NodeDuplex.js"
export * as NodeHttpClient from "./NodeHttpClient.js"
export * as NodeHttpServer from "./NodeHttpServer.js"
export * as NodeNetwork from "./NodeNetwork.js"
