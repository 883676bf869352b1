/**
 * Platform's `SocketServer`, over TCP, Unix sockets and WebSockets.
 * The exports are those of `NodeSocketServer` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodeSocketServer"
