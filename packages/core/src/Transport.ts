/**
 * The callback face of one established connection: what both drivers run on and what a network yields.
 *
 * A transport moves bytes and tells what happened to them. It never parses, never reconnects, keeps no clock,
 * and never throws from a method: what goes wrong arrives once, through `error`, followed by `close`.
 *
 * @since 0.1.0
 */
export { formatAddress, tcp, unix, type Address, type TcpAddress, type UnixAddress } from "./model/address.js"
export { fault, type Fault } from "./model/fault.js"
export type { Certificate, TlsFacts } from "./model/tls.js"
export * from "./seams/transport.js"
