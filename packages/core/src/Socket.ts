/**
 * One connection as effects: reads pull, writes wait. For connections that were taken over (upgrade,
 * CONNECT), for raw peers in tests, and for custom protocols.
 *
 * Reads ahead a bounded amount to notice FIN and RST, and applies backpressure beyond it. Never parses. Every
 * wait ends with a value, a typed error or interruption.
 *
 * @since 0.1.0
 */

export * from "./internal/socket.js"
