/**
 * One established connection, with callbacks: created by networks, used by both drivers.
 *
 * Moves bytes and reports events. Never parses, reconnects or reads a clock, and never throws from a method:
 * a failure is reported once, through `error`, followed by `close`.
 *
 * @since 0.1.0
 */
export { formatAddress, tcp, unix, type Address, type TcpAddress, type UnixAddress } from "./model/address.js"
export { fault, type Fault } from "./model/fault.js"
export type { Certificate, TlsFacts } from "./model/tls.js"
export * from "./seams/transport.js"
