/**
 * One established connection with callbacks. Networks create transports, and both APIs use transports.
 *
 * A transport moves bytes and reports events, and never parses, reconnects or reads a clock. Its methods
 * never throw, because failures are reported through the callback `error`, at most once. The callback `close`
 * follows.
 *
 * @since 0.1.0
 */
export { formatAddress, tcp, unix, type Address, type TcpAddress, type UnixAddress } from "./model/address.js"
export { fault, type Fault } from "./model/fault.js"
export type { Certificate, TlsFacts } from "./model/tls.js"
export * from "./seams/transport.js"
