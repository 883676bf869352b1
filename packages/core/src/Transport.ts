/**
 * One established connection with callbacks. Networks create it, and both drivers use it.
 *
 * Moves bytes and reports events. Never parses, reconnects or reads a clock. Its methods never throw: a
 * failure is reported once, through `error`, and `close` follows.
 *
 * @since 0.1.0
 */
export { formatAddress, tcp, unix, type Address, type TcpAddress, type UnixAddress } from "./model/address.js"
export { fault, type Fault } from "./model/fault.js"
export type { Certificate, TlsFacts } from "./model/tls.js"
export * from "./seams/transport.js"
