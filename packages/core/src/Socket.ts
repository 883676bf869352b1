/**
 * Reads and writes one connection with effects: a read pulls bytes, a write waits while the peer applies
 * backpressure. For connections that were handed over (upgrade, CONNECT), for raw peers in tests, and for
 * custom protocols.
 *
 * Reads ahead to notice FIN and RST, up to a limit at which it applies backpressure. Never parses. Every wait
 * ends with a value, a typed error or interruption.
 *
 * @since 0.1.0
 */

export * from "./internal/socket.js"
