/**
 * One established connection with callbacks. Networks create transports, and the Effect API and the callback
 * API use them.
 *
 * A transport moves bytes and reports events, and never parses, reconnects or reads a clock. Its methods
 * never throw, because a failure is reported once, through `error`. Then `close` follows.
 *
 * @since 0.1.0
 */
export { formatAddress, tcp, unix, type Address, type TcpAddress, type UnixAddress } from "./model/address.js"
export { fault, type Fault } from "./model/fault.js"
export type { Certificate, TlsFacts } from "./model/tls.js"
export * from "./seams/transport.js"
export * from "./seams/forwardingTransport.js"
export * from "./seams/prefixedTransport.js"
