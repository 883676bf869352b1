/**
 * Reads and writes one connection with effects. A read pulls bytes, and a write waits while the peer applies
 * backpressure. Sockets serve connections that were handed over (upgrade, CONNECT), raw peers in tests, and
 * custom protocols.
 *
 * A socket reads ahead, because only reading notices FIN and RST. Above a limit of unread bytes, the socket
 * applies backpressure. A socket never parses. Every wait ends with a value, a typed error or interruption.
 *
 * @since 0.1.0
 */

export * from "./internal/socket.js"
