/**
 * The events and state of a server-side `TLSSocket` without a `tls.Server`: handshake result, unreadable
 * records, and OpenSSL's verdict on the client certificate. `tls.Server` uses the same.
 */
import type { TLSSocket } from "node:tls"

/** Emitted when the handshake is complete. */
export const secured = "secure"

/** Emitted when a handshake fails, records cannot be read, or the client renegotiates too often. */
export const failed = "_tlsError"

interface WithSession {
  readonly ssl?: { readonly verifyError?: () => unknown } | null
}

/** As `authorizationError` of a client socket. `undefined`: verified or unknown. */
export const verifyErrorOf = (socket: TLSSocket): unknown =>
  (socket as unknown as WithSession).ssl?.verifyError?.()
