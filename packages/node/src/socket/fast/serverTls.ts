/**
 * A `TLSSocket` in the role of a server, without a `tls.Server`: by which events it tells how its handshake
 * went, and of records that cannot be read; and what OpenSSL thinks of its peer's certificate. `tls.Server`
 * goes by the same.
 */
import type { TLSSocket } from "node:tls"

/** The handshake is done. */
export const secured = "secure"

/** A handshake fails, records cannot be read, or the client renegotiates too often. */
export const failed = "_tlsError"

interface WithSession {
  readonly ssl?: { readonly verifyError?: () => unknown } | null
}

/** As a client's socket has it in `authorizationError`. `undefined`: not known there, or none. */
export const verifyErrorOf = (socket: TLSSocket): unknown =>
  (socket as unknown as WithSession).ssl?.verifyError?.()
